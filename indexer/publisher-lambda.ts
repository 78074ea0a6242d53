import type { DynamoDBStreamEvent } from 'aws-lambda';
import { lambdaLog, named } from '../compose/lambda-log.js';
import { optionalUrl, required } from '../compose/lambda-settings.js';
import { once } from '../compose/once.js';
import { SettingsError } from '../compose/settings-error.js';
import { publishBatch } from './publish-batch.js';
import { publishToAppSync } from './publish-to-appsync.js';
import { type BatchAnswer, changesOf, failuresAt } from './stream-event.js';

/** The second Lambda function on a table's stream: tells AppSync's subscribers of every change. */
const open = once(() => Promise.resolve(openPublisher()));

/** Takes a batch of the stream. @returns from which record on it must come again. */
export const handler = async ({ Records: records }: DynamoDBStreamEvent): Promise<BatchAnswer> => {
  const publish = await open();
  const again = await publishBatch(changesOf(records), publish, ({ what, error, version }) => {
    lambdaLog.error({ ...named(error), ...version }, `publishing: ${what}`);
  });
  return failuresAt(again);
};

function openPublisher(): ReturnType<typeof publishToAppSync> {
  const url = optionalUrl(process.env, 'APPSYNC_URL');
  if (url === undefined) throw new SettingsError('APPSYNC_URL is not set');
  const { AWS_SESSION_TOKEN: sessionToken } = process.env;
  return publishToAppSync({
    url,
    region: required(process.env, 'AWS_REGION'),
    // Lambda gives a function its role's credentials so, for as long as the process lives.
    credentials: {
      accessKeyId: required(process.env, 'AWS_ACCESS_KEY_ID'),
      secretAccessKey: required(process.env, 'AWS_SECRET_ACCESS_KEY'),
      ...(sessionToken === undefined ? {} : { sessionToken }),
    },
    onRefused: ({ type, id, versionId }) => {
      lambdaLog.error({ type, id, versionId }, 'publishing: the API has no such type');
    },
  });
}
