import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { text } from 'node:stream/consumers';
import { exportKind } from '../../bulk/export-segment.js';
import { createJobs } from '../../bulk/jobs.js';
import { runJobs } from '../../bulk/run-jobs.js';
import { type JobSpace, workSegment } from '../../bulk/work-segment.js';
import { unavailable } from '../../fhir/outcome.js';
import type { ExportInput } from '../../interactions/jobs/export-input.js';
import type { FhirServer } from '../../interactions/server.js';
import { jobItems } from '../../persistence/job.js';
import { defaultTenant } from '../../persistence/keys.js';
import type { OutputStore } from '../../persistence/output-store.js';
import { createResourceStore } from '../../persistence/store.js';
import type { Table } from '../../persistence/table.js';
import { nextVersion } from '../../persistence/version.js';
import { memoryOutput } from '../support/memory-output.js';
import { memoryTable } from '../support/memory-table.js';
import { callerOf, startTestServer, type TestServer } from '../support/server.js';

// Workers are killed, engines do not answer: nothing is lost, nothing is there twice.

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const types = ['Observation', 'Organization', 'Patient'];
const expected = types.flatMap((type) => Array.from({ length: 7 }, (_, at) => `${type}/${String(at)}`));

interface Scene {
  readonly table: Table;
  readonly output: ReturnType<typeof memoryOutput>;
  readonly space: (table?: Table, output?: OutputStore) => JobSpace;
  readonly fhir: FhirServer;
  time: number;
}

/** A store with 21 resources, and a clock that the test sets. */
async function scene(): Promise<Scene> {
  const table = memoryTable();
  const output = memoryOutput();
  const store = createResourceStore(table);
  for (const type of types) {
    for (let at = 0; at < 7; at += 1) {
      const resource = { resourceType: type, id: String(at) };
      const write = { resource, method: 'PUT', now: 1, id: String(at), compartments: [] } as const;
      await store.commit([{ kind: 'put', next: nextVersion(write) }]);
    }
  }
  const made: Scene = {
    table,
    output,
    fhir: { ...server.servers.r4, store },
    time: 1_000_000,
    space: (onTable = table, onOutput = output) => {
      const fhir = { ...made.fhir, store: createResourceStore(onTable) };
      return {
        items: jobItems(onTable, defaultTenant),
        output: onOutput,
        // Pages, files and steps so small that there are several of each.
        kinds: { export: exportKind(fhir, { page: 3, file: 150, openFiles: 2, stepItems: 6 }) },
        now: () => made.time,
        onProblem: () => undefined,
      };
    },
  };
  return made;
}

async function begin(at: Scene, segments = 1): Promise<string> {
  const { principal, baseUrl } = callerOf('practitioner');
  const access = Object.fromEntries(types.map((type) => [type, '']));
  const cut = new Date(at.time).toISOString();
  const input: ExportInput = { principal, baseUrl, cut, access, filters: {}, warnings: ['left out'] };
  const jobs = createJobs(at.space(), { segments, onBegun: () => undefined });
  return jobs.begin({ kind: 'export', principal, request: 'x', input });
}

/** What the files hold that the job lists. */
async function exportedBy({ space, output }: Scene, job: string): Promise<{ lines: string[]; errors: number }> {
  const files = await space().items.files(job);
  const read = async (name: string): Promise<string[]> => {
    const found = await output.read({ job, name });
    if (found === undefined) throw new Error(`${name} is listed and not there`);
    return (await text(found.stream)).split('\n').filter((line) => line !== '');
  };
  const lines: string[] = [];
  let errors = 0;
  for (const { name, kind, type, count } of files) {
    const found = await read(name);
    expect([name, found.length]).toEqual([name, count]);
    if (kind === 'error') errors += found.length;
    else {
      const resources = found.map((line) => JSON.parse(line) as { resourceType: string; id: string });
      expect(resources.every(({ resourceType }) => resourceType === type)).toBe(true);
      lines.push(...resources.map(({ resourceType, id }) => `${resourceType}/${id}`));
    }
  }
  return { lines: lines.sort(), errors };
}

