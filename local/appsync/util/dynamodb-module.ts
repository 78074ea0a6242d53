import { toBinarySet, toMapValues, toNumberSet, toStringSet, type TypedValue } from './dynamodb.js';
import {
  type DynamoDbExpression,
  ExpressionParts,
  filterExpression,
  isMembers,
  keyCondition,
} from './dynamodb-expression.js';
import { updateExpression } from './update-expression.js';

/**
 * The module `@aws-appsync/utils/dynamodb`: plain values to the requests of a DynamoDB data source.
 * https://docs.aws.amazon.com/appsync/latest/devguide/built-in-modules-js.html
 */

type Members = Readonly<Record<string, unknown>>;
type Request = Readonly<Record<string, unknown>>;

/** An argument the module does not take. */
class ModuleError extends Error {
  override readonly name = 'DynamoDbModuleError';
}

const members = (value: unknown, name: string): Members => {
  if (!isMembers(value)) throw new ModuleError(`${name} must be an object`);
  return value;
};
const items = (value: unknown, name: string): readonly Members[] => {
  if (!Array.isArray(value)) throw new ModuleError(`${name} must be a list`);
  return value.map((one, index) => members(one, `${name}[${String(index)}]`));
};

/** The members that are passed on as they are, those given. */
const given = (payload: Members, ...names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(
    names.map((name) => [name, payload[name]] as const).filter(([, value]) => value !== undefined && value !== null),
  );

const key = (payload: Members): Record<string, TypedValue> => toMapValues(members(payload['key'], 'key'));

/** An expression without names or values it does not have. */
const withoutEmpty = ({ expression, expressionNames, expressionValues }: DynamoDbExpression): Request => ({
  expression,
  ...(Object.keys(expressionNames).length === 0 ? {} : { expressionNames }),
  ...(Object.keys(expressionValues).length === 0 ? {} : { expressionValues }),
});

/** A filter or condition as its member of the request; nothing for one that says nothing. */
function expressionMember(payload: Members, name: 'condition' | 'filter'): Request {
  const filter = payload[name];
  if (filter === undefined || filter === null) return {};
  const written = filterExpression(filter);
  return written.expression === '' ? {} : { [name]: withoutEmpty(written) };
}

function projectionMember(payload: Members): Request {
  const { projection } = payload;
  if (projection === undefined || projection === null) return {};
  if (!Array.isArray(projection)) throw new ModuleError('projection must be a list of attributes');
  const parts = new ExpressionParts();
  const expression = projection.map((path) => parts.path(String(path).split('.'))).join(', ');
  return { projection: { expression, expressionNames: parts.names } };
}

const versioned = ['customPartitionKey', 'populateIndexFields', '_version'] as const;
const paged = ['index', 'limit', 'nextToken', 'consistentRead', 'select'] as const;

const eachTable = (payload: Members, of: (value: unknown, name: string) => unknown): Request =>
  Object.fromEntries(
    Object.entries(members(payload['tables'], 'tables')).map(([table, value]) => [table, of(value, `tables.${table}`)]),
  );

const writes: Readonly<Record<string, readonly [string, (item: Members) => Request]>> = {
  putItem: ['PutItem', (item) => ({ attributeValues: toMapValues(members(item['item'], 'item')) })],
  updateItem: ['UpdateItem', (item) => ({ update: withoutEmpty(updateExpression(members(item['update'], 'update'))) })],
  deleteItem: ['DeleteItem', () => ({})],
  conditionCheck: ['ConditionCheck', () => ({})],
};

/** The functions of the module by their names; each gives a request, typed values or an operation of `update`. */
export const dynamoDbModule: Readonly<Record<string, (...values: never[]) => unknown>> = {
  get: (payload: Members) => ({
    operation: 'GetItem',
    key: key(payload),
    ...given(payload, 'consistentRead'),
    ...projectionMember(payload),
  }),
  put: (payload: Members) => ({
    operation: 'PutItem',
    key: key(payload),
    attributeValues: toMapValues(members(payload['item'], 'item')),
    ...expressionMember(payload, 'condition'),
    ...given(payload, ...versioned),
  }),
  update: (payload: Members) => ({
    operation: 'UpdateItem',
    key: key(payload),
    update: withoutEmpty(updateExpression(members(payload['update'], 'update'))),
    ...expressionMember(payload, 'condition'),
    ...given(payload, ...versioned),
  }),
  remove: (payload: Members) => ({
    operation: 'DeleteItem',
    key: key(payload),
    ...expressionMember(payload, 'condition'),
    ...given(payload, ...versioned),
  }),
  query: (payload: Members) => ({
    operation: 'Query',
    query: withoutEmpty(keyCondition(payload['query'])),
    ...expressionMember(payload, 'filter'),
    ...projectionMember(payload),
    ...given(payload, ...paged, 'scanIndexForward'),
  }),
  scan: (payload: Members) => ({
    operation: 'Scan',
    ...expressionMember(payload, 'filter'),
    ...projectionMember(payload),
    ...given(payload, ...paged, 'totalSegments', 'segment'),
  }),
  sync: (payload: Members) => ({
    operation: 'Sync',
    ...expressionMember(payload, 'filter'),
    ...given(payload, 'basePartitionKey', 'deltaIndexName', 'limit', 'nextToken', 'lastSync'),
  }),
  batchGet: (payload: Members) => ({
    operation: 'BatchGetItem',
    tables: eachTable(payload, (value, name) => {
      const table = members(value, name);
      return {
        keys: items(table['keys'], `${name}.keys`).map(toMapValues),
        ...given(table, 'consistentRead'),
        ...projectionMember(table),
      };
    }),
  }),
  batchPut: (payload: Members) => ({
    operation: 'BatchPutItem',
    tables: eachTable(payload, (value, name) => items(value, name).map(toMapValues)),
  }),
  batchDelete: (payload: Members) => ({
    operation: 'BatchDeleteItem',
    tables: eachTable(payload, (value, name) => items(value, name).map(toMapValues)),
  }),
  transactGet: (payload: Members) => ({
    operation: 'TransactGetItems',
    transactItems: items(payload['items'], 'items').map((item) => ({
      table: item['table'],
      key: key(item),
      ...projectionMember(item),
    })),
  }),
  transactWrite: (payload: Members) => ({
    operation: 'TransactWriteItems',
    transactItems: items(payload['items'], 'items').map((item) => {
      const [name = '', ...others] = Object.keys(item);
      const write = Object.hasOwn(writes, name) ? writes[name] : undefined;
      if (write === undefined || others.length > 0) {
        throw new ModuleError(`An item of transactWrite is one of ${Object.keys(writes).join(', ')}`);
      }
      const asked = members(item[name], name);
      const [operation, own] = write;
      return {
        table: asked['table'],
        operation,
        key: key(asked),
        ...own(asked),
        ...expressionMember(asked, 'condition'),
      };
    }),
  }),
  toStringSet,
  toNumberSet,
  toBinarySet,
  'operations.add': (value: unknown) => ({ _type: 'add', value }),
  'operations.remove': () => ({ _type: 'remove' }),
  'operations.replace': (value: unknown) => ({ _type: 'replace', value }),
  'operations.increment': (by?: number) => ({ _type: 'increment', value: by ?? 1 }),
  'operations.decrement': (by?: number) => ({ _type: 'decrement', value: by ?? 1 }),
  'operations.append': (value: unknown) => ({ _type: 'append', value }),
  'operations.prepend': (value: unknown) => ({ _type: 'prepend', value }),
  'operations.updateListItem': (value: unknown, index: number) => ({ _type: 'updateListItem', value, index }),
};
