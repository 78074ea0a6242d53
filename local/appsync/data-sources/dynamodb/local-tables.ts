import {
  type CancellationReason,
  DynamoDbError,
  type DynamoDbApi,
  type DynamoDbOperation,
  validationError,
  type WireItem,
  type WireMembers,
} from './api.js';
import { applyUpdate } from './apply-update.js';
import { conditionHolds, projected } from './evaluate.js';
import { parseCondition, parseProjection, parseUpdate, Placeholders } from './expression.js';
import { readPage } from './local-page.js';
import {
  itemKeyText,
  keyAttributes,
  keyText,
  type LocalTable,
  requireIndexTypes,
  type TableSchema,
} from './table-schema.js';
import { canonicalText } from './values.js';

/** The most bytes of an item. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html */
const maxItemBytes = 400 * 1024;

const placeholdersOf = (input: WireMembers): Placeholders =>
  new Placeholders(
    input['ExpressionAttributeNames'] as Readonly<Record<string, string>> | undefined,
    input['ExpressionAttributeValues'] as WireItem | undefined,
  );

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** What a write makes of one item, before it is done: undefined for a key that is then free. */
interface PreparedWrite {
  readonly table: LocalTable;
  readonly key: string;
  readonly before: WireItem | undefined;
  readonly after: WireItem | undefined;
}

/** @throws DynamoDbError ConditionalCheckFailedException with the item that stands there. */
function requireCondition(input: WireMembers, placeholders: Placeholders, before: WireItem | undefined): void {
  const expression = text(input['ConditionExpression']);
  const condition = expression === undefined ? undefined : parseCondition(expression, placeholders);
  placeholders.requireUsed();
  if (condition === undefined || conditionHolds(condition, before ?? {})) return;
  throw new DynamoDbError(
    'ConditionalCheckFailedException',
    'The conditional request failed',
    before === undefined ? {} : { item: before },
  );
}

function requireStorable(schema: TableSchema, item: WireItem): void {
  requireIndexTypes(schema, item);
  if (Buffer.byteLength(JSON.stringify(item)) > maxItemBytes * 2)
    throw validationError('Item size has exceeded the maximum allowed size');
}

type Write = (table: LocalTable, input: WireMembers) => PreparedWrite;

const writes: Readonly<Record<'Put' | 'Update' | 'Delete' | 'ConditionCheck', Write>> = {
  Put(table, input) {
    const item = input['Item'] as WireItem;
    const key = itemKeyText(table.schema, item);
    const before = table.items.get(key);
    requireCondition(input, placeholdersOf(input), before);
    requireStorable(table.schema, item);
    return { table, key, before, after: item };
  },
  Update(table, input) {
    const wanted = input['Key'] as WireItem;
    const key = keyText(table.schema, wanted);
    const before = table.items.get(key);
    const placeholders = placeholdersOf(input);
    const expression = text(input['UpdateExpression']);
    const update = expression === undefined ? undefined : parseUpdate(expression, placeholders);
    requireCondition(input, placeholders, before);
    const item = before ?? wanted;
    const after = update === undefined ? item : applyUpdate(item, update);
    for (const { name } of keyAttributes(table.schema)) {
      const [was, is] = [item[name], after[name]];
      if (was === undefined || is === undefined || canonicalText(was) !== canonicalText(is)) {
        throw validationError(
          `One or more parameter values were invalid: Cannot update attribute ${name}. This attribute is part of the key`,
        );
      }
    }
    requireStorable(table.schema, after);
    return { table, key, before, after };
  },
  Delete(table, input) {
    const key = keyText(table.schema, input['Key'] as WireItem);
    const before = table.items.get(key);
    requireCondition(input, placeholdersOf(input), before);
    return { table, key, before, after: undefined };
  },
  ConditionCheck(table, input) {
    const key = keyText(table.schema, input['Key'] as WireItem);
    const before = table.items.get(key);
    requireCondition(input, placeholdersOf(input), before);
    return { table, key, before, after: before };
  },
};

function commit({ table, key, after }: PreparedWrite): void {
  if (after === undefined) table.items.delete(key);
  else table.items.set(key, after);
}

const returned = (input: WireMembers, { before, after }: PreparedWrite): WireMembers => {
  const item = input['ReturnValues'] === 'ALL_OLD' ? before : input['ReturnValues'] === 'ALL_NEW' ? after : undefined;
  return item === undefined ? {} : { Attributes: item };
};

/**
 * DynamoDB tables in memory, with the rules of the real ones for keys, conditions, updates, indexes, batches and
 * transactions. Two things differ: a page ends by its limit alone, not at 1 MB, and every read is consistent.
 * @param schemas the tables.
 */
