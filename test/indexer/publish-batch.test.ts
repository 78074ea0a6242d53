import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { publishBatch } from '../../indexer/publish-batch.js';
import { publishToAppSync } from '../../indexer/publish-to-appsync.js';
import { defaultTenant } from '../../persistence/keys.js';
import type { ResourceChange } from '../../indexer/resource-change.js';
import { verifySignature } from '../../local/appsync/authorization/signature-v4.js';
import { createResourceStore } from '../../persistence/store.js';
import { nextVersion } from '../../persistence/version.js';
import { memoryTable } from '../support/memory-table.js';

// What tells AppSync's subscribers, as the Lambda function on the stream has it.

let table: ReturnType<typeof memoryTable>;
beforeEach(() => {
  table = memoryTable();
});

async function put(id: string, text = 'x'): Promise<void> {
  const store = createResourceStore(table);
  const previous = await store.read({ type: 'Patient', id });
  const known = previous === undefined ? {} : { previous };
  const resource = { resourceType: 'Patient', text };
  const next = nextVersion({ resource, ...known, method: 'PUT', now: Date.now(), id, compartments: ['Patient/a'] });
  await store.commit([{ kind: 'put', next, ...known }]);
}

describe('a batch of the stream', () => {
  test('is told change by change; those of a resource wait for each other, and one that fails ends them', async () => {
    for (const id of ['a', 'b', 'a', 'b']) await put(id, Math.random().toString());
    const changes = await table.changes({ limit: 100 });
    const told: string[] = [];
    const again = await publishBatch(
      changes,
      ({ id, versionId }) => {
        if (id === 'a' && versionId === 1) return Promise.reject(new Error('not now'));
        told.push(`${id}/${String(versionId)}`);
        return Promise.resolve();
      },
      () => undefined,
    );
    expect(told).toEqual(['b/1', 'b/2']);
    expect(again).toBe(changes.find(({ key }) => key.pk.endsWith('#a'))?.position);
  });
});

describe('the mutation', () => {
  const change: ResourceChange = {
    tenant: defaultTenant,
    type: 'Patient',
    id: 'a',
    versionId: 2,
    action: 'update',
    lastUpdated: '2026-01-01T00:00:00.000Z',
    compartments: ['Patient/a'],
  };
  let server: Server;
  let url: string;
  let answer: { status: number; body: object };
  let seen: { signedBy: string; variables: unknown }[];
  beforeEach(async () => {
    seen = [];
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const { method = '', url: path = '', headers } = request;
        const signedBy = verifySignature({ method, url: path, headers, body }, () => 'a secret', Date.now);
        seen.push({ signedBy, variables: (JSON.parse(body) as { variables: unknown }).variables });
        response.statusCode = answer.status;
        response.end(JSON.stringify(answer.body));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/graphql`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  const refused: ResourceChange[] = [];
  const publish = (): Promise<void> =>
    publishToAppSync({
      url,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'AKID', secretAccessKey: 'a secret', sessionToken: 'a session' },
      onRefused: (each) => refused.push(each),
    })(change);

  test('is signed, and tells what names the version', async () => {
    answer = { status: 200, body: { data: { publishChange: {} } } };
    await publish();
    const { type, id, action, lastUpdated, compartments } = change;
    const variables = { type, id, versionId: '2', action, lastUpdated, compartments };
    expect(seen).toEqual([{ signedBy: 'AKID', variables }]);
  });

  test.each([
    { status: 500, body: {} },
    { status: 401, body: { errors: [{ errorType: 'UnauthorizedException' }] } },
    { status: 200, body: { data: null, errors: [{ errorType: 'Lambda:Unhandled' }] } },
  ])('is to come again after %j', async (given) => {
    answer = given;
    await expect(publish()).rejects.toThrow('AppSync answers');
  });

  test('is passed over when the schema lacks the type', async () => {
    answer = { status: 400, body: { errors: [{ errorType: 'BadRequestException' }] } };
    await publish();
    expect(refused).toEqual([change]);
  });
});
