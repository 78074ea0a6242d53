import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import {
  type AttributeValue as Attribute,
  CreateTableCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { history } from '../../interactions/history.js';
import { searchType } from '../../interactions/search-type.js';
import { type EmbeddedServers, openServers } from '../../local/compose.js';
import { migrate, type MigrationSource, type MigrationTarget } from '../../local/migrate/migrate.js';
import { fhirWorksKeys, fhirWorksVersions } from '../../persistence/dynamodb/fhir-works-table.js';
import { s3Client } from '../../persistence/s3/client.js';
import { ensureBucket } from '../../persistence/s3/ensure-bucket.js';
import { fhirWorksContent } from '../../persistence/s3/fhir-works-binaries.js';
import { tombstone } from '../../persistence/version.js';
import { callerOf } from '../support/server.js';
import { localClients } from './support/dynamodb.js';
import { openOnEngines } from './support/servers.js';

const caller = callerOf('practitioner');
const table = `fhir-works-${randomUUID()}`;
const bucket = `binaries-${randomUUID()}`;
const clients = localClients();
const { S3_ENDPOINT } = process.env;
const s3 = S3_ENDPOINT === undefined ? undefined : s3Client({ endpoint: S3_ENDPOINT, region: 'us-east-1' });

const source: MigrationSource = {
  keys: () => fhirWorksKeys(clients.client, table),
  versions: (key) => fhirWorksVersions(clients.client, table, key),
  ...(s3 === undefined ? {} : { content: (version) => fhirWorksContent(s3, bucket, version) }),
};

function attributeOf(value: unknown): Attribute {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: String(value) };
  if (typeof value === 'boolean') return { BOOL: value };
  if (value === null) return { NULL: true };
  if (Array.isArray(value)) return { L: value.map(attributeOf) };
  return { M: Object.fromEntries(Object.entries(value as object).map(([name, each]) => [name, attributeOf(each)])) };
}

/** An item as FHIR Works on AWS writes it; `minute` is when. */
async function put(id: string, vid: number, documentStatus: string, resource: object, minute = vid): Promise<void> {
  const [tenant, ownId] = id.includes('|') ? id.split('|') : [];
  const lastUpdated = `2021-06-01T10:0${String(minute)}:00.000Z`;
  const item = {
    ...resource,
    id,
    vid,
    documentStatus,
    lockEndTs: Date.parse('2021-06-01T12:00:00.000Z'),
    _references: ['Patient/b-patient'],
    ...(tenant === undefined ? {} : { _tenantId: tenant, _id: ownId }),
    meta: { versionId: String(vid), lastUpdated, tag: [{ code: 'old' }] },
  };
  const { M: Item = {} } = attributeOf(item);
  await clients.client.send(new PutItemCommand({ TableName: table, Item }));
}

const patient = (family: string): object => ({ resourceType: 'Patient', name: [{ family }], active: true });

beforeAll(async () => {
  await clients.client.send(
    new CreateTableCommand({
      TableName: table,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'id', AttributeType: 'S' },
        { AttributeName: 'vid', AttributeType: 'N' },
      ],
      KeySchema: [
        { AttributeName: 'id', KeyType: 'HASH' },
        { AttributeName: 'vid', KeyType: 'RANGE' },
      ],
    }),
  );
  await put('a-updated', 1, 'DELETED', patient('First')); // superseded ones are marked so
  await put('a-updated', 2, 'DELETED', patient('Second'));
  await put('a-updated', 3, 'AVAILABLE', patient('Third'));
  await put('b-patient', 1, 'AVAILABLE', patient('Observed'));
  await put('c-observation', 1, 'AVAILABLE', {
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'height' },
    subject: { reference: 'https://old.example.org/dev/Patient/b-patient' },
    valueQuantity: { value: 171.5, unit: 'cm' },
  });
  await put('d-deleted', 1, 'DELETED', patient('Gone'));
  await put('e-pending', 1, 'LOCKED', patient('Kept'));
  await put('e-pending', 2, 'PENDING', patient('Never'));
  await put('f-only-pending', 1, 'PENDING', patient('Never'));
  await put('g_bad_id', 1, 'AVAILABLE', patient('Bad'));
  await put('tenant-1|h-tenant', 1, 'AVAILABLE', patient('Tenant'));
  await put('i-binary', 1, 'AVAILABLE', { resourceType: 'Binary', contentType: 'text/plain' });
  if (s3 !== undefined) {
    await ensureBucket(s3, bucket, true);
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'i-binary_1.txt', Body: 'the content' }));
  }
});
afterAll(async () => {
  await clients.client.send(new DeleteTableCommand({ TableName: table }));
  clients.close();
  s3?.destroy();
});

const stores: Readonly<Record<string, (folder: string) => Promise<EmbeddedServers>>> = {
  'the embedded store': (folder) => openServers(folder),
  'DynamoDB and OpenSearch': (folder) => openOnEngines(folder, { error: () => undefined }),
};

