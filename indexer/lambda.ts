import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBStreamEvent, SQSEvent } from 'aws-lambda';
import { lambdaLog, named } from '../compose/lambda-log.js';
import { type Environment, optionalUrl, required } from '../compose/lambda-settings.js';
import { recoverOfTenants } from '../compose/of-tenants.js';
import { once } from '../compose/once.js';
import { openLambda } from '../compose/open-lambda.js';
import { readStreamBatch } from '../persistence/dynamodb/stream-batch.js';
import type { ItemKey } from '../persistence/table.js';
import { type DeadLetter, deadLetterOf, indexLetter, readDeadLetter } from './dead-letters.js';
import { type BatchIndexing, indexBatch } from './index-batch.js';
import { indexLag } from './index-lag.js';
import { type BatchAnswer, changesOf, failuresAt } from './stream-event.js';

/** The Lambda function on a table's stream: brings what was committed to the search index. */
const open = once(() => openIndexer(process.env));
// Begun while the function starts; a failure is told to the first event, which tries again.
open().catch(() => undefined);

/**
 * Takes a batch of the stream, or letters of the dead-letter queue, which name what could not be indexed before.
 * @returns from which record on the batch must come again; of letters, which stay in the queue.
 */
export const handler = async (event: DynamoDBStreamEvent | SQSEvent): Promise<BatchAnswer> => {
  const indexer = await open();
  return isOfQueue(event) ? indexer.letters(event) : indexer.batch(event);
};

const isOfQueue = (event: DynamoDBStreamEvent | SQSEvent): event is SQSEvent =>
  event.Records[0]?.eventSource === 'aws:sqs';

interface Indexer {
  batch(event: DynamoDBStreamEvent): Promise<BatchAnswer>;
  letters(event: SQSEvent): Promise<BatchAnswer>;
}

async function openIndexer(environment: Environment): Promise<Indexer> {
  const queue = required(environment, 'DEAD_LETTER_QUEUE_URL');
  const endpoint = optionalUrl(environment, 'SQS_ENDPOINT');
  const { server, bodies, settings, connections } = await openLambda(environment, { sealsPages: false });
  const { table, index } = server;
  const sqs = new SQSClient({
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(settings.region === undefined ? {} : { region: settings.region }),
  });
  const work: BatchIndexing = {
    index,
    bodies,
    recover: recoverOfTenants(server),
    onProblem({ what, error, version }) {
      lambdaLog.error({ ...named(error), ...version }, `indexing: ${what}`);
    },
  };

  async function setAside(items: readonly ItemKey[]): Promise<void> {
    for (let from = 0; from < items.length; from += mostLetters) {
      const entries = items
        .slice(from, from + mostLetters)
        .map((item, place) => ({ Id: String(place), MessageBody: deadLetterOf(item) }));
      const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl: queue, Entries: entries }));
      if (Failed.length > 0) throw new Error('The dead-letter queue takes nothing');
    }
  }

  return {
    async batch({ Records: records }) {
      const { again, refused, newest } = await indexBatch(changesOf(records), work);
      await setAside(refused); // what it throws makes the batch come again
      if (newest !== undefined) console.log(indexLag(settings.table, newest, Date.now()));
      return failuresAt(again);
    },
    async letters({ Records: records }) {
      const left: string[] = [];
      for (const record of records) {
        try {
          const letter: DeadLetter = readDeadLetter(record);
          await indexLetter(letter, {
            table,
            bodies,
            index,
            readBatch: (batch) => readStreamBatch(connections.dynamoDb.streams, batch),
          });
        } catch (error) {
          lambdaLog.error(named(error), 'indexing: a dead letter stays');
          left.push(record.messageId);
        }
      }
      return failuresAt(...left);
    },
  };
}

/** The most messages of one SendMessageBatch. */
const mostLetters = 10;
