import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { Client } from '@opensearch-project/opensearch';
import type { Resource } from '../../../fhir/resource.js';
import type { handler as indexer } from '../../../indexer/lambda.js';
import { openAwsIndices } from '../../../local/compose-aws.js';
import type { EmbeddedServers } from '../../../local/compose.js';
import { readSettings } from '../../../local/settings.js';
import type { DynamoDbClients } from '../../../persistence/dynamodb/client.js';
import { ensureTable } from '../../../persistence/dynamodb/ensure-table.js';
import { localCredentials, s3Client } from '../../../persistence/s3/client.js';
import { ensureBucket } from '../../../persistence/s3/ensure-bucket.js';
import type { ResourceWrite } from '../../../persistence/resource-store.js';
import { nextVersion, tombstone } from '../../../persistence/version.js';
import { createIndex } from '../../../search/opensearch/create-index.js';
import { localClients } from '../../engines/support/dynamodb.js';
import { asEvent, type DeadLetterQueue, startDeadLetterQueue } from '../support/dead-letter-queue.js';
import { driftNow } from '../support/drift-of.js';
import { openSearch } from '../support/engine-faults.js';
import type { EngineCall, Fault } from '../support/fault-proxy.js';
import { type FaultyEngines, startFaultyEngines } from '../support/faulty-engines.js';
import { chanceOf, runs, seed } from '../support/seed.js';
import { deliverBadly, readShards } from '../support/stream-delivery.js';
import { stormy } from '../support/weather.js';

// The function on the table's stream, its engines in trouble, and records that come twice, late or never: what it cannot
// index stands in the dead-letter queue, all else is indexed, and letters that come back are indexed as things are then.

let engines: FaultyEngines;
let queue: DeadLetterQueue;
let clients: DynamoDbClients;
let opened: EmbeddedServers;
let handler: typeof indexer;
let table: string;
let streamArn: string;
const folder = mkdtempSync(join(tmpdir(), 'fhir-chaos-'));
const before = { ...process.env };

