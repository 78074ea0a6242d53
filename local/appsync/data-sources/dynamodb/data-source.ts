import { DataSourceError, RequestError, requestMembers } from '../../data-source.js';
import type { DataSource } from '../../data-source.js';
import { type CancellationReason, DynamoDbError, type DynamoDbApi } from './api.js';
import { batchOperations } from './batch-requests.js';
import { itemOperations } from './item-requests.js';
import { pageOperations } from './page-requests.js';
import type { Operation } from './request.js';
import { plainItem } from './values.js';

const operations: Readonly<Record<string, Operation>> = { ...itemOperations, ...pageOperations, ...batchOperations };

/** Requests there are in AppSync and not here, and why. */
const notOffered: Readonly<Record<string, string>> = {
  Sync: 'Sync needs a versioned data source, which this runtime does not have.',
};

/**
 * A DynamoDB data source: AppSync's requests as DynamoDB's operations, and their results as AppSync gives them.
 * @param api the tables.
 * @param tableName the table of all operations but batches and transactions, which name theirs.
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/js-resolver-reference-dynamodb.html
 */
export function dynamoDbApiDataSource(api: DynamoDbApi, tableName: string): DataSource {
  return {
    kind: 'AMAZON_DYNAMODB',
    async invoke(call) {
      const request = requestMembers(call.request);
      const { operation } = request;
      if (typeof operation !== 'string') throw new RequestError("Value for field '$[operation]' not found.");
      if (request['_version'] !== undefined) {
        throw new RequestError('_version needs a versioned data source, which this runtime does not have.');
      }
      const execute = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
      if (execute === undefined) {
        throw new RequestError(notOffered[operation] ?? `Unsupported operation '${operation}'.`);
      }
      try {
        return await execute({ api, tableName, request });
      } catch (error) {
        throw error instanceof DynamoDbError ? dataSourceError(error) : error;
      }
    },
  };
}

/** The names of failures that AppSync passes on by themselves; all others are DynamoDbException. */
const named: ReadonlySet<string> = new Set([
  'ConditionalCheckFailedException',
  'TransactionCanceledException',
  'ResourceNotFoundException',
  'ProvisionedThroughputExceededException',
  'TransactionConflictException',
  'ItemCollectionSizeLimitExceededException',
  'RequestLimitExceeded',
  'InternalServerError',
]);

const reasonJson = ({ Code, Message, Item }: CancellationReason): object => ({
  type: Code,
  message: Message ?? null,
  item: Item === undefined ? null : plainItem(Item),
});

function dataSourceError(error: DynamoDbError): DataSourceError {
  const type = `DynamoDB:${named.has(error.name) ? error.name : 'DynamoDbException'}`;
  const message = `${error.message} (Service: DynamoDb, Status Code: 400)`;
  if (error.reasons.length > 0) {
    const cancellationReasons = error.reasons.map(reasonJson);
    return new DataSourceError(type, message, { items: null, keys: null, cancellationReasons });
  }
  return new DataSourceError(type, message, error.item === undefined ? null : plainItem(error.item));
}
