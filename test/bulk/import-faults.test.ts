import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createJobs } from '../../bulk/jobs.js';
import { importKind } from '../../bulk/import-segment.js';
import { type JobSpace, workSegment } from '../../bulk/work-segment.js';
import { unavailable } from '../../fhir/outcome.js';
import type { InputSource } from '../../persistence/input-source.js';
import { jobItems } from '../../persistence/job.js';
import { defaultTenant } from '../../persistence/keys.js';
import type { OutputStore } from '../../persistence/output-store.js';
import { createResourceStore } from '../../persistence/store.js';
import type { Table } from '../../persistence/table.js';
import { memoryOutput } from '../support/memory-output.js';
import { memoryTable } from '../support/memory-table.js';
import { callerOf, startTestServer, type TestServer } from '../support/server.js';
import { gatedPort, Stopped } from '../support/table-calls.js';

// Workers are killed, engines and files do not answer, lines are poison: nothing is lost, nothing is there twice.

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const ids = Array.from({ length: 9 }, (_, at) => `p${String(at)}`);
const lines = ids.map((id) => JSON.stringify({ resourceType: 'Patient', id, active: true }));
lines.splice(3, 0, '{"resourceType":"Patient","id":"poison",');
lines.splice(7, 0, JSON.stringify({ resourceType: 'Patient', id: 'poison', active: 'perhaps' }));
const file = Buffer.from(`${lines.join('\n')}\n`);
const files: InputSource = {
  size: () => Promise.resolve(file.length),
  open: (_, from) => Promise.resolve(Readable.from([file.subarray(from)])),
};

interface Scene {
  readonly table: Table;
  readonly output: ReturnType<typeof memoryOutput>;
  time: number;
}
const scene = (): Scene => ({ table: memoryTable(), output: memoryOutput(), time: Date.parse('2026-01-01T00:00:00Z') });

function spaceOf(at: Scene, table: Table = at.table, output: OutputStore = at.output, source = files): JobSpace {
  const now = (): number => at.time;
  const fhir = { ...server.servers.r4, store: createResourceStore(table), now };
  return {
    items: jobItems(table, defaultTenant),
    output,
    // So small that there are several of each.
    kinds: { import: importKind(fhir, () => source, { lines: 2, atOnce: 2, step: 4 }) },
    now,
    onProblem: () => undefined,
  };
}

async function begin(at: Scene): Promise<string> {
  const caller = callerOf('practitioner');
  const input = {
    ...caller,
    inputSource: 'x',
    files: [{ type: 'Patient', url: 'file:///p.ndjson' }],
    conditionalCreate: false,
  };
  const jobs = createJobs(spaceOf(at), { onBegun: () => undefined });
  return jobs.begin({ kind: 'import', principal: caller.principal, request: 'x', input, segments: 1 });
}

/** Fails unless all is stored, once, and each wrong line is told of once. */
async function expectWhole(at: Scene, job: string): Promise<void> {
  const space = spaceOf(at);
  expect((await space.items.read(job))?.state).toBe('complete');
  const stored = await createResourceStore(at.table).readMany(ids.map((id) => ({ type: 'Patient', id })));
  expect(stored.map((version) => version?.versionId)).toEqual(ids.map(() => 1));
  expect(await createResourceStore(at.table).read({ type: 'Patient', id: 'poison' })).toBeUndefined();
  const [segment] = await space.items.segments(job);
  expect(segment?.progress).toMatchObject({ bytes: file.length, lines: lines.length, count: ids.length });
  const told: (string | undefined)[] = [];
  for (const { name } of await space.items.files(job)) {
    const found = await at.output.read({ job, name });
    const errors = (found === undefined ? '' : await text(found.stream)).trim().split('\n');
    told.push(...errors.map((line) => /Line [0-9]+/.exec(line)?.[0]));
  }
  expect(told).toEqual(['Line 4', 'Line 8']);
}