beforeAll(async () => {
  jest.spyOn(console, 'log').mockImplementation(() => undefined); // the function's log, and its metrics
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
  engines = await startFaultyEngines();
  queue = await startDeadLetterQueue();
  clients = localClients();
  table = `${engines.direct['TABLE_PREFIX'] ?? ''}-r4`;
  await ensureTable(clients.client, table, true);
  const { Table } = await clients.client.send(new DescribeTableCommand({ TableName: table }));
  streamArn = Table?.LatestStreamArn ?? '';
  const search = new Client({ node: engines.direct['OPENSEARCH_ENDPOINT'] ?? '' });
  await createIndex(search, table, { replicas: 0 });
  await search.close();
  const s3Endpoint = engines.direct['S3_ENDPOINT'];
  if (s3Endpoint !== undefined) {
    const bucket = s3Client({ endpoint: s3Endpoint, region: 'us-east-1' });
    await ensureBucket(bucket, 'chaos', true);
    bucket.destroy();
  }
  const settings = readSettings({ ...process.env, ...engines.direct });
  if (settings.engines.kind !== 'aws') throw new Error('The settings name no engines');
  opened = await openAwsIndices(settings.engines, folder);
  Object.assign(process.env, engines.environment, {
    FHIR_VERSION: 'r4',
    TABLE_NAME: table,
    INDEX_ALIAS: table,
    DEAD_LETTER_QUEUE_URL: queue.url,
    SQS_ENDPOINT: queue.endpoint,
    AWS_ACCESS_KEY_ID: localCredentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: localCredentials.secretAccessKey,
  });
  ({ handler } = await import('../../../indexer/lambda.js'));
});
afterAll(async () => {
  process.env = before;
  await opened.close();
  clients.close();
  await queue.close();
  await engines.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Whether the function is given what OpenSearch cannot take, whatever is tried. */
let isPoisonous = true;
const poison = /^poison-/;

/** Documents of poison are refused; with others, the whole request is. */
function refusingPoison({ operation, body }: EngineCall): Fault | undefined {
  if (!isPoisonous || !operation.endsWith('_bulk')) return undefined;
  const ids = [...body.toString().matchAll(/"_id":"([^"]*)"/g)].map(([, id = '']) => id);
  const poisoned = ids.filter((id) => id.includes('#poison-'));
  if (poisoned.length === 0) return undefined;
  const isAlone = poisoned.length === ids.length;
  const error = { type: 'mapper_parsing_exception', reason: 'failed to parse' };
  const items = ids.map((_id) => ({ index: { _id, status: 400, error } }));
  const answer = isAlone ? { took: 1, errors: true, items } : { error, status: 400 };
  const headers = { 'content-type': 'application/json' };
  return { kind: 'answered', answer: { status: isAlone ? 200 : 400, headers, body: JSON.stringify(answer) } };
}

/** Creates, updates and deletes resources, some with bodies in S3. */
async function write(count: number): Promise<readonly string[]> {
  const { store } = opened.servers.r4;
  const poisoned: string[] = [];
  for (let at = 0; at < count; at += 1) {
    const chance = chanceOf('written', at);
    const isPoison = at % 10 === 3;
    const id = `${isPoison ? 'poison' : 'patient'}-${String(at)}`;
    if (isPoison) poisoned.push(id);
    const versions = 1 + chance.below(4);
    for (let version = 1; version <= versions; version += 1) {
      const previous = await store.read({ type: 'Patient', id });
      const known = previous === undefined ? {} : { previous };
      const now = Date.now();
      const isDeleted = !isPoison && version === versions && version > 1 && chance.once(4);
      const text = engines.hasS3 && chance.once(20) ? 'x'.repeat(400_000) : String(version);
      const resource: Resource = { resourceType: 'Patient', id, name: [{ text }] };
      const next =
        isDeleted && previous !== undefined
          ? tombstone(previous, now)
          : nextVersion({ resource, ...known, method: 'PUT', now, id, compartments: [`Patient/${id}`] });
      const put: ResourceWrite = { kind: 'put', next, ...known };
      expect(await store.commit([put])).toEqual({ committed: true });
    }
  }
  return poisoned;
}

let poisoned: readonly string[];

/** So often letters are moved back: a busy machine may answer too late. */
const mostTries = 20;
/** Moves the letters back to the function; those that it cannot do stay. */
async function redrive(): Promise<void> {
  const letters = queue.letters.splice(0);
  const { batchItemFailures } = await handler(asEvent(letters));
  queue.letters.push(...batchItemFailures.map(({ itemIdentifier }) => letters[Number(itemIdentifier)] ?? ''));
}

test(`records in a storm (CHAOS_SEED=${String(seed)})`, async () => {
  poisoned = await write(30 * runs);
  const shards = await readShards(clients.streams, streamArn);
  engines.faultOf = (engine, call) =>
    (engine === openSearch ? refusingPoison(call) : undefined) ?? stormy(engine, call);
  let sent = 0;
  queue.isOut = () => chanceOf('queue', (sent += 1)).once(4);
  for (const [at, shard] of shards.entries()) {
    queue.letters.push(...(await deliverBadly(handler, streamArn, shard, chanceOf('delivery', at))));
  }
  engines.faultOf = (engine, call) => (engine === openSearch ? refusingPoison(call) : undefined);
  queue.isOut = () => false;
  process.stdout.write(`CHAOS_SEED=${String(seed)} ${String(queue.letters.length)} letters\n`);
});

test('letters of poison stay, while those of others are indexed', async () => {
  const differing = async (): Promise<readonly string[]> =>
    (await driftNow(opened.servers.r4)).map((line) => line.split(' ')[0]?.split('/')[1] ?? '');
  let drifts: readonly string[] = [];
  for (let tries = 0; tries < mostTries; tries += 1) {
    await redrive();
    drifts = await differing();
    if (drifts.every((id) => poison.test(id))) break;
  }
  expect(new Set(drifts)).toEqual(new Set(poisoned));
  expect(queue.letters.length).toBeGreaterThan(0);
});

test('once what was wrong is mended, letters that come back are indexed as things are now', async () => {
  isPoisonous = false;
  for (let tries = 0; queue.letters.length > 0 && tries < mostTries; tries += 1) await redrive();
  expect(queue.letters).toEqual([]);
  expect(await driftNow(opened.servers.r4)).toEqual([]);
});
