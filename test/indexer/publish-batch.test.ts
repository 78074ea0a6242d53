import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { publishBatch, type Publishing } from '../../indexer/publish-batch.js';
import { publishMutation, publishVariables } from '../../indexer/publish-mutation.js';
import { publishToAppSync } from '../../indexer/publish-to-appsync.js';
import { defaultTenant } from '../../persistence/keys.js';
import type { ResourceChange } from '../../indexer/resource-change.js';
import { tellOfJob } from '../../interactions/jobs/job-notice.js';
import { readJob } from '../../interactions/jobs/read-job.js';
import { verifySignature } from '../../local/appsync/authorization/signature-v4.js';
import { type Job, jobItems } from '../../persistence/job.js';
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
      {
        publish({ id, versionId }) {
          if (id === 'a' && versionId === 1) return Promise.reject(new Error('not now'));
          told.push(`${id}/${String(versionId)}`);
          return Promise.resolve();
        },
        publishJob: () => Promise.reject(new Error('there are none')),
      },
      () => undefined,
    );
    expect(told).toEqual(['b/1', 'b/2']);
    expect(again).toBe(changes.find(({ key }) => key.pk.endsWith('#a'))?.position);
  });
});

describe('jobs in a batch of the stream', () => {
  const job: Job = {
    id: '0c0ffee0-0000-4000-8000-000000000000',
    kind: 'export',
    state: 'running',
    subject: 'sub',
    client: 'web',
    request: '$export',
    segments: 2,
    created: 1,
  };
  /** What a subscriber of everything is told of a job. @param meanwhile is done while the first is told. */
  async function toldOf(meanwhile: () => Promise<unknown> = () => Promise.resolve()): Promise<unknown[]> {
    const told: unknown[] = [];
    const items = jobItems(table, defaultTenant);
    const publishing: Publishing = {
      publish: () => Promise.reject(new Error('there are none')),
      publishJob: (change) =>
        tellOfJob(
          {
            read: (id) => readJob(items, id, 5),
            async publish({ state, percent }) {
              if (told.push([state, percent]) === 1) await meanwhile();
            },
          },
          change,
        ),
    };
    const again = await publishBatch(await table.changes({ limit: 100 }), publishing, () => undefined);
    expect(again).toBeUndefined();
    return told;
  }

  test('are told once each, as they are by now', async () => {
    const items = jobItems(table, defaultTenant);
    await items.begin(job, {}, [{}, {}]);
    const [first] = await items.segments(job.id);
    if (first === undefined) throw new Error('It has no segment');
    await items.save(job.id, { ...first, done: true });
    expect(await toldOf()).toEqual([['running', 50]]);
    await items.end({ ...job, state: 'complete', ended: 2, expires: 9 });
    expect(await toldOf()).toEqual([['complete', 100]]);
    await items.remove(job.id);
    expect(await toldOf()).toEqual([['removed', 100]]);
  });

  test('that end, or go, while they are told are told once more: the last word is how they are', async () => {
    const items = jobItems(table, defaultTenant);
    await items.begin(job, {}, [{}, {}]);
    const over: Job = { ...job, state: 'failed', ended: 2, expires: 9 };
    expect(await toldOf(() => items.end(over))).toEqual([
      ['running', 0],
      ['failed', 0],
    ]);
    expect(await toldOf(() => items.remove(job.id))).toEqual([
      ['failed', 0],
      ['removed', 0],
    ]);
  });

  test('that are removed are told so, whatever a worker wrote of their parts behind it', async () => {
    const items = jobItems(table, defaultTenant);
    await items.begin(job, {}, [{}, {}]);
    const part = (await table.changes({ limit: 100 })).find(({ key }) => key.sk.startsWith('segment-'));
    expect(part).toBeDefined();
    await toldOf();
    const read = (await table.changes({ limit: 100 })).length;
    await items.remove(job.id);
    const removed = (await table.changes({ limit: 100 })).slice(read);
    const told: string[] = [];
    await publishBatch(
      [...removed, ...(part === undefined ? [] : [part])],
      {
        publish: () => Promise.resolve(),
        publishJob: ({ removed: gone }) => {
          told.push(gone === undefined ? 'there' : 'removed');
          return Promise.resolve();
        },
      },
      () => undefined,
    );
    expect(told).toContain('removed');
  });

  test('come again when they cannot be told', async () => {
    await jobItems(table, defaultTenant).begin(job, {}, [{}]);
    const changes = await table.changes({ limit: 100 });
    const again = await publishBatch(
      changes,
      { publish: () => Promise.resolve(), publishJob: () => Promise.reject(new Error('not now')) },
      () => undefined,
    );
    expect(again).toBe(changes.at(-2)?.position); // the job: behind it are its places, before it what it is made of
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

  const refused: unknown[] = [];
  const publish = (): Promise<void> =>
    publishToAppSync({
      url,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'AKID', secretAccessKey: 'a secret', sessionToken: 'a session' },
      onRefused: (each) => refused.push(each),
    })(publishMutation, publishVariables(change));

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
    expect(refused).toEqual([publishVariables(change)]);
  });
});
