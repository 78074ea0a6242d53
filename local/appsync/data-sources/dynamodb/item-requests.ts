import { RequestError } from '../../data-source.js';
import { DynamoDbError, type WireItem, type WireMembers } from './api.js';
import {
  Expressions,
  isGiven,
  keyIn,
  listOf,
  membersOf,
  type Operation,
  type OperationCall,
  type RequestMembers,
} from './request.js';
import { canonicalItem, plainItem, wireItem } from './values.js';

const plainOrNull = (item: unknown): unknown => (item === undefined ? null : plainItem(item as WireItem));

const getItem: Operation = async ({ api, tableName, request }) => {
  const { input } = new Expressions().add('ProjectionExpression', request['projection'], 'projection');
  const { Item } = await api.send('GetItem', {
    TableName: tableName,
    Key: keyIn(request),
    ConsistentRead: request['consistentRead'] === true,
    ...input,
  });
  return plainOrNull(Item);
};

/** The item of a PutItem: its attributes and its key. */
export const itemOf = (request: RequestMembers, place = ''): WireItem => ({
  ...wireItem(request['attributeValues'], `${place}attributeValues`),
  ...keyIn(request, `${place}key`),
});

/**
 * Does a write; when its condition fails though the table already holds what it would have made, it is done: an earlier
 * try of it was.
 * @param expected what the table holds then: null for nothing, undefined where that cannot be told.
 * https://docs.aws.amazon.com/appsync/latest/devguide/js-aws-appsync-resolver-reference-dynamodb-condition-expressions.html
 */
async function conditional(
  { api, tableName, request }: OperationCall,
  expected: WireItem | null | undefined,
  write: () => Promise<WireMembers>,
): Promise<WireMembers> {
  const condition = isGiven(request['condition']) ? membersOf(request['condition'], 'condition') : {};
  const failed = isGiven(condition['conditionalCheckFailedHandler'])
    ? membersOf(condition['conditionalCheckFailedHandler'], 'condition.conditionalCheckFailedHandler')
    : {};
  if (isGiven(failed['strategy']) && failed['strategy'] !== 'Reject') {
    throw new RequestError(`The conditionalCheckFailedHandler '${String(failed['strategy'])}' is not in this runtime.`);
  }
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof DynamoDbError) || error.name !== 'ConditionalCheckFailedException') throw error;
    const ConsistentRead = condition['consistentRead'] !== false;
    const { Item } = await api.send('GetItem', { TableName: tableName, Key: keyIn(request), ConsistentRead });
    const item = Item as WireItem | undefined;
    const ignored = isGiven(condition['equalsIgnore'])
      ? listOf(condition['equalsIgnore'], 'condition.equalsIgnore', 100)
      : [];
    const rest = (one: WireItem): string =>
      canonicalItem(Object.fromEntries(Object.entries(one).filter(([name]) => !ignored.includes(name))));
    if (expected === null && item === undefined) return {};
    if (expected !== null && expected !== undefined && item !== undefined && rest(expected) === rest(item)) {
      return { Attributes: item };
    }
    throw new DynamoDbError(error.name, error.message, item === undefined ? {} : { item });
  }
}

const conditionOf = (request: RequestMembers): Expressions =>
  new Expressions().add('ConditionExpression', request['condition'], 'condition');

const putItem: Operation = async (call) => {
  const item = itemOf(call.request);
  const { input } = conditionOf(call.request);
  const { Attributes } = await conditional(call, item, async () => {
    await call.api.send('PutItem', { TableName: call.tableName, Item: item, ...input });
    return { Attributes: item };
  });
  return plainOrNull(Attributes);
};

const updateItem: Operation = async (call) => {
  const { api, tableName, request } = call;
  const { input } = conditionOf(request).add('UpdateExpression', request['update'], 'update');
  const { Attributes } = await conditional(call, undefined, () =>
    api.send('UpdateItem', { TableName: tableName, Key: keyIn(request), ReturnValues: 'ALL_NEW', ...input }),
  );
  return plainOrNull(Attributes);
};

const deleteItem: Operation = async (call) => {
  const { api, tableName, request } = call;
  const { input } = conditionOf(request);
  const { Attributes } = await conditional(call, null, () =>
    api.send('DeleteItem', { TableName: tableName, Key: keyIn(request), ReturnValues: 'ALL_OLD', ...input }),
  );
  return plainOrNull(Attributes);
};

/** The operations on one item, by AppSync's names. */
export const itemOperations: Readonly<Record<string, Operation>> = {
  GetItem: getItem,
  PutItem: putItem,
  UpdateItem: updateItem,
  DeleteItem: deleteItem,
};
