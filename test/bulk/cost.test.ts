import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { jobPages } from '../../bench/cost/counted.js';
import { exportKind } from '../../bulk/export-segment.js';
import { createJobs } from '../../bulk/jobs.js';
import { reindexKind } from '../../bulk/reindex-segment.js';
import { type JobSpace, workSegment } from '../../bulk/work-segment.js';
import type { ExportInput } from '../../interactions/jobs/export-input.js';
import type { ReindexInput } from '../../interactions/jobs/reindex-input.js';
import type { JobKind } from '../../persistence/job.js';
import { jobItems } from '../../persistence/job.js';
import { defaultTenant } from '../../persistence/keys.js';
import type { OutputStore } from '../../persistence/output-store.js';
import { createResourceStore } from '../../persistence/store.js';
import type { Table } from '../../persistence/table.js';
import { nextVersion } from '../../persistence/version.js';
import type { NextIndex } from '../../search/next-index.js';
import { memoryTable } from '../support/memory-table.js';
import { callerOf, startTestServer, type TestServer } from '../support/server.js';

// How many calls of the table a job makes, beside a few at its beginning and its end: docs/benchmarks.md.

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** With the items of the job a little less than ten pages of an export, and four of a reindex. */
const resources = 1_900;
const { principal, baseUrl } = callerOf('practitioner');

/** The calls by name that a job makes. */
async function callsOf(kind: JobKind, input: ExportInput | ReindexInput): Promise<Record<string, number>> {
  const table = memoryTable();
  const store = createResourceStore(table);
  const write = (at: number) => {
    const resource = { resourceType: 'Patient', id: String(at) };
    const next = nextVersion({ resource, method: 'PUT', now: 1, id: String(at), compartments: [] });
    return { kind: 'put', next } as const;
  };
  await store.commit(Array.from({ length: resources }, (_, at) => write(at)));
  const calls: Record<string, number> = {};
  const counted = new Proxy(table, {
    get: (target, name: keyof Table): unknown => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...given: unknown[]): unknown => {
        calls[name] = (calls[name] ?? 0) + 1;
        return Reflect.apply(member, target, given) as unknown;
      };
    },
  });
  const file = { append: () => Promise.resolve(), close: () => Promise.resolve(), abandon: () => Promise.resolve() };
  const output: OutputStore = {
    create: () => Promise.resolve(file),
    read: () => Promise.resolve(undefined),
    remove: () => Promise.resolve(),
  };
  const nothing = (): Promise<void> => Promise.resolve();
  const next: NextIndex = {
    terms: 'these',
    names: () => Promise.resolve({ index: '2', replaces: '1' }),
    open: () => Promise.resolve(true),
    put: nothing,
    count: () => Promise.resolve(resources),
    serve: nothing,
    abandon: nothing,
  };
  const space: JobSpace = {
    items: jobItems(counted, defaultTenant),
    output,
    kinds: {
      export: exportKind({ ...server.servers.r4, store: createResourceStore(counted) }),
      reindex: reindexKind({ table: counted, bodies: undefined, index: { put: nothing }, next, isShared: false }),
    },
    now: () => 1_000,
    onProblem: (error) => {
      throw error;
    },
  };
  const id = await createJobs(space, { onBegun: () => undefined }).begin({ kind, principal, request: 'x', input });
  expect(await workSegment(space, id, 0)).toBe('done');
  expect((await space.items.read(id))?.state).toBe('complete');
  return calls;
}

test('an export reads 200 items a scan, and asks once for each whether it is wanted', async () => {
  const cut = new Date(1_000_000).toISOString();
  const input: ExportInput = { principal, baseUrl, cut, access: { Patient: '' }, filters: {}, warnings: [] };
  const { scan = 0, get = 0, query = 0, write = 0, ...others } = await callsOf('export', input);
  expect(scan).toBe(Math.ceil(resources / jobPages.export));
  expect(get - scan).toBeLessThan(8);
  expect([query < 12, write < 12, others]).toEqual([true, true, {}]);
});

test('a reindex reads 500 items a scan, asks once for each whether it is wanted, and keeps how far it is', async () => {
  const input: ReindexInput = { terms: 'these', names: { index: '2', replaces: '1' } };
  const { scan = 0, get = 0, query = 0, write = 0, ...others } = await callsOf('reindex', input);
  expect(scan).toBe(Math.ceil(resources / jobPages.reindex));
  expect(get - scan).toBeLessThan(8);
  expect([query < 12, write - scan < 12, others]).toEqual([true, true, {}]);
});