/** The same ports, that fail as `fails` says, by how many calls there were. */
function failing(
  { table, output }: Scene,
  fails: (call: number) => Error | undefined,
): [Table, OutputStore, () => number] {
  let calls = 0;
  const guard =
    <Arguments extends unknown[], Result>(act: (...given: Arguments) => Promise<Result>) =>
    (...given: Arguments): Promise<Result> => {
      const error = fails((calls += 1));
      return error === undefined ? act(...given) : Promise.reject(error);
    };
  return [
    {
      ...table,
      get: guard((key) => table.get(key)),
      query: guard((request) => table.query(request)),
      scan: guard((request) => table.scan(request)),
      write: guard((actions) => table.write(actions)),
    },
    {
      ...output,
      create: guard(async (key) => {
        const file = await output.create(key);
        return {
          append: guard((text) => file.append(text)),
          close: guard(() => file.close()),
          abandon: guard(() => file.abandon()),
        };
      }),
    },
    () => calls,
  ];
}

const workAll = async (space: JobSpace, job: string, segments: number): Promise<void> => {
  for (let segment = 0; segment < segments; segment += 1) await workSegment(space, job, segment);
};

describe('an export', () => {
  test('by several segments gives everything once, in files of bounded size', async () => {
    const at = await scene();
    const job = await begin(at, 3);
    await workAll(at.space(), job, 3);
    expect((await at.space().items.read(job))?.state).toBe('complete');
    expect(await exportedBy(at, job)).toEqual({ lines: expected, errors: 1 });
    expect((await at.space().items.files(job)).length).toBeGreaterThan(types.length);
  });

  test('whose worker is killed at any call goes on after its last step, and gives everything once', async () => {
    let places = 0;
    for (let place = 1; ; place += 1) {
      const at = await scene();
      const job = await begin(at);
      const [table, output, calls] = failing(at, (call) => (call >= place ? new Error('killed') : undefined));
      await workSegment(at.space(table, output), job, 0).catch(() => undefined);
      if (calls() < place) break;
      places += 1;
      // Its segment is its own until the lease is over, unless it had not taken it.
      at.time += 60_001;
      await workSegment(at.space(), job, 0);
      expect([place, (await at.space().items.read(job))?.state]).toEqual([place, 'complete']);
      expect(await exportedBy(at, job)).toEqual({ lines: expected, errors: 1 });
    }
    expect(places).toBeGreaterThan(30);
  });

  test('is tried again where an engine does not answer at any one call', async () => {
    for (let place = 1; ; place += 1) {
      const at = await scene();
      const job = await begin(at);
      const [table, output, calls] = failing(at, (call) => (call === place ? unavailable('not now') : undefined));
      const space = at.space(table, output);
      const first = await workSegment(space, job, 0).catch(() => 'failed');
      if (calls() < place) break;
      if (first !== 'done') {
        at.time += 60_001;
        await workSegment(space, job, 0);
      }
      expect([place, (await at.space().items.read(job))?.state]).toEqual([place, 'complete']);
      expect(await exportedBy(at, job)).toEqual({ lines: expected, errors: 1 });
    }
  });

  test('is done, page by page, where an engine never answers for as long as a step takes', async () => {
    const at = await scene();
    const job = await begin(at);
    let tries = 0;
    for (; (await at.space().items.read(job))?.state === 'running'; tries += 1) {
      let scans = 0;
      const scan: Table['scan'] = (request) =>
        (scans += 1) > 1 ? Promise.reject(unavailable('not now')) : at.table.scan(request);
      const store = createResourceStore({ ...at.table, scan });
      await workSegment({ ...at.space(), kinds: { export: exportKind({ ...at.fhir, store }, { page: 2 }) } }, job, 0);
      at.time += 60_001;
    }
    expect(tries).toBeGreaterThan(6);
    expect((await at.space().items.read(job))?.state).toBe('complete');
    expect(await exportedBy(at, job)).toEqual({ lines: expected, errors: 1 });
  });

  test('fails when an engine never answers, and says so', async () => {
    const at = await scene();
    const job = await begin(at);
    const refusing = { ...at.output, create: () => Promise.reject(unavailable('no files now')) };
    for (let tries = 0; (await at.space().items.read(job))?.state === 'running'; tries += 1) {
      if (tries > 20) throw new Error('it does not end');
      await workSegment(at.space(at.table, refusing), job, 0);
      at.time += 200_000;
    }
    expect(await at.space().items.read(job)).toMatchObject({ state: 'failed', failure: 'no files now' });
  });

  test('is done by one worker at a time: a second one is sent away, a late one cannot say anything', async () => {
    const at = await scene();
    const job = await begin(at);
    let second: unknown;
    let third: unknown;
    let isSlow = true;
    const slow: OutputStore = {
      ...at.output,
      async create(key) {
        if (isSlow) {
          isSlow = false;
          second = await workSegment(at.space(), job, 0);
          at.time += 60_001; // the slow one says nothing for too long
          third = await workSegment(at.space(), job, 0);
        }
        return at.output.create(key);
      },
    };
    expect(await workSegment(at.space(at.table, slow), job, 0)).toBe('taken');
    expect([second, third]).toEqual(['taken', 'done']);
    expect(await exportedBy(at, job)).toEqual({ lines: expected, errors: 1 });
  });

  test('that is cancelled while it is written leaves no file', async () => {
    const at = await scene();
    const job = await begin(at);
    const jobs = createJobs(at.space(), { onBegun: () => undefined });
    let files = 0;
    const cancelling: OutputStore = {
      ...at.output,
      async create(key) {
        if ((files += 1) === 3) await jobs.cancel(job);
        return at.output.create(key);
      },
    };
    expect(await workSegment(at.space(at.table, cancelling), job, 0)).toBe('taken');
    expect([...at.output.files.keys()]).toEqual([]);
    expect(await jobs.read(job)).toBeUndefined();
  });

  test('leaves the rest when its time is over, at its last step', async () => {
    const at = await scene();
    const job = await begin(at);
    const found: string[] = [];
    while (found.at(-1) !== 'done' && found.length < 100) found.push(await workSegment(at.space(), job, 0, () => true));
    expect(found.slice(0, -1).every((each) => each === 'left')).toBe(true);
    expect(found.length).toBeGreaterThan(5);
    expect(await exportedBy(at, job)).toEqual({ lines: expected, errors: 1 });
  });

  test('of a process that ends is gone on with by the next one at once', async () => {
    const at = await scene();
    const job = await begin(at);
    const ending = new AbortController();
    const stopping: OutputStore = {
      ...at.output,
      create(key) {
        ending.abort();
        return at.output.create(key);
      },
    };
    const space = { ...at.space(at.table, stopping), signal: ending.signal };
    expect(await workSegment(space, job, 0)).toBe('left');
    expect(await workSegment(at.space(), job, 0)).toBe('done');
    expect(await exportedBy(at, job)).toEqual({ lines: expected, errors: 1 });
  });

  test('that another process left is found and done by one that starts; what has expired goes', async () => {
    const at = await scene();
    const job = await begin(at, 2);
    const running = runJobs(at.space());
    while ((await at.space().items.read(job))?.state === 'running') await new Promise((done) => setTimeout(done, 1));
    expect(await exportedBy(at, job)).toEqual({ lines: expected, errors: 1 });
    at.time += 25 * 3_600_000;
    running.wake();
    while (at.output.files.size > 0 || (await at.space().items.list()).length > 0) {
      await new Promise((done) => setTimeout(done, 1));
    }
    await running.stop();
  });
});
