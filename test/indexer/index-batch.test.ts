import { beforeEach, describe, expect, test } from '@jest/globals';
import { unavailable } from '../../fhir/outcome.js';
import { deadLetterOf, indexLetter, readDeadLetter } from '../../indexer/dead-letters.js';
import { indexBatch, type IndexedBatch } from '../../indexer/index-batch.js';
import { indexLag } from '../../indexer/index-lag.js';
import type { BodyStore } from '../../persistence/body-store.js';
import type { ItemChange } from '../../persistence/table.js';
import { recordItem } from '../../persistence/transaction/record.js';
import { enlistedIn } from '../../persistence/enlisted.js';
import { defaultTenant } from '../../persistence/keys.js';
import { createResourceStore } from '../../persistence/store.js';
import { nextVersion } from '../../persistence/version.js';
import type { Indexable } from '../../search/search-index.js';
import { memoryTable } from '../support/memory-table.js';
import { tenant } from '../support/tenant.js';
import type { DecidedTransaction } from '../../persistence/stream.js';

// A batch of a DynamoDB stream, as the Lambda function on it has it.

let table: ReturnType<typeof memoryTable>;
let puts: string[][];
let ended: string[];
/** Why a transaction cannot be ended, where it cannot. */
let hindrance: Error | undefined;
beforeEach(() => {
  table = memoryTable();
  puts = [];
  ended = [];
  hindrance = undefined;
});

async function put(id: string, text = 'x'): Promise<void> {
  const store = createResourceStore(table);
  const previous = await store.read({ type: 'Patient', id });
  const known = previous === undefined ? {} : { previous };
  const resource = { resourceType: 'Patient', text };
  const next = nextVersion({ resource, ...known, method: 'PUT', now: Date.now(), id, compartments: [] });
  await store.commit([{ kind: 'put', next, ...known }]);
}
const changes = (): Promise<readonly ItemChange[]> => table.changes({ limit: 100 });
/** Indexes what the table tells; `refuse` throws for what the index does not take. */
async function indexed(
  batch: readonly ItemChange[],
  refuse: (version: Indexable) => void = () => undefined,
  bodies?: BodyStore,
): Promise<IndexedBatch> {
  const index = {
    put: (versions: readonly Indexable[]): Promise<void> =>
      new Promise((resolve) => {
        versions.forEach(refuse); // what it throws rejects
        puts.push(versions.map(({ id, versionId }) => `${id}/${String(versionId)}`));
        resolve();
      }),
  };
  const recover = ({ id }: DecidedTransaction): Promise<void> => {
    ended.push(id);
    return hindrance === undefined ? Promise.resolve() : Promise.reject(hindrance);
  };
  return indexBatch(batch, { index, bodies, recover, onProblem: () => undefined });
}

describe('a batch of the stream', () => {
  test('puts of each resource the newest version, all together', async () => {
    await put('a');
    await put('b');
    await put('a', 'y');
    const batch = await indexed(await changes());
    expect(puts).toEqual([['a/2', 'b/1']]);
    expect([batch.again, batch.refused]).toEqual([undefined, []]);
    expect(batch.newest).toBe((await createResourceStore(table).read({ type: 'Patient', id: 'a' }))?.lastUpdated);
  });

  test('an older version that comes behind a newer one does not take its place', async () => {
    await put('a');
    await put('a', 'y');
    const all = await changes();
    const current = all.filter(({ key }) => key.sk === 'current');
    await indexed([...current, ...current.slice(0, 1)]);
    expect(puts).toEqual([['a/2']]);
  });

  test.each([
    ['comes again from the transaction on that the database did not answer for', unavailable('No answer'), true],
    ['leaves a transaction that cannot be ended to the sweeper', new Error('away'), false],
  ])('%s', async (_, error, isToComeAgain) => {
    await put('a');
    const started = new Date().toISOString();
    const item = recordItem(defaultTenant, { id: 't', state: 'committed', expires: 1, chunks: 1, started });
    await table.write([{ kind: 'put', item }]);
    await put('b');
    const all = await changes();
    hindrance = error;
    const { again } = await indexed(all);
    const at = all.find(({ key }) => key.pk.includes('#transaction#'))?.position;
    expect([puts, ended, again]).toEqual([[['a/1', 'b/1']], ['t'], isToComeAgain ? at : undefined]);
  });

  test('passes over what is no resource, whatever it is called', async () => {
    await enlistedIn(table).enlist(defaultTenant, { id: 'current', versionId: 1, type: 'Patient', since: '2026' });
    await createResourceStore(table, { tenant: tenant('current') }).commit([
      {
        kind: 'put',
        next: nextVersion({
          resource: { resourceType: 'Patient' },
          method: 'PUT',
          now: Date.now(),
          id: 'a',
          compartments: [],
        }),
      },
    ]);
    expect((await indexed(await changes())).refused).toEqual([]);
    expect(puts).toEqual([['a/1']]);
  });

  test('comes again as a whole when the index does not answer', async () => {
    await put('a');
    await put('b');
    const batch = await indexed(await changes(), () => {
      throw unavailable('The index does not answer');
    });
    expect([batch.again, batch.refused]).toEqual([(await changes())[0]?.position, []]);
  });

  test('what the index refuses is set aside; the others are indexed', async () => {
    for (const id of ['a', 'b', 'c', 'd', 'e']) await put(id);
    const batch = await indexed(await changes(), ({ id }) => {
      if (id === 'd') throw new Error('refused');
    });
    expect(puts.flat().toSorted()).toEqual(['a/1', 'b/1', 'c/1', 'e/1']);
    expect(batch.refused.map(({ pk }) => pk)).toEqual(['-#Patient#d']);
    expect(batch.again).toBeUndefined();
  });

  test('an item that is no version is set aside as well', async () => {
    await put('a');
    const broken = { pk: '-#Patient#broken', sk: 'current', versionId: 'none' };
    await table.write([{ kind: 'put', item: broken }]);
    await put('b');
    const batch = await indexed(await changes());
    expect([puts, batch.refused]).toEqual([[['a/1', 'b/1']], [{ pk: broken.pk, sk: 'current' }]]);
  });

  test('what is behind a body that cannot be had for now comes again; what is before it is indexed', async () => {
    await put('a');
    await put('b');
    await put('c');
    const all = await changes();
    const batch = all.map((change) =>
      change.key.pk.endsWith('#b') && change.after !== undefined
        ? { ...change, after: { ...change.after, overflow: '1/x', body: '' } }
        : change,
    );
    const away = { get: () => Promise.reject(unavailable('S3 does not answer')) } as unknown as BodyStore;
    const done = await indexed(batch, () => undefined, away);
    const at = all.find(({ key }) => key.pk.endsWith('#b'))?.position;
    expect([puts, done.again, done.refused]).toEqual([[['a/1']], at, []]);
  });
});

