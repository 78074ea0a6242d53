import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Calls } from '../aws-call.js';

/** Where calls go: a table, by its client, within bounds of time. */
export interface TablePlace {
  readonly client: DynamoDBClient;
  readonly name: string;
  readonly calls: Calls;
}
