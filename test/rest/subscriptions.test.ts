import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Principal } from '../../auth/principal.js';
import { fhirVersions } from '../../fhir/version.js';
import type { NotifyingProblem } from '../../indexer/subscriber.js';
import { type Receiver, type Received, startReceiver, until } from '../support/receiver.js';
import {
  type AnswerJson,
  isOnDynamoDb,
  startTestServer,
  type TestResponse,
  type TestServer,
} from '../support/server.js';

const smart = (scopes: string): Principal => ({
  subject: 'app',
  username: 'app',
  clientId: 'app',
  groups: ['practitioner'],
  scopes: scopes.split(' '),
});

let server: TestServer;
let receiver: Receiver;
const problems: NotifyingProblem[] = [];
beforeAll(async () => {
  receiver = await startReceiver();
  server = await startTestServer({
    authorization: 'roles+smart',
    subscriptions: { prefixes: [`${receiver.url}/hooks`], privateAddresses: true },
    notifying: { attempts: 3, pause: 1 },
    onNotifying: (problem) => void problems.push(problem),
    principals: {
      'labs-only': smart('user/Subscription.cruds user/Observation.rs?category=laboratory'),
      'no-observations': smart('user/Subscription.cruds user/Patient.rs'),
    },
  });
});
beforeEach(() => {
  problems.length = 0;
});
afterEach(() => {
  receiver.answer = () => 200;
});
afterAll(async () => {
  await server.close();
  await receiver.close();
  expect(server.logged).toEqual([]);
});

/** What a Subscription's answer has beside what all have. */
interface SubscriptionJson extends AnswerJson {
  readonly status: string;
  readonly error?: string;
}