describe('a dead letter', () => {
  const work = (batch: readonly ItemChange[] = []): Parameters<typeof indexLetter>[1] => ({
    table,
    bodies: undefined,
    index: {
      put: (versions: readonly Indexable[]) => {
        puts.push(versions.map(({ id, versionId }) => `${id}/${String(versionId)}`));
        return Promise.resolve();
      },
    },
    readBatch: () => Promise.resolve(batch),
  });

  test('of an item is indexed as the item is now', async () => {
    await put('a');
    const letter = readDeadLetter({ body: deadLetterOf({ pk: '-#Patient#a', sk: 'current' }) });
    await put('a', 'y');
    await indexLetter(letter, work());
    expect(puts).toEqual([['a/2']]);
  });

  test('of a batch that Lambda gave up is indexed, each of its resources once', async () => {
    await put('a');
    await put('a', 'y');
    await put('b');
    const info = { streamArn: 's', shardId: 'x', startSequenceNumber: '1', endSequenceNumber: '3' };
    await indexLetter(readDeadLetter({ body: JSON.stringify({ DDBStreamBatchInfo: info }) }), work(await changes()));
    expect(puts).toEqual([['a/2'], ['b/1']]);
  });

  const info = { streamArn: 's', shardId: 'x', startSequenceNumber: '1', endSequenceNumber: '3' };
  const ofBatch = readDeadLetter({ body: JSON.stringify({ DDBStreamBatchInfo: info }) });
  const failing = (all: readonly ItemChange[], error: Error): Parameters<typeof indexLetter>[1] => ({
    ...work(all),
    index: {
      put: (versions) => (versions[0]?.id === 'a' ? Promise.reject(error) : work().index.put(versions)),
    },
  });

  test('of a batch stays for what is still refused; the others of it are indexed', async () => {
    await put('a');
    await put('b');
    const refused = new Error('refused');
    await expect(indexLetter(ofBatch, failing(await changes(), refused))).rejects.toBe(refused);
    expect(puts).toEqual([['b/1']]);
  });

  test('of a batch is given up at once while the index does not answer', async () => {
    await put('a');
    await put('b');
    const away = unavailable('It does not answer');
    await expect(indexLetter(ofBatch, failing(await changes(), away))).rejects.toBe(away);
    expect(puts).toEqual([]);
  });

  test('that nobody here wrote is refused', () => {
    expect(() => readDeadLetter({ body: '{"item":{"pk":1}}' })).toThrow('names neither');
  });
});

test('the lag is a metric of CloudWatch, by table, and never negative', () => {
  const line = (now: number): unknown => JSON.parse(indexLag('fhir-r4', '2026-01-01T00:00:00.000Z', now));
  const written = Date.parse('2026-01-01T00:00:00.000Z');
  expect(line(written + 1_500)).toMatchObject({ Table: 'fhir-r4', IndexLag: 1_500 });
  expect(line(written - 1)).toMatchObject({ IndexLag: 0 });
});
