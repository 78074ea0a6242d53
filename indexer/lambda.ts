import type { DynamoDBStreamEvent, SQSEvent } from 'aws-lambda';
import { lambdaLog, named, wordless } from '../compose/lambda-log.js';
import { type Environment, optional, optionalUrl, required } from '../compose/lambda-settings.js';
import { recoverOfTenants } from '../compose/of-tenants.js';
import { once } from '../compose/once.js';
import { openLambda } from '../compose/open-lambda.js';
import { readStreamBatch } from '../persistence/dynamodb/stream-batch.js';
import { ownName } from '../persistence/keys.js';
import type { ItemChange, ItemKey } from '../persistence/table.js';
import { type DeadLetter, deadLetterOf, indexLetter, readDeadLetter } from './dead-letters.js';
import { type BatchIndexing, indexBatch } from './index-batch.js';
import { indexLag } from './index-lag.js';
import { handedChange } from './look-at-change.js';
import { type Message, openQueues } from './queue.js';
import { type BatchAnswer, changesOf, failuresAt } from './stream-event.js';

/** The Lambda function on a table's stream: brings what was committed to the search index. */
const open = once(() => openIndexer(process.env));
// Begun while the function starts; a failure is told to the first event, which tries again.
open().catch(() => undefined);

/**
 * Takes a batch of the stream, or letters of the dead-letter queue, which name what could not be indexed before.
 * @returns from which record on the batch must come again; of letters, which stay in the queue.
 */
export const handler = wordless(async (event: DynamoDBStreamEvent | SQSEvent): Promise<BatchAnswer> => {
  const indexer = await open();
  return isOfQueue(event) ? indexer.letters(event) : indexer.batch(event);
});

const isOfQueue = (event: DynamoDBStreamEvent | SQSEvent): event is SQSEvent =>
  event.Records[0]?.eventSource === 'aws:sqs';

interface Indexer {
  batch(event: DynamoDBStreamEvent): Promise<BatchAnswer>;
  letters(event: SQSEvent): Promise<BatchAnswer>;
}

async function openIndexer(environment: Environment): Promise<Indexer> {
  const queue = required(environment, 'DEAD_LETTER_QUEUE_URL');
  const { server, bodies, settings, connections } = await openLambda(environment, { sealsPages: false });
  const { table, index } = server;
  const queues = openQueues({ endpoint: optionalUrl(environment, 'SQS_ENDPOINT'), region: settings.region });
  const changesQueue = optional(environment, 'CHANGES_QUEUE_URL');
  const work: BatchIndexing = {
    index,
    bodies,
    recover: recoverOfTenants(server),
    onProblem({ what, error, version }) {
      lambdaLog.error({ ...named(error), ...version }, `indexing: ${what}`);
    },
  };

  const setAside = (items: readonly ItemKey[]): Promise<void> =>
    queues.send(
      queue,
      items.map((item) => ({ body: deadLetterOf(item) })),
    );

  /** Hands on what is indexed to who looks for the Subscriptions that it concerns. */
  async function handOn(changes: readonly ItemChange[], again: string | undefined): Promise<void> {
    if (changesQueue === undefined) return;
    const end = changes.findIndex(({ position }) => position === again);
    await queues.send(changesQueue, (end < 0 ? changes : changes.slice(0, end)).flatMap(messageOf));
  }

  return {
    async batch({ Records: records }) {
      const changes = changesOf(records);
      const { again, refused, newest } = await indexBatch(changes, work);
      await setAside(refused); // what it throws makes the batch come again
      await handOn(changes, again);
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

/** The message of a change; none for what is no new version, or cannot be read, which the index tells of. */
function messageOf(change: ItemChange): readonly Message[] {
  try {
    const handed = handedChange(change);
    if (handed === undefined) return [];
    const { tenant, type, id, versionId } = handed;
    const order = { group: ownName(tenant, `${type}/${id}`), why: `version ${String(versionId)}` };
    return [{ body: JSON.stringify({ change: handed }), order }];
  } catch {
    return [];
  }
}