describe.each(fhirVersions)('A Subscription of %s', (version) => {
  let hooks = 0;
  /** An endpoint of its own for each test. */
  const newHook = (): string => `/hooks/${version}-${String((hooks += 1))}`;
  const send = (method: string, path: string, body?: unknown, as = 'practitioner'): Promise<TestResponse> =>
    server.send(method, `/${version}/${path}`, { as, ...(body === undefined ? {} : { body }) });
  const subscription = (
    hook: string,
    more: { criteria?: string; channel?: object; [element: string]: unknown } = {},
  ) => ({
    resourceType: 'Subscription',
    status: 'requested',
    reason: 'test',
    criteria: 'Observation?code=http://loinc.org|1234-5',
    ...more,
    channel: { type: 'rest-hook', endpoint: receiver.url + hook, ...more.channel },
  });
  const read = async (id: string): Promise<SubscriptionJson> =>
    (await send('GET', `Subscription/${id}`)).json as SubscriptionJson;
  const inStatus = (id: string, status: string): Promise<SubscriptionJson> =>
    until(async () => {
      const found = await read(id);
      return found.status === status && found;
    });
  const subscribe = async (resource: object, as?: string): Promise<string> => {
    const { status, json } = await send('POST', 'Subscription', resource, as);
    expect([status, json.issue, (json as SubscriptionJson).status]).toEqual([201, undefined, 'requested']);
    await inStatus(json.id, 'active');
    return json.id;
  };
  const observation = (more: object = {}): object => ({
    resourceType: 'Observation',
    status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code: '1234-5' }] },
    ...more,
  });
  const observe = async (more: object = {}): Promise<AnswerJson> =>
    (await send('POST', 'Observation', observation(more))).json;
  const to = (hook: string): Received[] => receiver.received.filter(({ path }) => path.startsWith(hook));
  /** Notifications, without the handshake. */
  const told = (hook: string): Received[] => to(hook).slice(1);
  const json = { payload: 'application/fhir+json' };

  test('becomes active when its endpoint answers, and sends what is created and updated as PUT', async () => {
    const hook = newHook();
    const header = ['Authorization: Bearer secret', 'X-Purpose:  test'];
    const id = await subscribe(subscription(hook, { channel: { ...json, header } }));
    const created = await observe();
    await send('PUT', `Observation/${created.id}`, observation({ id: created.id, status: 'amended' }));
    await until(() => told(hook).length >= 2);
    const [handshake, first, second] = to(hook);
    expect([handshake?.method, handshake?.path, handshake?.body]).toEqual(['HEAD', hook, '']);
    expect([first?.method, first?.path]).toEqual(['PUT', `${hook}/Observation/${created.id}`]);
    expect(first?.headers).toMatchObject({
      'content-type': 'application/fhir+json',
      authorization: 'Bearer secret',
      'x-purpose': 'test',
    });
    expect(JSON.parse(first?.body ?? '')).toEqual(created);
    expect(JSON.parse(second?.body ?? '')).toMatchObject({ status: 'amended', meta: { versionId: '2' } });
    const { text } = await send('GET', `Subscription/${id}/_history`);
    expect(text).not.toContain('principal'); // whose rights count is kept beside the resource
  });

  test('without a payload sends nothing of it: a POST without a body', async () => {
    const hook = newHook();
    await subscribe(subscription(hook));
    await observe();
    await until(() => told(hook).length >= 1);
    for (const { method, path, body, headers } of to(hook)) {
      expect([method, path, body, headers['content-length']]).toEqual(['POST', hook, '', '0']);
    }
  });

  test('is told of what matches only, as it is after the change, and not of deletions', async () => {
    const hook = newHook();
    await subscribe(
      subscription(hook, { criteria: 'Observation?code=http://loinc.org|1234-5&status=final', channel: json }),
    );
    const other = await observe({ status: 'preliminary' });
    await send('POST', 'Patient', { resourceType: 'Patient' });
    const matching = await observe();
    await send('PUT', `Observation/${matching.id}`, observation({ id: matching.id, status: 'amended' }));
    await send('DELETE', `Observation/${matching.id}`);
    await send('PUT', `Observation/${other.id}`, observation({ id: other.id }));
    const last = await observe();
    await until(() => told(hook).some(({ path }) => path.endsWith(last.id)));
    // The first is deleted by the time it may be told.
    const ids = told(hook).map(({ path }) => path.split('/').at(-1));
    expect(ids.filter((id) => id !== matching.id)).toEqual([other.id, last.id]);
    expect(ids.filter((id) => id === matching.id).length).toBeLessThanOrEqual(1);
  });

  test('is told by transactions as well, of each resource in its order', async () => {
    const hook = newHook();
    await subscribe(subscription(hook, { channel: json }));
    const entry = ['a', 'b'].map((id) => ({
      resource: observation({ id: `${version}-${id}` }),
      request: { method: 'PUT', url: `Observation/${version}-${id}` },
    }));
    for (let round = 0; round < 3; round += 1) {
      await send('POST', '', { resourceType: 'Bundle', type: 'transaction', entry });
    }
    await until(() => told(hook).length >= 6);
    for (const id of ['a', 'b']) {
      const versions = told(hook)
        .filter(({ path }) => path.endsWith(`-${id}`))
        .map(({ body }) => (JSON.parse(body) as AnswerJson).meta.versionId);
      expect(versions).toEqual(['1', '2', '3']);
    }
  });

  test('is told of what comes while its endpoint is asked, and while it is changed itself', async () => {
    const hook = newHook();
    const { json: created } = await send('POST', 'Subscription', subscription(hook, { channel: json }));
    const early = await observe();
    await inStatus(created.id, 'active');
    const { status } = await send('PUT', `Subscription/${created.id}`, {
      ...(await read(created.id)),
      reason: 'other',
    });
    expect(status).toBe(200);
    const late = await observe();
    await until(() => to(hook).some(({ path }) => path.endsWith(late.id)));
    const puts = to(hook).filter(({ method }) => method === 'PUT');
    expect(puts.map(({ path }) => path.split('/').at(-1))).toEqual([early.id, late.id]);
  });

  test('is tried again when the endpoint fails for a while; the order stays', async () => {
    const hook = newHook();
    await subscribe(subscription(hook, { channel: json }));
    let failures = 2;
    receiver.answer = ({ path }) => (path.startsWith(hook) && (failures -= 1) >= 0 ? 503 : 200);
    const ids = [(await observe()).id, (await observe()).id];
    await until(() => told(hook).length >= 4);
    const [first = '', second = ''] = ids;
    expect(told(hook).map(({ path }) => path.split('/').at(-1))).toEqual([first, first, first, second]);
  });

  test('fails when it cannot be told, says why, and goes on where it was when it is requested again', async () => {
    const hook = newHook();
    const id = await subscribe(subscription(hook, { channel: json }));
    receiver.answer = ({ path }) => (path.startsWith(`${hook}/`) ? 500 : 200);
    const missed = await observe();
    const failed = await inStatus(id, 'error');
    expect(failed.error).toBe(`Observation/${missed.id}/_history/1 could not be told in 3 attempts: it answered 500`);
    expect(problems.map(({ what, subscription: of }) => [what, of])).toContainEqual(['a subscription failed', id]);
    receiver.answer = () => 200;
    const { status } = await send('PUT', `Subscription/${id}`, { ...failed, status: 'requested' });
    expect(status).toBe(200);
    const active = await inStatus(id, 'active');
    expect(active.error).toBeUndefined();
    await until(() => to(hook).filter(({ method }) => method === 'PUT').length >= 4); // three failed, one went through
  });

  test.each([
    ['does not answer', 500],
    ['leads elsewhere', { status: 307, location: 'http://127.0.0.1:1/' }],
    ['refuses', 401],
  ])('fails at once when its endpoint %s', async (_, answer) => {
    const hook = newHook();
    receiver.answer = ({ path }) => (path.startsWith(hook) ? answer : 200);
    const { json: created } = await send('POST', 'Subscription', subscription(hook));
    const { error } = await inStatus(created.id, 'error');
    expect(error).toMatch(/^The endpoint cannot be notified: it answered \d+$/);
  });

  test('that is off, over or deleted is told no more', async () => {
    const [off, over, deleted, on] = [newHook(), newHook(), newHook(), newHook()];
    const offId = await subscribe(subscription(off));
    const deletedId = await subscribe(subscription(deleted));
    const { json: past } = await send('POST', 'Subscription', subscription(over, { end: '2020-01-01T00:00:00Z' }));
    await inStatus(past.id, 'off');
    await send('PUT', `Subscription/${offId}`, { ...(await read(offId)), status: 'off' });
    await send('DELETE', `Subscription/${deletedId}`);
    await subscribe(subscription(on));
    await observe();
    await until(() => told(on).length >= 1);
    expect([told(off), told(deleted), to(over)]).toEqual([[], [], []]);
    expect((await read(offId)).status).toBe('off');
  });

  test('sees what its author may see, and nothing else', async () => {
    const hook = newHook();
    await subscribe(subscription(hook, { criteria: 'Observation?status=final', channel: json }), 'labs-only');
    const category = (code: string) => [
      {
        coding: [
          {
            system:
              version === 'stu3'
                ? 'http://hl7.org/fhir/observation-category'
                : 'http://terminology.hl7.org/CodeSystem/observation-category',
            code,
          },
        ],
      },
    ];
    await observe({ category: category('vital-signs') });
    await observe();
    const lab = await observe({ category: category('laboratory') });
    await until(() => told(hook).length >= 1);
    expect(told(hook).map(({ path }) => path.split('/').at(-1))).toEqual([lab.id]);
    const { status } = await send('POST', 'Subscription', subscription(newHook()), 'no-observations');
    expect(status).toBe(403);
  });

  test('is told of in the capability statement, as it is served', async () => {
    const { json: statement } = await server.send('GET', `/${version}/metadata`, { as: null });
    const [rest] = (statement as unknown as { rest: { resource: { type: string; documentation?: string }[] }[] }).rest;
    const found = rest?.resource.find(({ type }) => type === 'Subscription');
    expect(found?.documentation).toContain('by rest-hook');
  });

  test('is what the server says of it: a client requests, or switches off', async () => {
    const hook = newHook();
    const { json: created } = await send('POST', 'Subscription', {
      ...subscription(hook),
      status: 'active',
      error: 'x',
    });
    expect([(created as SubscriptionJson).status, (created as SubscriptionJson).error]).toEqual([
      'requested',
      undefined,
    ]);
    await inStatus(created.id, 'active');
    const off = await send('POST', 'Subscription', { ...subscription('/elsewhere'), status: 'off' });
    expect([off.status, (off.json as SubscriptionJson).status]).toEqual([201, 'off']);
  });

  const elsewhere = 'https://elsewhere.example.org/hooks';
  test.each<[string, { criteria?: string; channel?: object }, string]>([
    ['another channel', { channel: { type: 'websocket' } }, 'channel.type'],
    ['an endpoint that is not allowed', { channel: { endpoint: elsewhere } }, 'channel.endpoint'],
    ['no endpoint', { channel: { endpoint: undefined } }, 'channel.endpoint'],
    ['a payload in XML', { channel: { payload: 'application/fhir+xml' } }, 'channel.payload'],
    ['a header that is none', { channel: { header: ['nonsense'] } }, 'channel.header[0]'],
    ['a header of the connection', { channel: { header: ['A: b', 'Host: evil'] } }, 'channel.header[1]'],
    ['criteria on an unknown type', { criteria: 'Nonsense?code=1' }, 'criteria'],
    ['criteria with an unknown parameter', { criteria: 'Observation?nonsense=1' }, 'criteria'],
    ['criteria that lead through others', { criteria: 'Observation?subject:Patient.name=x' }, 'criteria'],
    ['criteria that sort', { criteria: 'Observation?_sort=date' }, 'criteria'],
    ['criteria of several types', { criteria: '?_type=Observation' }, 'criteria'],
  ])('with %s is refused', async (_, more, place) => {
    const { status, json: answer } = await send('POST', 'Subscription', subscription(newHook(), more));
    expect([status, answer.issue[0].expression]).toEqual([422, [`Subscription.${place}`]]);
    const entry = [{ resource: subscription(newHook(), more), request: { method: 'POST', url: 'Subscription' } }];
    const bundle = { resourceType: 'Bundle', type: 'transaction', entry };
    const inBundle = await send('POST', '', bundle);
    expect([inBundle.status, inBundle.json.issue[0].expression]).toEqual([422, [`Bundle.entry[0].resource.${place}`]]);
  });
});

