import { DataSourceError, RequestError } from '../../data-source.js';
import type { WireItem, WireMembers } from './api.js';
import { Expressions, isGiven, membersOf, type Operation, type OperationCall } from './request.js';
import { plainItem, wireItem } from './values.js';

const nextToken = (key: unknown): string | null =>
  key === undefined ? null : Buffer.from(JSON.stringify(key)).toString('base64url');

function startKey(token: unknown): WireMembers {
  if (!isGiven(token)) return {};
  try {
    const key: unknown = JSON.parse(Buffer.from(String(token), 'base64url').toString());
    return { ExclusiveStartKey: wireItem(key, 'nextToken') };
  } catch {
    throw new DataSourceError('DynamoDB:DynamoDbException', 'Invalid pagination token given.');
  }
}

/** Members that are passed on under DynamoDB's names. */
function passedOn({ request }: OperationCall, names: Readonly<Record<string, string>>): WireMembers {
  const { limit } = request;
  if (isGiven(limit) && (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1)) {
    throw new RequestError("Value for field '$[limit]' is no positive integer.");
  }
  return Object.fromEntries(
    Object.entries(names).flatMap(([name, as]) => (isGiven(request[name]) ? [[as, request[name]]] : [])),
  );
}

const page = async (
  { api, tableName, request }: OperationCall,
  operation: 'Query' | 'Scan',
  input: WireMembers,
): Promise<unknown> => {
  const found = await api.send(operation, { TableName: tableName, ...input, ...startKey(request['nextToken']) });
  return {
    items: (found['Items'] as readonly WireItem[]).map(plainItem),
    nextToken: nextToken(found['LastEvaluatedKey']),
    scannedCount: found['ScannedCount'],
  };
};

const common = { index: 'IndexName', limit: 'Limit', consistentRead: 'ConsistentRead' };

const expressionsOf = ({ request }: OperationCall): Expressions =>
  new Expressions()
    .add('FilterExpression', request['filter'], 'filter')
    .add('ProjectionExpression', request['projection'], 'projection');

/** Query and Scan, by AppSync's names. */
export const pageOperations: Readonly<Record<string, Operation>> = {
  Query: (call) => {
    membersOf(call.request['query'], 'query');
    const { input } = expressionsOf(call).add('KeyConditionExpression', call.request['query'], 'query');
    return page(call, 'Query', {
      ...input,
      ...passedOn(call, { ...common, select: 'Select', scanIndexForward: 'ScanIndexForward' }),
    });
  },
  Scan: (call) =>
    page(call, 'Scan', {
      ...expressionsOf(call).input,
      ...passedOn(call, { ...common, select: 'Select', totalSegments: 'TotalSegments', segment: 'Segment' }),
    }),
};
