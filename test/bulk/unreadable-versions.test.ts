import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { text } from 'node:stream/consumers';
import { exportKind } from '../../bulk/export-segment.js';
import { createJobs } from '../../bulk/jobs.js';
import { reindexKind, type ReindexSpace } from '../../bulk/reindex-segment.js';
import { type JobSpace, workSegment } from '../../bulk/work-segment.js';
import { unavailable } from '../../fhir/outcome.js';
import { keyText } from '../../fhir/resource.js';
import { findDrift } from '../../indexer/drift.js';
import type { ExportInput } from '../../interactions/jobs/export-input.js';
import { reindexedCounts, type ReindexInput } from '../../interactions/jobs/reindex-input.js';
import type { Caller } from '../../interactions/server.js';
import { type BodyStore, overflowOf, overflowText } from '../../persistence/body-store.js';
import { jobItems } from '../../persistence/job.js';
import { currentKey, defaultTenant, partitionKey } from '../../persistence/keys.js';
import type { ResourceStore } from '../../persistence/resource-store.js';
import { createResourceStore } from '../../persistence/store.js';
import type { Table } from '../../persistence/table.js';
import { nextVersion } from '../../persistence/version.js';
import type { Indexable } from '../../search/search-index.js';
import { memoryBodies } from '../support/memory-bodies.js';
import { memoryOutput } from '../support/memory-output.js';
import { memoryTable } from '../support/memory-table.js';
import { callerOf, startTestServer, type TestServer } from '../support/server.js';

// A body that S3 lost, one that is no JSON, an item that is no version: jobs go on, and say what they could not read.

const at = Date.parse('2026-01-01T00:00:00Z');
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

let table: Table;
let bodies: BodyStore;
let store: ResourceStore;
let output: ReturnType<typeof memoryOutput>;

async function write(id: string, family: string): Promise<void> {
  const previous = await store.read({ type: 'Patient', id });
  const known = previous === undefined ? {} : { previous };
  const resource = { resourceType: 'Patient', name: [{ family }] };
  const next = nextVersion({ resource, ...known, method: 'PUT', now: at, id, compartments: [`Patient/${id}`] });
  expect((await store.commit([{ kind: 'put', next, ...known }])).committed).toBe(true);
}

/** What is kept elsewhere of the current version. */
async function bodyKeyOf(id: string): Promise<Parameters<BodyStore['get']>[0]> {
  const item = await table.get({ pk: partitionKey(defaultTenant, 'Patient', id), sk: currentKey });
  return { tenant: defaultTenant, type: 'Patient', id, ...overflowOf(String(item?.['overflow'])) };
}

beforeEach(async () => {
  [table, bodies, output] = [memoryTable(), memoryBodies(), memoryOutput()];
  store = createResourceStore(table, { bodies, inlineLimit: 200, now: () => at });
  await write('small', 'Small');
  for (const id of ['whole', 'lost', 'broken']) await write(id, id.repeat(100));
  await write('large', 'large'.repeat(100));
  await bodies.delete(await bodyKeyOf('lost'));
  await bodies.put(await bodyKeyOf('broken'), '{"resourceType":"Pat');
  const none = { pk: partitionKey(defaultTenant, 'Patient', 'none'), sk: currentKey, versionId: 'none' };
  await table.write([{ kind: 'put', item: none }]);
});

const spaceOf = (kinds: JobSpace['kinds']): JobSpace => ({
  items: jobItems(table, defaultTenant),
  output,
  kinds,
  now: () => at + 60_000,
  onProblem: () => undefined,
});

/** What the error files of a job say, line by line. */
async function errorsOf(space: JobSpace, job: string): Promise<string[]> {
  const lines: string[] = [];
  for (const { kind, name } of await space.items.files(job)) {
    if (kind !== 'error') continue;
    const found = await output.read({ job, name });
    for (const line of (found === undefined ? '' : await text(found.stream)).trim().split('\n')) {
      const { resourceType, issue } = JSON.parse(line) as { resourceType: string; issue: { diagnostics: string }[] };
      expect(resourceType).toBe('OperationOutcome');
      lines.push(issue[0]?.diagnostics ?? '');
    }
  }
  return lines.sort();
}