const ofOneStart = isOnDynamoDb ? test.skip : test; // tables of a test's own end with it
ofOneStart('What was not told when the server ended is told when it starts again', async () => {
  const hook = '/hooks/restart';
  const folder = mkdtempSync(join(tmpdir(), 'fhir-test-'));
  const start = (): Promise<TestServer> =>
    startTestServer({
      folder,
      subscriptions: { prefixes: [receiver.url], privateAddresses: true },
      notifying: { pause: 1, attempts: 1000 },
    });
  const to = (): Received[] => receiver.received.filter(({ path }) => path === hook);
  const first = await start();
  const channel = { type: 'rest-hook', endpoint: receiver.url + hook };
  const body = { resourceType: 'Subscription', status: 'requested', reason: 'x', criteria: 'Patient?', channel };
  const { json: created } = await first.send('POST', '/r4/Subscription', { body });
  await until(async () => {
    const { json: found } = await first.send('GET', `/r4/Subscription/${created.id}`);
    return (found as SubscriptionJson).status === 'active';
  });
  receiver.answer = () => 503;
  await first.send('POST', '/r4/Patient', { body: { resourceType: 'Patient' } });
  await until(() => to().length >= 2);
  await first.close();
  const before = to().length;
  receiver.answer = () => 200;
  const second = await start();
  await until(() => to().length > before);
  await second.close();
  rmSync(folder, { recursive: true });
});