/** Ports whose calls are numbered together. @param fails says what a call fails with, before it is made or after. */
function failing(
  at: Scene,
  fails: (call: number, when: 'before' | 'after') => Error | undefined,
): { readonly space: JobSpace; readonly calls: () => number } {
  let calls = 0;
  const guard = <Port extends object>(port: Port): Port =>
    gatedPort(port, async (call) => {
      const number = (calls += 1);
      const before = fails(number, 'before');
      if (before !== undefined) throw before;
      const answer = await call();
      const after = fails(number, 'after');
      if (after !== undefined) throw after;
      return answer;
    });
  return { space: spaceOf(at, guard(at.table), guard(at.output), guard(files)), calls: () => calls };
}

const untilDone = async (at: Scene, job: string): Promise<void> => {
  for (let tries = 0; (await spaceOf(at).items.read(job))?.state === 'running'; tries += 1) {
    if (tries > 5) throw new Error('it does not end');
    at.time += 120_000;
    await workSegment(spaceOf(at), job, 0);
  }
};

async function callsOfAll(): Promise<number> {
  const at = scene();
  const { space, calls } = failing(at, () => undefined);
  const job = await begin(at);
  await workSegment(space, job, 0);
  await expectWhole(at, job);
  return calls();
}

test.each(['before', 'after'] as const)(
  'an import whose worker is killed %s any call goes on after its last step',
  async (when) => {
    const calls = await callsOfAll();
    expect(calls).toBeGreaterThan(30);
    for (let place = 1; place <= calls; place += 1) {
      const at = scene();
      const job = await begin(at);
      const isDead = (call: number, now: 'before' | 'after'): boolean =>
        call > place || (call === place && now === when);
      const { space } = failing(at, (call, now) => (isDead(call, now) ? new Stopped() : undefined));
      await workSegment(space, job, 0).catch(() => undefined);
      await untilDone(at, job);
      await expectWhole(at, job);
    }
  },
);

test.each(['before', 'after'] as const)(
  'an import is tried again where an engine, or a file, does not answer %s any one call',
  async (when) => {
    const calls = await callsOfAll();
    for (let place = 1; place <= calls; place += 1) {
      const at = scene();
      const job = await begin(at);
      const { space } = failing(at, (call, now) =>
        call === place && now === when ? unavailable('not now') : undefined,
      );
      await workSegment(space, job, 0).catch(() => undefined);
      await untilDone(at, job);
      await expectWhole(at, job);
    }
  },
);

test.each([
  ['an engine', 'reads'],
  ['the file', 'open'],
])('an import is done, batch by batch, where %s never answers for as long as a step takes', async (_, what) => {
  const at = scene();
  const job = await begin(at);
  let tries = 0;
  for (; (await spaceOf(at).items.read(job))?.state === 'running'; tries += 1) {
    let reads = 0;
    const get: Table['get'] = (key) =>
      key.pk.includes('#Patient#') && (reads += 1) > 4 ? Promise.reject(unavailable('not now')) : at.table.get(key);
    const breaking: InputSource = {
      ...files,
      open: (_, from) =>
        Promise.resolve(
          Readable.from(
            (function* () {
              // As much as four lines.
              yield file.subarray(from, from + file.length / 2.5);
              if (file.length - from > file.length / 2.5) throw new Error('broken off');
            })(),
          ),
        ),
    };
    const table = what === 'reads' ? { ...at.table, get } : at.table;
    const source = what === 'open' ? breaking : files;
    const fhir = { ...server.servers.r4, store: createResourceStore(table), now: () => at.time };
    const kinds = { import: importKind(fhir, () => source, { lines: 2, atOnce: 1, step: 1_000 }) };
    await workSegment({ ...spaceOf(at), kinds }, job, 0);
    at.time += 120_000;
  }
  expect(tries).toBeGreaterThan(2);
  await expectWhole(at, job);
});