export function localTables(schemas: readonly TableSchema[]): DynamoDbApi {
  const tables = new Map(schemas.map((schema): [string, LocalTable] => [schema.name, { schema, items: new Map() }]));
  const tableOf = (input: WireMembers): LocalTable => {
    const found = tables.get(String(input['TableName']));
    if (found !== undefined) return found;
    throw new DynamoDbError('ResourceNotFoundException', 'Requested resource not found');
  };
  const write =
    (kind: keyof typeof writes) =>
    (input: WireMembers): WireMembers => {
      const prepared = writes[kind](tableOf(input), input);
      commit(prepared);
      return returned(input, prepared);
    };
  const read = (input: WireMembers): WireMembers => {
    const table = tableOf(input);
    const item = table.items.get(keyText(table.schema, input['Key'] as WireItem));
    const placeholders = placeholdersOf(input);
    const projection = text(input['ProjectionExpression']);
    const paths = projection === undefined ? undefined : parseProjection(projection, placeholders);
    placeholders.requireUsed();
    if (item === undefined) return {};
    return { Item: paths === undefined ? item : projected(item, paths) };
  };
  const operations: Readonly<Record<DynamoDbOperation, (input: WireMembers) => WireMembers>> = {
    GetItem: read,
    PutItem: write('Put'),
    UpdateItem: write('Update'),
    DeleteItem: write('Delete'),
    Query: (input) => readPage('Query', tableOf(input), input, placeholdersOf(input)),
    Scan: (input) => readPage('Scan', tableOf(input), input, placeholdersOf(input)),
    BatchGetItem(input) {
      const asked = Object.entries(input['RequestItems'] as Readonly<Record<string, WireMembers>>);
      const responses = asked.map(([name, { Keys, ...rest }]) => {
        const keys = Keys as readonly WireItem[];
        requireDistinct(keys.map((key) => keyText(tableOf({ TableName: name }).schema, key)));
        const found = keys.map((Key) => read({ ...rest, TableName: name, Key })['Item']);
        return [name, found.filter((item) => item !== undefined)] as const;
      });
      return { Responses: Object.fromEntries(responses), UnprocessedKeys: {} };
    },
    BatchWriteItem(input) {
      const asked = Object.entries(input['RequestItems'] as Readonly<Record<string, readonly WireMembers[]>>);
      const prepared = asked.flatMap(([TableName, requests]) =>
        requests.map(({ PutRequest, DeleteRequest }) => {
          const table = tableOf({ TableName });
          return PutRequest === undefined
            ? writes.Delete(table, DeleteRequest as WireMembers)
            : writes.Put(table, PutRequest as WireMembers);
        }),
      );
      requireDistinct(prepared.map(({ table, key }) => `${table.schema.name} ${key}`));
      prepared.forEach(commit);
      return { UnprocessedItems: {} };
    },
    TransactGetItems: (input) => ({
      Responses: (input['TransactItems'] as readonly { readonly Get: WireMembers }[]).map(({ Get }) => read(Get)),
    }),
    TransactWriteItems(input) {
      const actions = (input['TransactItems'] as readonly WireMembers[]).map((action) => {
        const [kind, asked] = Object.entries(action)[0] as [keyof typeof writes, WireMembers];
        const table = tableOf(asked);
        const at =
          kind === 'Put'
            ? itemKeyText(table.schema, asked['Item'] as WireItem)
            : keyText(table.schema, asked['Key'] as WireItem);
        return { kind, asked, table, place: `${table.schema.name} ${at}` };
      });
      if (new Set(actions.map(({ place }) => place)).size < actions.length) {
        throw validationError('Transaction request cannot include multiple operations on one item');
      }
      const tried = actions.map(({ kind, asked, table }) => attempt(() => writes[kind](table, asked), asked));
      if (tried.some(({ reason }) => reason.Code !== 'None')) {
        const reasons = tried.map(({ reason }) => reason);
        throw new DynamoDbError(
          'TransactionCanceledException',
          `Transaction cancelled, please refer cancellation reasons for specific reasons [${reasons.map(({ Code }) => Code).join(', ')}]`,
          { reasons },
        );
      }
      tried.forEach(({ prepared }) => {
        if (prepared !== undefined) commit(prepared);
      });
      return {};
    },
  };
  return { send: (operation, input) => Promise.resolve().then(() => operations[operation](input)) };
}

function attempt(
  prepare: () => PreparedWrite,
  asked: WireMembers,
): { readonly prepared?: PreparedWrite; readonly reason: CancellationReason } {
  try {
    return { prepared: prepare(), reason: { Code: 'None' } };
  } catch (error) {
    if (!(error instanceof DynamoDbError) || error.name !== 'ConditionalCheckFailedException') throw error;
    const isAsked = asked['ReturnValuesOnConditionCheckFailure'] === 'ALL_OLD';
    return {
      reason: {
        Code: 'ConditionalCheckFailed',
        Message: error.message,
        ...(isAsked && error.item !== undefined ? { Item: error.item } : {}),
      },
    };
  }
}

function requireDistinct(places: readonly string[]): void {
  if (new Set(places).size < places.length) throw validationError('Provided list of item keys contains duplicates');
}
