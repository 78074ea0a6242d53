import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { fhirVersions, type FhirVersion } from '../fhir/version.js';
import type { EmittedFile } from './emitted-file.js';
import { loadSource } from './load/load-source.js';
import { emitSchema } from './schema/emit-schema.js';
import { emitSearchParameters } from './search/emit-search-parameters.js';
import { emitBindings } from './structure/emit-bindings.js';
import { emitInvariants } from './structure/emit-invariants.js';
import { emitProfiles } from './structure/emit-profiles.js';
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

/** What the definitions of a version give; nothing is written yet, so that a mistake in one version leaves no half. */
const emit = async (version: FhirVersion, types: string[] | undefined): Promise<EmittedFile[]> => {
  const source = await loadSource(version);
  return [
    ...emitSearchParameters(source),
    ...emitStructures(source),
    ...emitTerminology(source),
    ...emitInvariants(source),
    ...emitBindings(source),
    ...emitProfiles(source),
    ...emitSchema(source, types === undefined ? {} : { types }),
  ];
};

const writeAll = async (version: FhirVersion, files: readonly EmittedFile[]): Promise<void> => {
  for (const file of files) {
    const state = (await write(file)) ? 'written' : 'unchanged';
    console.log(`${String(Buffer.byteLength(file.text)).padStart(9)} bytes  ${state.padEnd(9)}  ${file.path}`);
  }
  const emitted = new Set(files.map(({ path }) => path));
  for (const folder of generatedFolders(version)) {
    for (const path of await removeStale(folder, emitted)) console.log(`${''.padStart(15)}  removed    ${path}`);
  }
};

const usage = `npm run codegen -- [--version ${fhirVersions.join('|')}] [--types Patient,Observation,…]`;

const main = async (): Promise<void> => {
  const { values } = parseArgs({ options: { version: { type: 'string' }, types: { type: 'string' } } });
  const versions = fhirVersions.filter((version) => values.version === undefined || values.version === version);
  if (versions.length === 0) throw new Error(`--version is one of ${fhirVersions.join(', ')}`);
  const types = values.types?.split(',').map((type) => type.trim());
  const emitted: [FhirVersion, EmittedFile[]][] = [];
  for (const version of versions) emitted.push([version, await emit(version, types)]);
  for (const [version, files] of emitted) await writeAll(version, files);
};

await main().catch((error: unknown) => {
  console.error(`${error instanceof Error ? error.message : String(error)}\nusage: ${usage}`);
  process.exit(1);
});
