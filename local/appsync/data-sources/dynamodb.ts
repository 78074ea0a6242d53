import type { Item, ItemKey, Table } from '../../../persistence/table.js';
import { DataSourceError, RequestError, requestMembers } from '../data-source.js';
import type { DataSource } from '../data-source.js';
import { parseKeyCondition } from './key-condition.js';
import { typedString } from './typed-string.js';

/** The most keys of a BatchGetItem. */
const maxBatchKeys = 100;

/**
 * A DynamoDB data source over the project's table port, with the operations that resolvers read by: GetItem, BatchGetItem
 * and Query; results are plain values, as AppSync gives them. Every read is consistent.
 * @param table the table behind it.
 * @param tableName its name in BatchGetItem requests; any name without it.
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/js-resolver-reference-dynamodb.html
 */
export function dynamoDbDataSource(table: Table, tableName?: string): DataSource {
  const operations: Readonly<Record<string, (request: Readonly<Record<string, unknown>>) => Promise<unknown>>> = {
    GetItem: async (request) => plainItem(await table.get(keyOf(request['key'], 'key'))),
    BatchGetItem: (request) => batchGetItem(table, tableName, request),
    Query: (request) => query(table, request),
  };
  return {
    kind: 'AMAZON_DYNAMODB',
    givesJson: true, // items, which nobody changes
    async invoke(call) {
      const request = requestMembers(call.request);
      const operation = request['operation'];
      if (typeof operation !== 'string') throw new RequestError("Value for field '$[operation]' not found.");
      const execute = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
      if (execute === undefined) throw new RequestError(`Unsupported operation '${operation}'.`);
      try {
        return await execute(request);
      } catch (error) {
        if (error instanceof RequestError || error instanceof DataSourceError) throw error;
        throw new DataSourceError(
          'DynamoDB:InternalServerErrorException',
          error instanceof Error ? error.message : String(error),
        );
      }
    },
  };
}

/** An item as AppSync hands it to response handlers; null when there is none. */
const plainItem = (item: Item | undefined): Item | null => item ?? null;

function keyOf(value: unknown, place: string): ItemKey {
  if (typeof value !== 'object' || value === null) throw new RequestError(`Value for field '$[${place}]' not found.`);
  const names = Object.keys(value).sort();
  if (names.join() !== 'pk,sk')
    throw new RequestError(`The key at '$[${place}]' must have pk and sk, it has ${names.join(', ')}.`);
  const key = value as Readonly<Record<string, unknown>>;
  return { pk: typedString(key['pk'], `${place}.pk`), sk: typedString(key['sk'], `${place}.sk`) };
}

async function batchGetItem(
  table: Table,
  tableName: string | undefined,
  request: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const tables = Object.entries(requestMembers(request['tables']));
  const data: Record<string, (Item | null)[]> = {};
  const unprocessedKeys: Record<string, unknown[]> = {};
  for (const [name, wanted] of tables) {
    if (tableName !== undefined && name !== tableName)
      throw new DataSourceError('DynamoDB:ResourceNotFoundException', `There is no table ${name}.`);
    const keys = requestMembers(wanted)['keys'];
    if (!Array.isArray(keys) || keys.length === 0)
      throw new RequestError(`Value for field '$[tables.${name}.keys]' not found.`);
    if (keys.length > maxBatchKeys)
      throw new RequestError(`BatchGetItem takes ${String(maxBatchKeys)} keys, not ${String(keys.length)}.`);
    const items = await table.batchGet(keys.map((key, index) => keyOf(key, `tables.${name}.keys[${String(index)}]`)));
    data[name] = items.map(plainItem);
    unprocessedKeys[name] = [];
  }
  return { data, unprocessedKeys };
}

async function query(table: Table, request: Readonly<Record<string, unknown>>): Promise<unknown> {
  for (const name of ['index', 'filter']) {
    if (request[name] !== undefined) throw new RequestError(`Query with ${name} is not in this runtime.`);
  }
  const limit = request['limit'] ?? 100;
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1)
    throw new RequestError("Value for field '$[limit]' is no positive integer.");
  const condition = parseKeyCondition(requestMembers(request['query']));
  const descending = request['scanIndexForward'] === false;
  const after = typeof request['nextToken'] === 'string' ? tokenKey(request['nextToken']) : undefined;
  const from = descending || after === undefined ? condition.from : after;
  const to = descending && after !== undefined ? after : condition.to;
  // The page's bounds are inclusive in the port: one more for the item the last page ended with and one for an excluded bound.
  const found = await table.query({
    pk: condition.pk,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    descending,
    limit: limit + 2,
  });
  const items = found.filter((item) => item.sk !== after && condition.includes(item.sk)).slice(0, limit);
  const last = items.length === limit ? items.at(-1) : undefined;
  return { items, nextToken: last === undefined ? null : keyToken(last.sk), scannedCount: items.length };
}

const keyToken = (sk: string): string => Buffer.from(JSON.stringify({ sk })).toString('base64url');

function tokenKey(token: string): string {
  try {
    const read: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (typeof read === 'object' && read !== null && 'sk' in read && typeof read.sk === 'string') return read.sk;
  } catch {
    // Not ours: said below.
  }
  throw new DataSourceError('DynamoDB:DynamoDbException', 'Invalid pagination token given.');
}
