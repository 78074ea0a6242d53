// npm run bench:size -- [--engines] [--sizes 10000,100000,1000000] [--port 3997] [--times 60]
// Grows a store of its own to each size, and prints how long requests take there, one after the other, beside the smallest size.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { projectFolder } from '../local/project-folder.js';
import { startEngines, untilFound } from './engines.js';
import { at, patientOf, type Target } from './loads.js';
import { fhirHeaders, percentile, send } from './measure.js';
import { families, generateBundle, laboratoryCodes } from './patients.js';
import { type ServerProcess, startServer } from './server-process.js';

const { values } = parseArgs({
  options: {
    engines: { type: 'boolean', default: false },
    sizes: { type: 'string', default: '10000,100000,1000000' },
    port: { type: 'string', default: '3997' },
    times: { type: 'string', default: '60' },
  },
});
const sizes = values.sizes.split(',').map(Number);
const entries = 500;

interface Page {
  readonly total?: number;
  readonly entry?: readonly { readonly resource?: { readonly resourceType: string } }[];
  readonly link?: readonly { readonly relation: string; readonly url: string }[];
}

/** Requests whose time may grow with the store: `n` changes from one to the next. */
const requests: readonly (readonly [string, (n: number, patients: readonly string[]) => string])[] = [
  ['read', (n, patients) => `Patient/${at(patients, n)}`],
  [
    'Observation?subject&code&date&_sort',
    (n, patients) =>
      `Observation?subject=Patient/${at(patients, n)}&code=http://loinc.org|${at(laboratoryCodes, n)}&date=ge2012-01-01&_sort=-date&_count=20`,
  ],
  ['Patient?family&_count=20', (n) => `Patient?family=${at(families, n)}&_count=20`],
  ['Observation?_sort=-date&_count=20', () => 'Observation?_sort=-date&_count=20'],
  [
    'Observation?code&date&_count=20',
    (n) => `Observation?code=${at(laboratoryCodes, n)}&date=2015-0${String(1 + (n % 9))}&_count=20`,
  ],
  [
    'chained: Observation?patient.family&code&_count=20',
    (n) => `Observation?patient.family=${at(families, n)}&code=${at(laboratoryCodes, n)}&_count=20`,
  ],
  [
    '_has: Patient?_has:Condition:patient:code&_count=20',
    () => 'Patient?_has:Condition:patient:code=59621000&_count=20',
  ],
  ['_include of 1,000', (n) => `Observation?code=${at(laboratoryCodes, n)}&_count=1000&_include=Observation:encounter`],
  ['history of a resource', (n, patients) => `Patient/${at(patients, n)}/_history`],
  ['history of the type, newest 20', () => 'Observation/_history?_count=20'],
  ['history of the system, newest 20', () => '_history?_count=20'],
];

/** Puts bundles into the store, two at a time, until it has `size` resources. */
async function grow(target: Target, patients: string[], size: number): Promise<void> {
  let seed = patients.length;
  const worker = async (): Promise<void> => {
    while (seed * entries < size) {
      const body = JSON.stringify(generateBundle((seed += 1), entries));
      const answer = await send(target.pool, target.headers, { method: 'POST', path: target.root, body });
      const patient = patientOf(answer);
      if (answer.status !== 200 || patient === undefined) throw new Error(answer.text.slice(0, 300));
      patients.push(patient);
    }
  };
  await Promise.all([worker(), worker()]);
}

const get = async (target: Target, path: string): Promise<Page> => {
  const { status, text } = await send(target.pool, target.headers, { method: 'GET', path });
  if (status !== 200) throw new Error(`${path}: ${String(status)} ${text.slice(0, 300)}`);
  return JSON.parse(text) as Page;
};

/** Median milliseconds of one call after the other; the first ten do not count. */
async function median(times: number, call: (n: number) => Promise<unknown>): Promise<number> {
  const all: number[] = [];
  for (let n = 0; n < times + 10; n += 1) {
    const begun = performance.now();
    await call(n);
    if (n >= 10) all.push(performance.now() - begun);
  }
  return percentile(
    all.sort((a, b) => a - b),
    0.5,
  );
}

