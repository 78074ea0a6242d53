// npm run bench:size -- [--sizes 10000,100000,1000000] [--stores FOLDER,FOLDER,FOLDER] [--port 3981] [--times 60] [--only TEXT]
// Fills a store for each size (bench/fill-store.ts), or takes those it is given, starts a server on each, and prints how long requests
// take in each, in turn: milliseconds until they are answered, and of the server's processor time.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { projectFolder } from '../local/project-folder.js';
import { type Cost, costsInTurn, spread } from './in-turn.js';
import { fhirHeaders, send } from './measure.js';
import { families, laboratoryCodes } from './patients.js';
import { identifierOf, resourcesOf } from './people.js';
import { type ServerProcess, startServer } from './server-process.js';

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '10000,100000,1000000' },
    stores: { type: 'string' },
    port: { type: 'string', default: '3981' },
    times: { type: 'string', default: '60' },
    only: { type: 'string', default: '' },
  },
});

interface Page {
  readonly total?: number;
  readonly entry?: readonly unknown[];
  readonly link?: readonly { readonly relation: string; readonly url: string }[];
}

/** A store of some size with a server on it. */
interface Sized {
  readonly server: ServerProcess;
  readonly pool: Pool;
  /** Ids of all its patients, in the order of their seeds. */
  readonly patients: readonly string[];
  /** The seeds of those with many resources. */
  readonly large: readonly number[];
}

const seedOf = ({ large }: Sized, n: number): number => spread(large, n);
const patientOf = (sized: Sized, n: number): string => sized.patients[seedOf(sized, n) - 1] ?? '';
const month = (n: number): string => `2012-0${String(1 + (n % 9))}`;

/** What is asked: `n` changes from one to the next. A number is how often at most. */
const requests: readonly (readonly [string, (sized: Sized, n: number) => string, number?])[] = [
  ['read', (sized, n) => `Patient/${patientOf(sized, n)}`],
  ['`Patient?family&_count=20`', (_, n) => `Patient?family=${spread(families, n)}&_count=20`],
  [
    '`Observation?subject&code&date&_sort`',
    (sized, n) =>
      `Observation?subject=Patient/${patientOf(sized, n)}&code=http://loinc.org|${spread(laboratoryCodes, n)}&date=ge2012-01-01&_sort=-date`,
  ],
  ['`Observation?_sort=-date`', () => 'Observation?_sort=-date&_count=20'],
  ['a token most have: `Observation?status=final`', () => 'Observation?status=final&_count=20'],
  ['a token a tenth has: `Observation?code`', (_, n) => `Observation?code=${spread(laboratoryCodes, n)}&_count=20`],
  [
    'two of them: `Observation?code&status`',
    (_, n) => `Observation?code=${spread(laboratoryCodes, n)}&status=final&_count=20`,
  ],
  ['a token none lacks: `Observation?status:not`', () => 'Observation?status:not=final&_count=20'],
  [
    'a token and a month: `Observation?code&date`',
    (_, n) => `Observation?code=${spread(laboratoryCodes, n)}&date=${month(n)}&_count=20`,
  ],
  [
    'a token, newest first: `Observation?code&_sort`',
    (_, n) => `Observation?code=${spread(laboratoryCodes, n)}&_sort=-date&_count=20`,
  ],
  ['`Patient?family&_sort=birthdate`', (_, n) => `Patient?family=${spread(families, n)}&_sort=birthdate&_count=20`],
  ['`Patient?name:contains`', (_, n) => `Patient?name:contains=${spread(families, n).slice(1, 4)}&_count=20`, 20],
  ['one list, `_total=accurate`', () => 'Observation?status=final&_total=accurate&_count=20'],
  [
    'two conditions, `_total=accurate`',
    (_, n) => `Observation?code=${spread(laboratoryCodes, n)}&status=final&_total=accurate&_count=20`,
    10,
  ],
  [
    'chain through one patient',
    (sized, n) => `Observation?patient.identifier=${identifierOf(seedOf(sized, n))}&_count=20`,
  ],
  [
    'chain through a 25th of the patients: `patient.family`',
    (_, n) => `Observation?patient.family=${spread(families, n)}&code=${spread(laboratoryCodes, n)}&_count=20`,
    5,
  ],
  ['chain through half of them: `patient.gender`', () => 'Observation?patient.gender=male&_count=20', 2],
  [
    "`_has` of a patient's encounter on a day",
    (_, n) => `Patient?_has:Encounter:patient:date=${month(n)}-1${String(n % 8)}&_count=20`,
  ],
  [
    '1,000 with `_include`: their encounters',
    (_, n) => `Observation?code=${spread(laboratoryCodes, n)}&_count=1000&_include=Observation:encounter`,
    10,
  ],
  ['`_revinclude` of a patient', (sized, n) => `Patient?_id=${patientOf(sized, n)}&_revinclude=Observation:subject`],
  ['history of a resource', (sized, n) => `Patient/${patientOf(sized, n)}/_history`],
  ['newest 20 of a resource with 400 versions', (sized) => `Patient/${sized.patients[0] ?? ''}/_history?_count=20`],
  ['history of the type, newest 20', () => 'Observation/_history?_count=20'],
  ['history of the system, newest 20', () => '_history?_count=20'],
];

async function get({ pool, server }: Sized, path: string): Promise<Page> {
  const { status, text } = await send(pool, fhirHeaders(server.token), { method: 'GET', path });
  if (status !== 200) throw new Error(`${path}: ${String(status)} ${text.slice(0, 300)}`);
  return JSON.parse(text) as Page;
}

