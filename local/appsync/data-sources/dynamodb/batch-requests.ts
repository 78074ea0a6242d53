import { RequestError } from '../../data-source.js';
import type { WireItem, WireMembers } from './api.js';
import { itemOf } from './item-requests.js';
import { Expressions, keyIn, listOf, membersOf, type Operation, type RequestMembers } from './request.js';
import { canonicalText, plainItem, wireItem } from './values.js';

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html */
const most = { batchGet: 100, batchWrite: 25, transact: 100 };

const tablesOf = (request: RequestMembers): [string, unknown][] =>
  Object.entries(membersOf(request['tables'], 'tables'));

const sameKey = (key: WireItem, item: WireItem): boolean =>
  Object.entries(key).every(
    ([name, value]) => item[name] !== undefined && canonicalText(item[name]) === canonicalText(value),
  );

/** By table what was not done, which AppSync hands on: the resolver may ask again. */
const unprocessed = (names: readonly string[], of: (name: string) => readonly WireItem[]): object =>
  Object.fromEntries(names.map((name) => [name, of(name).map(plainItem)]));

const batchGetItem: Operation = async ({ api, request }) => {
  const asked = tablesOf(request).map(([name, given]) => {
    const place = `tables.${name}`;
    const table = membersOf(given, place);
    const keys = listOf(table['keys'], `${place}.keys`, most.batchGet).map((key, at) =>
      wireItem(key, `${place}.keys[${String(at)}]`),
    );
    const { input } = new Expressions().add('ProjectionExpression', table['projection'], `${place}.projection`);
    return {
      name,
      keys,
      input: { Keys: keys, ConsistentRead: table['consistentRead'] === true, ...input },
      whole: !('ProjectionExpression' in input),
    };
  });
  const RequestItems = Object.fromEntries(asked.map(({ name, input }) => [name, input]));
  const found = await api.send('BatchGetItem', { RequestItems });
  const responses = found['Responses'] as Readonly<Record<string, readonly WireItem[] | undefined>>;
  const left = (found['UnprocessedKeys'] ?? {}) as Readonly<Record<string, { Keys: readonly WireItem[] } | undefined>>;
  return {
    // In the order of the keys, null for what is not there; a projection may leave out what an item is known by.
    data: Object.fromEntries(
      asked.map(({ name, keys, whole }) => {
        const items = responses[name] ?? [];
        if (!whole) return [name, items.map(plainItem)];
        const inOrder = keys.map((key) => items.find((item) => sameKey(key, item)));
        return [name, inOrder.map((item) => (item === undefined ? null : plainItem(item)))];
      }),
    ),
    unprocessedKeys: unprocessed(
      asked.map(({ name }) => name),
      (name) => left[name]?.Keys ?? [],
    ),
  };
};

/** A request of BatchWriteItem that was not done. */
type LeftRequest = Readonly<Record<string, Readonly<Record<string, WireItem>> | undefined>>;

const batchWrite =
  (
    kind: 'PutRequest' | 'DeleteRequest',
    member: 'Item' | 'Key',
    leftAs: 'unprocessedItems' | 'unprocessedKeys',
  ): Operation =>
  async ({ api, request }) => {
    const asked = tablesOf(request).map(([name, given]) => ({
      name,
      items: listOf(given, `tables.${name}`, most.batchWrite).map((item, at) =>
        wireItem(item, `tables.${name}[${String(at)}]`),
      ),
    }));
    const RequestItems = Object.fromEntries(
      asked.map(({ name, items }) => [name, items.map((item) => ({ [kind]: { [member]: item } }))]),
    );
    const { UnprocessedItems = {} } = await api.send('BatchWriteItem', { RequestItems });
    const left = UnprocessedItems as Readonly<Record<string, readonly LeftRequest[] | undefined>>;
    return {
      data: Object.fromEntries(asked.map(({ name, items }) => [name, items.map(plainItem)])),
      [leftAs]: unprocessed(
        asked.map(({ name }) => name),
        (name) => (left[name] ?? []).map((one) => one[kind]?.[member] ?? {}),
      ),
    };
  };

const tableOf = (item: RequestMembers, place: string): string => {
  if (typeof item['table'] === 'string') return item['table'];
  throw new RequestError(`Value for field '$[${place}.table]' not found.`);
};

const transactItems = (request: RequestMembers): readonly { item: RequestMembers; place: string }[] =>
  listOf(request['transactItems'], 'transactItems', most.transact).map((item, at) => {
    const place = `transactItems[${String(at)}]`;
    return { item: membersOf(item, place), place };
  });

const transactGetItems: Operation = async ({ api, request }) => {
  const TransactItems = transactItems(request).map(({ item, place }) => ({
    Get: {
      TableName: tableOf(item, place),
      Key: keyIn(item, `${place}.key`),
      ...new Expressions().add('ProjectionExpression', item['projection'], `${place}.projection`).input,
    },
  }));
  const { Responses } = await api.send('TransactGetItems', { TransactItems });
  const items = (Responses as readonly { readonly Item?: WireItem }[]).map(({ Item }) =>
    Item === undefined ? null : plainItem(Item),
  );
  return { items, cancellationReasons: null };
};

const actions: Readonly<Record<string, readonly [string, (item: RequestMembers, place: string) => WireMembers]>> = {
  PutItem: ['Put', (item, place) => ({ Item: itemOf(item, `${place}.`) })],
  UpdateItem: ['Update', (item, place) => ({ Key: keyIn(item, `${place}.key`) })],
  DeleteItem: ['Delete', (item, place) => ({ Key: keyIn(item, `${place}.key`) })],
  ConditionCheck: ['ConditionCheck', (item, place) => ({ Key: keyIn(item, `${place}.key`) })],
};

const transactWriteItems: Operation = async ({ api, request }) => {
  const asked = transactItems(request);
  const TransactItems = asked.map(({ item, place }) => {
    const action =
      typeof item['operation'] === 'string' && Object.hasOwn(actions, item['operation'])
        ? actions[item['operation']]
        : undefined;
    if (action === undefined)
      throw new RequestError(`Unsupported operation '${String(item['operation'])}' at '$[${place}.operation]'.`);
    const [kind, own] = action;
    const expressions = new Expressions()
      .add('ConditionExpression', item['condition'], `${place}.condition`)
      .add('UpdateExpression', item['update'], `${place}.update`);
    const condition = item['condition'] as { returnValuesOnConditionCheckFailure?: unknown } | null | undefined;
    // AppSync returns the item unless it is told not to.
    const returns = condition?.returnValuesOnConditionCheckFailure === false ? 'NONE' : 'ALL_OLD';
    return {
      [kind]: {
        TableName: tableOf(item, place),
        ...own(item, place),
        ...expressions.input,
        ...('ConditionExpression' in expressions.input ? { ReturnValuesOnConditionCheckFailure: returns } : {}),
      },
    };
  });
  await api.send('TransactWriteItems', { TransactItems });
  return { keys: asked.map(({ item, place }) => plainItem(keyIn(item, `${place}.key`))), cancellationReasons: null };
};

/** Batches and transactions, by AppSync's names. */
export const batchOperations: Readonly<Record<string, Operation>> = {
  BatchGetItem: batchGetItem,
  BatchPutItem: batchWrite('PutRequest', 'Item', 'unprocessedItems'),
  BatchDeleteItem: batchWrite('DeleteRequest', 'Key', 'unprocessedKeys'),
  TransactGetItems: transactGetItems,
  TransactWriteItems: transactWriteItems,
};
