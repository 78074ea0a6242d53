import type { DynamoDBRecord } from 'aws-lambda';
import { changeOf } from '../persistence/dynamodb/stream.js';
import type { ItemChange } from '../persistence/table.js';

/** The changes a batch of a DynamoDB stream tells of, in its order; each one's position is its sequence number. */
export const changesOf = (records: readonly DynamoDBRecord[]): readonly ItemChange[] =>
  records.map((record) => ({
    position: record.dynamodb?.SequenceNumber ?? '',
    // A Lambda's records have the shapes of the stream's own, without what the SDK adds to their types.
    ...changeOf(record as Parameters<typeof changeOf>[0]),
  }));

/** What tells Lambda from which record on a batch must come again. https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html */
export interface BatchAnswer {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** The answer to a batch that is done, but for what stands at and behind the positions. */
export const failuresAt = (...positions: readonly (string | undefined)[]): BatchAnswer => ({
  batchItemFailures: positions.flatMap((position) => (position === undefined ? [] : [{ itemIdentifier: position }])),
});
