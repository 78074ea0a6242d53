import { BatchGetItemCommand, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { keyAttributes, toAttributes } from '../persistence/dynamodb/attributes.js';
import { dynamoDbClients } from '../persistence/dynamodb/client.js';
import { ensureTable } from '../persistence/dynamodb/ensure-table.js';
import type { Item, ItemKey } from '../persistence/table.js';
import { openSearchClient } from '../search/opensearch/client.js';
import type { BenchEngines } from './engines.js';

/** By load of the server: how often a second a bare client does the calls that it cannot do without. */
export type BareCalls = ReadonlyMap<string, number>;

const hits = 20;
const body = JSON.stringify({ resourceType: 'Basic', text: 'x'.repeat(1_200) });

/**
 * Measures the engines through the same clients, with items of the size of a resource and the same index, by the calls
 * that an interaction cannot do without and nothing else. It is no ceiling: the client is this process, which has less
 * practice than the server's.
 * @param index an OpenSearch index with documents.
 * @returns per load: operations a second.
 */
export async function measureBareCalls(
  { environment }: BenchEngines,
  index: string,
  { concurrency, seconds }: { readonly concurrency: number; readonly seconds: number },
): Promise<BareCalls> {
  const engine = (name: string): string => environment[name] ?? process.env[name] ?? '';
  // A database of its own: DynamoDB Local looks through the stream records of tables that were made before at each call.
  const endpoint = engine('DYNAMODB_ENDPOINT').replace(/:\/\/([a-z0-9]+@)?/, '://bare@');
  const clients = dynamoDbClients({ endpoint, region: 'us-east-1' });
  const { client } = clients;
  const search = openSearchClient(engine('OPENSEARCH_ENDPOINT'));
  const name = `${environment['TABLE_PREFIX'] ?? 'bench'}-alone`;
  await ensureTable(client, name, true);
  let made = 0;
  const keyOf = (n: number): ItemKey => ({ pk: `-#Basic#${String(n)}`, sk: 'current' });
  const put = () => {
    const n = (made += 1);
    const item: Item = {
      ...keyOf(n),
      body,
      versionId: 1,
      hp: `Basic#${String(n % 4)}`,
      hs: String(n).padStart(9, '0'),
    };
    return { TableName: name, Item: toAttributes(item), ConditionExpression: 'attribute_not_exists(pk)' };
  };
  const any = (): ItemKey => keyOf(1 + Math.floor(Math.random() * made));
  const rate = async (workers: number, call: () => Promise<unknown>): Promise<number> => {
    await rateOf(workers, call); // engines and clients are slow at first
    return rateOf(workers, call);
  };
  const rateOf = async (workers: number, call: () => Promise<unknown>): Promise<number> => {
    const until = performance.now() + seconds * 1_000;
    let calls = 0;
    const work = async (): Promise<void> => {
      for (; performance.now() < until; calls += 1) await call();
    };
    const begun = performance.now();
    await Promise.all(Array.from({ length: workers }, work));
    return (calls * 1_000) / (performance.now() - begun);
  };
  const putOne = () => client.send(new PutItemCommand(put()));
  const getOne = () =>
    client.send(new GetItemCommand({ TableName: name, Key: keyAttributes(any()), ConsistentRead: true }));
  const find = async (): Promise<void> => {
    await search.search({ index, body: { size: hits, query: { term: { type: 'Observation' } }, _source: false } });
    const keys = [...new Map(Array.from({ length: hits }, any).map((key) => [key.pk, keyAttributes(key)])).values()];
    await client.send(new BatchGetItemCommand({ RequestItems: { [name]: { Keys: keys, ConsistentRead: true } } }));
  };
  try {
    const creates = await rate(concurrency, putOne);
    const reads = await rate(concurrency, getOne);
    const searches = await rate(concurrency, find);
    return new Map([
      ['create Patient', creates],
      ['read Patient', reads],
      ['Patient?family&_count=20', searches],
      ['Observation?subject&code&date&_sort', searches],
    ]);
  } finally {
    clients.close();
    await search.close();
  }
}