/** Follows a search's pages until `depth` matches are behind. @returns the path of the page there; undefined where the search has fewer. */
async function pageAtDepth(target: Target, depth: number): Promise<string | undefined> {
  let path: string | undefined = `${target.root}/Observation?_count=1000&_elements=status`;
  for (let behind = 0; behind < depth && path !== undefined; behind += 1000) {
    const { link = [] } = await get(target, path);
    const next = link.find(({ relation }) => relation === 'next');
    path = next === undefined ? undefined : next.url.slice(new URL(next.url).origin.length);
  }
  return path;
}

/** Resources in the store → request → median milliseconds. */
type Measured = Map<string, Map<number, number>>;

async function measureAt(target: Target, size: number, patients: readonly string[], measured: Measured): Promise<void> {
  const keep = (name: string, milliseconds: number): void => {
    measured.set(name, (measured.get(name) ?? new Map<number, number>()).set(size, milliseconds));
  };
  const times = Number(values.times);
  for (const [name, pathOf] of requests)
    keep(name, await median(times, (n) => get(target, `${target.root}/${encodeURI(pathOf(n, patients))}`)));
  for (const depth of [5_000, 100_000]) {
    const path = await pageAtDepth(target, depth);
    if (path !== undefined)
      keep(`a page of 1,000 at depth ${String(depth)}`, await median(10, () => get(target, path)));
  }
}

const tell = (measured: Measured): void => {
  for (const [name, bySize] of measured) {
    const first = [...bySize.values()][0] ?? 0;
    const figures = [...bySize].map(
      ([size, ms]) => `${size.toLocaleString('en-US')}: ${String(ms)} ms (${(ms / first).toFixed(2)})`,
    );
    console.log(`${name} · ${figures.join(' · ')}`);
  }
};

const targetOf = ({ baseUrl, token }: ServerProcess): Target => ({
  pool: new Pool(baseUrl, { connections: 8, pipelining: 1 }),
  headers: fhirHeaders(token),
  root: '/r4',
  graphqlPath: undefined,
  appSyncPath: undefined,
  seconds: 0,
  concurrency: 1,
});

/** What a server has in memory now. */
const memoryOf = (server: ServerProcess): string =>
  `${String(server.memory())} MiB (${String(server.ownMemory())} without mapped files)`;

/** Does something with a server that is started for it, and stopped whatever comes of it. */
async function withServer(
  environment: Readonly<Record<string, string>>,
  use: (server: ServerProcess, target: Target) => Promise<void>,
): Promise<void> {
  const server = await startServer(projectFolder(), Number(values.port), environment);
  const target = targetOf(server);
  try {
    await use(server, target);
  } finally {
    await target.pool.close();
    await server.stop();
  }
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-size-'));
  const engines = values.engines ? await startEngines() : undefined;
  const environment = { ...engines?.environment, DATA_DIR: folder };
  const patients: string[] = [];
  const measured: Measured = new Map();
  try {
    for (const size of sizes) {
      await withServer(environment, async (server, target) => {
        const begun = performance.now();
        const before = patients.length * entries;
        await grow(target, patients, size);
        const seconds = (performance.now() - begun) / 1000;
        await untilFound(target, '?_type=Patient&_summary=count', patients.length);
        console.log(
          `${size.toLocaleString('en-US')} resources · ${String(Math.round((size - before) / seconds))} a second · memory ${memoryOf(server)}`,
        );
      });
      await withServer(environment, async (server, target) => {
        console.log(`start to first answer: ${String(server.startMilliseconds)} ms`);
        await measureAt(target, size, patients, measured);
        console.log(`memory after the requests: ${memoryOf(server)}`);
      });
      tell(measured);
    }
  } finally {
    await engines?.stop();
    rmSync(folder, { recursive: true });
  }
}

await main();