describe('$reindex', () => {
  let made: Map<string, Indexable>;
  let space: ReindexSpace;
  beforeEach(() => {
    made = new Map();
    const put = (changes: readonly Indexable[]): Promise<void> => {
      for (const change of changes) made.set(keyText(change), change);
      return Promise.resolve();
    };
    space = {
      table,
      bodies,
      index: { put },
      isShared: true,
      page: 2,
      next: {
        terms: 'these',
        names: () => Promise.resolve({ index: 'i2', replaces: 'i1' }),
        open: () => Promise.resolve(true),
        put,
        count: () => Promise.resolve(made.size),
        serve: () => Promise.resolve(),
        abandon: () => Promise.resolve(),
      },
    };
  });
  const reindex = async (input: Partial<ReindexInput>): Promise<readonly [JobSpace, string]> => {
    const jobs = spaceOf({ reindex: reindexKind(space) });
    const { principal } = callerOf('operator');
    const asked = { terms: 'these', ...input };
    const id = await createJobs(jobs, { onBegun: () => undefined }).begin({
      ...{ kind: 'reindex', principal, request: '$reindex' },
      input: asked,
    });
    await workSegment(jobs, id, 0);
    return [jobs, id];
  };
  const lost = [
    'The current version of Patient/none cannot be read: it was lost',
    'Version 1 of Patient/broken cannot be read: it was lost',
    'Version 1 of Patient/lost cannot be read: it was lost',
  ];

  test('goes on without what it cannot read, and names it', async () => {
    const [jobs, id] = await reindex({ names: { index: 'i2', replaces: 'i1' } });
    expect((await jobs.items.read(id))?.state).toBe('complete');
    expect(reindexedCounts(await jobs.items.segments(id))).toEqual({ resources: 3, deleted: 0, unreadable: 3 });
    expect(await errorsOf(jobs, id)).toEqual(lost);
  });

  test('has of it what is known without its body: what must show it fails, and does not look whole', async () => {
    await reindex({ names: { index: 'i2', replaces: 'i1' } });
    expect([...made.keys()].sort()).toEqual(['broken', 'large', 'lost', 'small', 'whole'].map((id) => `Patient/${id}`));
    expect(made.get('Patient/lost')).toEqual({
      tenant: defaultTenant,
      type: 'Patient',
      id: 'lost',
      versionId: 1,
      lastUpdated: '2026-01-01T00:00:00.000Z',
      compartments: ['Patient/lost'],
      resource: {
        resourceType: 'Patient',
        id: 'lost',
        meta: { versionId: '1', lastUpdated: '2026-01-01T00:00:00.000Z' },
      },
    });
  });

  test('of some types leaves the entry that serves as it is', async () => {
    const [jobs, id] = await reindex({ types: ['Patient'] });
    expect([...made.keys()].sort()).toEqual(['large', 'small', 'whole'].map((each) => `Patient/${each}`));
    expect(await errorsOf(jobs, id)).toEqual(lost);
  });

  test('looks once more before it says so: what was written since counts', async () => {
    const scan: Table['scan'] = async (request) => {
      const page = await table.scan(request);
      if (made.size === 0) {
        const key = await bodyKeyOf('whole');
        const again = { ...key, versionId: 2, commitId: 'second' };
        await bodies.put(again, JSON.stringify({ resourceType: 'Patient', id: 'whole' }));
        await bodies.delete(key);
        const item = await table.get({ pk: partitionKey(defaultTenant, 'Patient', 'whole'), sk: currentKey });
        if (item === undefined) throw new Error('It is not there');
        const next = { ...item, versionId: 2, commitId: 'second', overflow: overflowText(again) };
        await table.write([{ kind: 'put', item: next, condition: { kind: 'equals', attributes: {} } }]);
      }
      return page;
    };
    space = { ...space, page: 500, table: { scan, batchGet: (keys) => table.batchGet(keys) } };
    const [jobs, id] = await reindex({ names: { index: 'i2', replaces: 'i1' } });
    expect(made.get('Patient/whole')).toMatchObject({ versionId: 2, resource: { id: 'whole' } });
    expect(await errorsOf(jobs, id)).toEqual(lost);
  });

  test('is tried again when bodies cannot be had for now: nothing counts as lost', async () => {
    space = { ...space, bodies: { ...bodies, get: () => Promise.reject(unavailable('S3 is away')) } };
    const [jobs, id] = await reindex({ names: { index: 'i2', replaces: 'i1' } });
    expect([(await jobs.items.read(id))?.state, (await jobs.items.segments(id))[0]?.failures]).toEqual(['running', 1]);
    expect(await errorsOf(jobs, id)).toEqual([]);
  });
});

describe('an export', () => {
  async function exported({ principal, baseUrl }: Caller, more: Partial<ExportInput> = {}): Promise<string[]> {
    const access = { Patient: '' };
    const cut = new Date(at + 1_000).toISOString();
    const input: ExportInput = { principal, baseUrl, cut, access, filters: {}, warnings: [], ...more };
    const jobs = spaceOf({ export: exportKind({ ...server.servers.r4, store }, { page: 2 }) });
    const id = await createJobs(jobs, { onBegun: () => undefined }).begin({
      ...{ kind: 'export', principal, request: '$export' },
      input,
    });
    await workSegment(jobs, id, 0);
    expect((await jobs.items.read(id))?.state).toBe('complete');
    return errorsOf(jobs, id);
  }

  test('goes on without what it cannot read, and names it', async () => {
    expect(await exported(callerOf('practitioner'))).toEqual([
      'The current version of Patient/none cannot be read: it was lost',
      'Version 1 of Patient/broken cannot be read: it was lost',
      'Version 1 of Patient/lost cannot be read: it was lost',
    ]);
  });

  test('names nothing that is not asked for: of other patients, or from before', async () => {
    const ofOthers = { inside: ['Patient/small'] };
    const unnamed = 'The current version of Patient/none cannot be read: it was lost'; // nobody knows whose it is
    expect(await exported(callerOf('practitioner'), ofOthers)).toEqual([unnamed]);
    const since = { since: new Date(at + 500).toISOString() };
    expect(await exported(callerOf('practitioner'), since)).toEqual([unnamed]);
  });
});

test('drift is found beside what cannot be read, which is named', async () => {
  const report = await findDrift({
    table,
    bodies,
    index: { put: () => Promise.resolve() },
    inspection: {
      compare: (versions) => Promise.resolve(versions.map(() => undefined)),
      async *keys() {
        yield* await Promise.resolve([]);
      },
    },
    settle: () => Promise.resolve(),
  });
  expect([report.stored, report.drifts]).toEqual([3, []]);
  expect(report.unreadable.map(({ resource }) => keyText(resource)).sort()).toEqual([
    'Patient/broken',
    'Patient/lost',
    'Patient/none',
  ]);
});