const costs = (
  all: readonly Sized[],
  times: number,
  pathOf: (sized: Sized, n: number) => string,
): Promise<readonly Cost[]> =>
  costsInTurn(all, times, {
    prepare: pathOf,
    call: get,
    processorTime: ({ server }) => server.processorTime() ?? 0,
  });

/** Follows a search's pages until `depth` matches are behind. @returns the path of the page there; undefined where there are fewer. */
async function pageAtDepth(sized: Sized, depth: number): Promise<string | undefined> {
  let path: string | undefined = '/r4/Observation?_count=1000&_elements=status';
  for (let behind = 0; behind < depth && path !== undefined; behind += 1000) {
    const { link = [] } = await get(sized, path);
    const next = link.find(({ relation }) => relation === 'next');
    path = next === undefined ? undefined : next.url.slice(new URL(next.url).origin.length);
  }
  return path;
}

/** Gives the first patient of a store 400 versions. */
async function makeVersions(sized: Sized): Promise<void> {
  const path = `/r4/Patient/${sized.patients[0] ?? ''}`;
  const { text } = await send(sized.pool, fhirHeaders(sized.server.token), { method: 'GET', path });
  const patient = JSON.parse(text) as { readonly meta: { readonly versionId: string } };
  for (let version = Number(patient.meta.versionId); version < 400; version += 1) {
    const body = JSON.stringify({ ...patient, multipleBirthInteger: version });
    const put = { method: 'PUT' as const, path, body };
    const answer = await send(sized.pool, fhirHeaders(sized.server.token), put);
    if (answer.status !== 200) throw new Error(answer.text.slice(0, 300));
  }
}

const tell = (name: string, all: readonly (Cost | undefined)[]): void => {
  const first = all.find((cost) => cost !== undefined);
  const cells = all.map((cost) => {
    if (cost === undefined || first === undefined) return '–';
    const ratio = (cost.processor / first.processor).toFixed(2);
    return `${String(cost.clock)} / ${cost.processor.toFixed(2)}${cost === first ? '' : ` (${ratio})`}`;
  });
  console.log(`| ${name} | ${cells.join(' | ')} |`);
};

async function startOn(folder: string, port: number): Promise<Sized> {
  const patients = readFileSync(join(folder, 'patients'), 'utf8').trim().split('\n');
  const server = await startServer(projectFolder(), port, { DATA_DIR: folder });
  const large = patients.map((_, place) => place + 1).filter((seed) => resourcesOf(seed) > 50);
  return { server, patients, large, pool: new Pool(server.baseUrl, { connections: 4, pipelining: 1 }) };
}

/** What a server has in memory now. */
const memoryOf = ({ server }: Sized): string =>
  `${String(server.ownMemory())} MiB of its own, ${String(server.memory())} with mapped files`;

async function measure(folders: readonly string[]): Promise<void> {
  const all: Sized[] = [];
  try {
    for (const [place, folder] of folders.entries()) {
      const port = Number(values.port) + place;
      const starts: string[] = [];
      const noteStart = ({ server }: Sized): void => {
        starts.push(`${String(server.startMilliseconds)} / ${String(Math.round(server.processorTime() ?? 0))}`);
      };
      for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
        const started = await startOn(folder, port);
        const { server, pool } = started;
        noteStart(started);
        await pool.close();
        await server.stop(signal);
      }
      const sized = await startOn(folder, port);
      all.push(sized);
      noteStart(sized);
      const { total = 0 } = await get(sized, '/r4?_type=Patient,Encounter,Condition,Observation&_summary=count');
      console.log(
        `${String(total)} resources · starts to the first answer: ${starts.join(', ')} ms, the last one after a kill · ${memoryOf(sized)}`,
      );
    }
    await Promise.all(all.map(makeVersions));
    for (const [name, pathOf, most = Infinity] of requests) {
      if (!name.includes(values.only)) continue;
      const times = Math.min(Number(values.times), most);
      tell(name, await costs(all, times, (sized, n) => `/r4/${encodeURI(pathOf(sized, n))}`));
    }
    for (const depth of values.only === '' ? [0, 5_000, 100_000] : []) {
      const paths = new Map<Sized, string>();
      for (const sized of all) {
        const path = await pageAtDepth(sized, depth);
        if (path !== undefined) paths.set(sized, path);
      }
      const deep = [...paths.keys()];
      const found = await costs(deep, 10, (sized) => paths.get(sized) ?? '');
      tell(
        `a page of 1,000 at depth ${String(depth)}`,
        all.map((sized) => found[deep.indexOf(sized)]),
      );
    }
    for (const sized of all) console.log(`after the requests: ${memoryOf(sized)}`);
  } finally {
    for (const { server, pool } of all) {
      await pool.close();
      await server.stop();
    }
  }
}

async function main(): Promise<void> {
  if (values.stores !== undefined) {
    await measure(values.stores.split(','));
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'bench-size-'));
  try {
    const folders: string[] = [];
    for (const size of values.sizes.split(',')) {
      const before = folders.at(-1);
      const store = join(folder, size);
      folders.push(store);
      if (before !== undefined) cpSync(before, store, { recursive: true });
      const fill = join(projectFolder(), 'bench', 'fill-store.ts');
      execFileSync(process.execPath, ['--import', 'tsx', fill, store, size], { stdio: 'inherit' });
    }
    await measure(folders);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

await main();