describe.each(Object.entries(stores))('resources of FHIR Works on AWS, brought into %s', (_, open) => {
  const folder = mkdtempSync(join(tmpdir(), 'migrate-'));
  let servers: EmbeddedServers;
  const target = (): MigrationTarget => servers.servers.r4;
  const versionsOf = async (id: string, type = 'Patient'): Promise<readonly (readonly [number, string, boolean])[]> => {
    const found = await servers.servers.r4.store.history({ type, id }, { count: 10 });
    return found.map(({ versionId, lastUpdated, deleted }) => [versionId, lastUpdated, deleted] as const);
  };
  const bases = ['https://old.example.org/dev'];

  beforeAll(async () => {
    servers = await open(folder);
  });
  afterAll(async () => {
    await servers.close();
    rmSync(folder, { recursive: true });
  });

  test('are only counted by a dry run', async () => {
    const report = await migrate(source, target(), { bases, dryRun: true });
    expect(report).toMatchObject({ resources: 6, versions: 9, deleted: 1, there: 0, contents: 0, otherTenants: 1 });
    expect(await versionsOf('a-updated')).toEqual([]);
  });

  test('come with what was told of them, and what could not be is named', async () => {
    const report = await migrate(source, target(), { bases });
    expect(report).toMatchObject({ resources: 6, versions: 9, deleted: 1, there: 0, otherTenants: 1 });
    expect(report.contents).toBe(s3 === undefined ? 0 : 1);
    expect(report.failed).toEqual([{ resource: 'g_bad_id', why: 'its id is none of FHIR' }]);
    expect(report.notes.toSorted((a, b) => (a.note < b.note ? -1 : 1))).toEqual([
      { resource: 'Patient/e-pending', note: 'version 1 was held by a transaction (LOCKED): taken as it is read' },
      { resource: 'f-only-pending', note: 'version 1 was still being written (PENDING): left out' },
      { resource: 'Patient/e-pending', note: 'version 2 was still being written (PENDING): left out' },
    ]);
  });

  test('have all versions under their ids, numbers and instants', async () => {
    expect(await versionsOf('a-updated')).toEqual([
      [3, '2021-06-01T10:03:00.000Z', false],
      [2, '2021-06-01T10:02:00.000Z', false],
      [1, '2021-06-01T10:01:00.000Z', false],
    ]);
    const second = await servers.servers.r4.store.vread({ type: 'Patient', id: 'a-updated' }, 2);
    expect(JSON.parse(second?.body ?? '')).toEqual({
      resourceType: 'Patient',
      id: 'a-updated',
      meta: { versionId: '2', lastUpdated: '2021-06-01T10:02:00.000Z', tag: [{ code: 'old' }] },
      name: [{ family: 'Second' }],
      active: true,
    });
  });

  test('are deleted where they were, at the instant they were', async () => {
    expect(await versionsOf('d-deleted')).toEqual([
      [2, '2021-06-01T12:00:00.000Z', true],
      [1, '2021-06-01T10:01:00.000Z', false],
    ]);
  });

  test('stand in the history of their type, and in the compartment of their patient', async () => {
    const page = await history(servers.servers.r4, caller, { kind: 'type', type: 'Patient' }, []);
    expect(page.total).toBe(7);
    const observation = await servers.servers.r4.store.read({ type: 'Observation', id: 'c-observation' });
    expect(observation?.compartments).toContain('Patient/b-patient');
    expect(observation?.body).toContain('171.5');
  });

  (s3 === undefined ? test.skip : test)('have their Binaries’ contents', async () => {
    const { contents } = servers.servers.r4;
    const path = '_-/Binary/i-binary~1';
    expect(await contents?.head(path)).toEqual({ size: 11 });
    const read = await contents?.files?.read(path);
    if (read !== undefined) expect(await text(read)).toBe('the content');
  });

  test('are found by searches of the store they are in', async () => {
    if (target().table.atomicWritesCostMore) return; // on DynamoDB the stream brings them to the index
    const parameters = [['family', 'third']] as const;
    const found = await searchType(servers.servers.r4, caller, { type: 'Patient', parameters, handling: 'strict' });
    expect(found.total).toBe(1);
  });

  test('stay as they are when it is done again, and get what came since', async () => {
    await put('b-patient', 2, 'AVAILABLE', patient('Later'));
    const report = await migrate(source, target(), { bases });
    const Key = { id: { S: 'b-patient' }, vid: { N: '2' } };
    await clients.client.send(new DeleteItemCommand({ TableName: table, Key }));
    expect(report).toMatchObject({ resources: 1, there: 5 });
    expect((await versionsOf('b-patient')).map(([versionId]) => versionId)).toEqual([2, 1]);
  });

  test('are left alone where something else was written here since', async () => {
    const { store } = servers.servers.r4;
    const previous = await store.read({ type: 'Patient', id: 'a-updated' });
    if (previous === undefined) throw new Error('It is not there');
    await store.commit([{ kind: 'put', previous, next: tombstone(previous, Date.now()) }]);
    const { failed } = await migrate(source, target(), { bases });
    expect(failed).toContainEqual({ resource: 'Patient/a-updated', why: 'something else has its id here' });
    expect((await versionsOf('a-updated'))[0]?.slice(0, 3)).toEqual([4, expect.any(String), true]);
  });
});
