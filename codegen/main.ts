import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { fhirVersions, type FhirVersion } from '../fhir/version.js';
import type { EmittedFile } from './emitted-file.js';
import { loadSource } from './load/load-source.js';
import { emitSchema } from './schema/emit-schema.js';
import { emitSearchParameters } from './search/emit-search-parameters.js';
import { emitStructures } from './structure/emit-structures.js';
import { emitTerminology } from './terminology/emit-terminology.js';

const root = join(import.meta.dirname, '..');

/** The folders that hold nothing but what is generated for a version. */
const generatedFolders = (version: FhirVersion): string[] => [`fhir/generated/${version}`, `schema/${version}`];

const readIfThere = (path: string): Promise<string | undefined> => readFile(path, 'utf8').catch(() => undefined);

const write = async ({ path, text }: EmittedFile): Promise<boolean> => {
  const file = join(root, path);
  if ((await readIfThere(file)) === text) return false;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return true;
};

const removeStale = async (folder: string, emitted: ReadonlySet<string>): Promise<string[]> => {
  const files = await readdir(join(root, folder)).catch(() => []);
  const stale = files.map((file) => `${folder}/${file}`).filter((path) => !emitted.has(path));
  await Promise.all(stale.map((path) => rm(join(root, path), { recursive: true })));
  return stale;
};

const generate = async (version: FhirVersion, types: string[] | undefined): Promise<void> => {
  const source = await loadSource(version);
  const files = [
    ...emitSearchParameters(source),
    ...emitStructures(source),
    ...emitTerminology(source),
    ...emitSchema(source, types === undefined ? {} : { types }),
  ];
  for (const file of files) {
    const state = (await write(file)) ? 'written' : 'unchanged';
    console.log(`${String(Buffer.byteLength(file.text)).padStart(9)} bytes  ${state.padEnd(9)}  ${file.path}`);
  }
  const emitted = new Set(files.map(({ path }) => path));
  for (const folder of generatedFolders(version)) {
    for (const path of await removeStale(folder, emitted)) console.log(`${''.padStart(15)}  removed    ${path}`);
  }
};

const { values } = parseArgs({ options: { version: { type: 'string' }, types: { type: 'string' } } });
const versions = fhirVersions.filter((version) => values.version === undefined || values.version === version);
if (versions.length === 0) throw new Error(`--version is one of ${fhirVersions.join(', ')}`);
for (const version of versions)
  await generate(
    version,
    values.types?.split(',').map((type) => type.trim()),
  );
