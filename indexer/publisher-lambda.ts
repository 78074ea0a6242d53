import type { DynamoDBStreamEvent } from 'aws-lambda';
import { lambdaLog, named, wordless } from '../compose/lambda-log.js';
import { type Environment, optional, optionalUrl, required } from '../compose/lambda-settings.js';
import { once } from '../compose/once.js';
import { SettingsError } from '../compose/settings-error.js';
import { tellOfJob } from '../interactions/jobs/job-notice.js';
import { readJob } from '../interactions/jobs/read-job.js';
import { jobItems } from '../persistence/job.js';
import type { Table } from '../persistence/table.js';
import { publishBatch, type Publishing } from './publish-batch.js';
import { publishJobMutation, publishJobVariables, publishMutation, publishVariables } from './publish-mutation.js';
import { publishToAppSync } from './publish-to-appsync.js';
import { type BatchAnswer, changesOf, failuresAt } from './stream-event.js';

/** The second Lambda function on a table's stream: tells AppSync's subscribers of every change, and how jobs are. */
const open = once(() => Promise.resolve(openPublisher(process.env)));

/** Takes a batch of the stream. @returns from which record on it must come again. */
export const handler = wordless(async ({ Records: records }: DynamoDBStreamEvent): Promise<BatchAnswer> => {
  const publishing = await open();
  const again = await publishBatch(changesOf(records), publishing, ({ what, error, version }) => {
    lambdaLog.error({ ...named(error), ...version }, `publishing: ${what}`);
  });
  return failuresAt(again);
});

function openPublisher(environment: Environment): Publishing {
  const url = optionalUrl(environment, 'APPSYNC_URL');
  if (url === undefined) throw new SettingsError('APPSYNC_URL is not set');
  const sessionToken = optional(environment, 'AWS_SESSION_TOKEN');
  const publish = publishToAppSync({
    url,
    region: required(environment, 'AWS_REGION'),
    // Lambda gives a function its role's credentials so, for as long as the process lives.
    credentials: {
      accessKeyId: required(environment, 'AWS_ACCESS_KEY_ID'),
      secretAccessKey: required(environment, 'AWS_SECRET_ACCESS_KEY'),
      ...(sessionToken === undefined ? {} : { sessionToken }),
    },
    onRefused: ({ type, id, versionId }) => {
      lambdaLog.error({ type, id, versionId }, 'publishing: the API has no such type, or mutation');
    },
  });
  const table = once(() => openTable(environment));
  return {
    publish: (change) => publish(publishMutation, publishVariables(change)),
    async publishJob(change) {
      const items = jobItems(await table(), change.tenant);
      await tellOfJob(
        {
          read: (id) => readJob(items, id, Date.now()),
          publish: (notice) => publish(publishJobMutation, publishJobVariables(notice)),
        },
        change,
      );
    },
  };
}

/** The table, to read jobs: nothing of DynamoDB is loaded before one changes. */
async function openTable(environment: Environment): Promise<Table> {
  const [{ dynamoDbClients }, { dynamoDbTable }] = await Promise.all([
    import('../persistence/dynamodb/client.js'),
    import('../persistence/dynamodb.js'),
  ]);
  const endpoint = optionalUrl(environment, 'DYNAMODB_ENDPOINT');
  const clients = dynamoDbClients(endpoint === undefined ? {} : { endpoint });
  return dynamoDbTable({ ...clients, name: required(environment, 'TABLE_NAME') });
}
