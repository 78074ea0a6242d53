import { afterEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { unauthenticated, unavailable } from '../../../../fhir/outcome.js';
import {
  type RealtimeApi,
  type RealtimeEndpoints,
  serveRealtime,
  WebSocketAwareRequest,
} from '../../../../local/appsync/realtime/upgrade.js';
import { connectRealtime, type ConnectOptions, type RealtimeClient } from '../../../support/realtime-client.js';
import { giving, handlers, type RunningTinyApi, tinyApi, unit } from '../tiny-api.js';

/** An API as others have: subscriptions with arguments, with a filter, without a resolver, refused. */
const api = (): RunningTinyApi =>
  tinyApi({
    schema: `
      type Query { none: String }
      type Ticket { id: ID! group: String severity: Int tags: [String] }
      type Mutation {
        open(id: ID!, group: String, severity: Int, tags: [String]): Ticket
        close(id: ID!): Ticket
        other: String
      }
      type Subscription {
        onOpened(group: String, severity: Int): Ticket @aws_subscribe(mutations: ["open"])
        onAny: Ticket @aws_subscribe(mutations: ["open", "close"])
        onSevere(above: Int!): Ticket @aws_subscribe(mutations: ["open"])
        onWrong: Ticket @aws_subscribe(mutations: ["open"])
        onRefused: Ticket @aws_subscribe(mutations: ["open"])
      }`,
    resolvers: [
      ...['Mutation.open', 'Mutation.close', 'Mutation.other'],
      ...['Subscription.onSevere', 'Subscription.onWrong', 'Subscription.onRefused'],
    ].map((place) => unit(place)),
    code: {
      'Mutation.open': giving('ctx.args'),
      'Mutation.close': giving('ctx.args'),
      'Mutation.other': giving("'x'"),
      'Subscription.onSevere': filtering(
        "{ filterGroup: [{ filters: [{ fieldName: 'severity', operator: 'gt', value: ctx.args.above }] }] }",
      ),
      'Subscription.onWrong': filtering(
        "{ filterGroup: [{ filters: [{ fieldName: 'id', operator: 'in', value: [] }] }] }",
      ),
      'Subscription.onRefused': handlers('util.unauthorized();'),
    },
  });

const filtering = (filter: string): string =>
  handlers('return { payload: null };', `extensions.setSubscriptionFilter(${filter}); return null;`).replace(
    'util, runtime',
    'util, runtime, extensions',
  );

const running: { server: Server; endpoints: RealtimeEndpoints }[] = [];
afterEach(async () => {
  for (const { server, endpoints } of running.splice(0)) {
    endpoints.close();
    await new Promise((resolve) => server.close(resolve));
  }
});

interface Started {
  readonly tiny: RunningTinyApi;
  readonly failures: unknown[];
  readonly connect: (options?: ConnectOptions) => Promise<RealtimeClient>;
  /** A connection that is acknowledged. */
  readonly connected: () => Promise<RealtimeClient>;
}

/** Serves the API; the token says what comes of it. */
async function start(more: Partial<RealtimeApi> = {}): Promise<Started> {
  const tiny = api();
  const failures: unknown[] = [];
  const server = createServer({ IncomingMessage: WebSocketAwareRequest });
  const endpoints = serveRealtime(server, [
    {
      paths: ['/graphql/realtime'],
      runtime: () => Promise.resolve(tiny.runtime),
      authenticate({ authorization }) {
        if (authorization === 'ends') return Promise.resolve({ identity: { sub: 'x' }, until: Date.now() + 20 });
        if (authorization === 'good') return Promise.resolve({ identity: { sub: 'x' } });
        if (authorization === 'later') return Promise.reject(unavailable('The keys cannot be fetched'));
        if (authorization === 'breaks') return Promise.reject(new Error('a secret'));
        return Promise.reject(unauthenticated('No token'));
      },
      onFailure: (error) => void failures.push(error),
      ...more,
    },
  ]);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  running.push({ server, endpoints });
  const url = `ws://127.0.0.1:${String((server.address() as AddressInfo).port)}/graphql/realtime`;
  const connect = (options: ConnectOptions = {}): Promise<RealtimeClient> =>
    connectRealtime(url, { token: 'good', ...options });
  return {
    tiny,
    failures,
    connect,
    async connected() {
      const client = await connect();
      client.send({ type: 'connection_init' });
      expect(await client.next()).toEqual({ type: 'connection_ack', payload: { connectionTimeoutMs: 300_000 } });
      return client;
    },
  };
}

describe('the handshake', () => {
  test.each(['subprotocol', 'query'] as const)('takes the authorization in the %s', async (by) => {
    const { connect } = await start();
    const client = await connect({ by });
    expect(client.protocol).toBe('graphql-ws');
    client.send({ type: 'connection_init' });
    expect(await client.next()).toMatchObject({ type: 'connection_ack' });
  });

  test.each([
    ['a token that does not count', { token: 'bad' }, 'UnauthorizedException', 401],
    ['a header that is no JSON', { protocols: ['graphql-ws', 'header-e30x'] }, 'UnauthorizedException', 401],
    ['no subprotocol graphql-ws', { protocols: [] }, 'NoProtocolError', 400],
    ['keys that cannot be had', { token: 'later' }, 'ServiceUnavailableException', 503],
  ])(
    'with %s is answered with connection_error, and the connection is closed',
    async (_, options, errorType, errorCode) => {
      const { connect } = await start();
      const client = await connect(options);
      client.send({ type: 'connection_init' });
      expect(await client.next()).toMatchObject({
        type: 'connection_error',
        payload: { errors: [{ errorType, errorCode }] },
      });
      expect(await client.closed).toEqual([1008, errorType]);
    },
  );

  test('that breaks is masked and told of', async () => {
    const { connect, failures } = await start();
    const client = await connect({ token: 'breaks' });
    const { payload } = await client.next();
    expect(payload?.errors).toEqual([
      { errorType: 'InternalFailure', message: 'An internal failure occurred.', errorCode: 500 },
    ]);
    expect(failures).toEqual([new Error('a secret')]);
  });

  test('may leave out connection_init', async () => {
    const { connect } = await start();
    const client = await connect();
    expect(await client.start('1', 'subscription { onAny { id } }')).toEqual({ type: 'start_ack', id: '1' });
  });
});

describe('a connection', () => {
  test('hears ka again and again', async () => {
    const { connect } = await start({ limits: { keepAliveMs: 5 } });
    const client = await connect();
    let heard = 0;
    await new Promise<void>((resolve) => {
      client.onKeepAlive(() => {
        heard += 1;
        if (heard === 3) resolve();
      });
    });
    expect(heard).toBe(3);
  });

  test('is closed when its token expires, or the token of a subscription on it', async () => {
    const { connect } = await start();
    const client = await connect({ token: 'ends' });
    expect(await client.closed).toEqual([4401, 'The token expired']);
    const other = await connect();
    await other.start('1', 'subscription { onAny { id } }', { token: 'ends' });
    expect(await other.closed).toEqual([4401, 'The token expired']);
  });

  test('is closed when its life is over', async () => {
    const { connect } = await start({ limits: { lifeMs: 5 } });
    expect(await (await connect()).closed).toEqual([4401, 'A connection lives 24 hours']);
  });

  test('takes no message larger than a message may be', async () => {
    const { connect } = await start({ limits: { maxMessageBytes: 1000 } });
    const client = await connect();
    client.send('x'.repeat(1001));
    expect((await client.closed)[0]).toBe(1009);
  });

  test.each([
    ['no JSON', '{', 'BadRequestException', 'must be a JSON object'],
    ['another type', { type: 'subscribe' }, 'UnsupportedOperation', 'subscribe not supported'],
    ['no type', {}, 'UnsupportedOperation', 'unknown not supported'],
    ['a start without id', { type: 'start', payload: {} }, 'BadRequestException', '"id"'],
    ['a start without data', { type: 'start', id: '1', payload: {} }, 'BadRequestException', '"payload.data"'],
    [
      'data that is no text',
      { type: 'start', id: '1', payload: { data: {} } },
      'BadRequestException',
      '"payload.data"',
    ],
    ['data without a query', { type: 'start', id: '1', payload: { data: '{}' } }, 'BadRequestException', '"query"'],
    ['a stop of nothing', { type: 'stop', id: 'x' }, 'UnknownOperationError', 'no subscription x'],
  ])('answers %s with an error, and goes on', async (_, frame, errorType, message) => {
    const { connected } = await start();
    const client = await connected();
    client.send(frame);
    const { type, payload } = await client.next();
    expect({ type, errorType: payload?.errors?.[0]?.errorType }).toEqual({ type: 'error', errorType });
    expect(payload?.errors?.[0]?.message).toContain(message);
    expect(await client.start('1', 'subscription { onAny { id } }')).toMatchObject({ type: 'start_ack' });
  });

  test('has so many subscriptions, each with an id of its own', async () => {
    const { connected } = await start({ limits: { maxSubscriptions: 2 } });
    const client = await connected();
    const query = 'subscription { onAny { id } }';
    expect(await client.start('1', query)).toMatchObject({ type: 'start_ack' });
    expect(await client.start('1', query)).toMatchObject({
      type: 'error',
      payload: { errors: [{ errorType: 'DuplicatedOperationError' }] },
    });
    expect(await client.start('2', query)).toMatchObject({ type: 'start_ack' });
    expect(await client.start('3', query)).toMatchObject({
      type: 'error',
      id: '3',
      payload: { errors: [{ errorType: 'MaxSubscriptionsReachedError' }] },
    });
    client.send({ type: 'stop', id: '1' });
    expect(await client.next()).toEqual({ type: 'complete', id: '1' });
    expect(await client.start('3', query)).toMatchObject({ type: 'start_ack' });
  });
});

describe('a subscription', () => {
  const open =
    'mutation ($id: ID!, $group: String, $severity: Int) { open(id: $id, group: $group, severity: $severity) { id group severity } }';
  const opened = (tiny: RunningTinyApi, id: string, more: object = {}): Promise<unknown> =>
    tiny.ask(open, { variables: { id, ...more } });

  test('is told of the mutations it names, with what both selected', async () => {
    const { connected, tiny } = await start();
    const client = await connected();
    await client.start('1', 'subscription { onAny { id group tags } }');
    await tiny.ask('mutation { other }');
    await tiny.ask('mutation { open(id: "a", group: "g", tags: ["t"]) { id group } }');
    await tiny.ask(
      'mutation { first: close(id: "b") { id } ...more } fragment more on Mutation { open(id: "c") { id } }',
    );
    expect(await client.next()).toEqual({
      type: 'data',
      id: '1',
      payload: { data: { onAny: { id: 'a', group: 'g', tags: null } } },
    });
    expect((await client.next()).payload?.data).toEqual({ onAny: { id: 'b', group: null, tags: null } });
    expect((await client.next()).payload?.data).toEqual({ onAny: { id: 'c', group: null, tags: null } });
  });

  test('is told of what has the values of its arguments', async () => {
    const { connected, tiny } = await start();
    const client = await connected();
    await client.start('1', 'subscription ($g: String) { onOpened(group: $g) { id } }', { variables: { g: 'nurses' } });
    await client.start('2', 'subscription ($g: String) { onOpened(group: $g) { id } }');
    await client.start('3', 'subscription { onOpened(group: null) { id } }');
    await opened(tiny, 'a', { group: 'nurses' });
    await opened(tiny, 'b', { group: 'doctors' });
    await opened(tiny, 'c', {});
    const told: string[] = [];
    while (told.length < 5) {
      const { id, payload } = await client.next();
      told.push(`${id ?? ''}: ${(payload?.data?.['onOpened'] as { id: string }).id}`);
    }
    expect(told.sort()).toEqual(['1: a', '2: a', '2: b', '2: c', '3: c']);
  });

  test('is told of what passes the filter its resolver sets, its arguments aside', async () => {
    const { connected, tiny } = await start();
    const client = await connected();
    expect(await client.start('1', 'subscription { onSevere(above: 5) { id } }')).toMatchObject({ type: 'start_ack' });
    await opened(tiny, 'a', { severity: 5 });
    await opened(tiny, 'b', { severity: 6 });
    expect((await client.next()).payload).toEqual({ data: { onSevere: { id: 'b' } } });
  });

  test('that is stopped is told of nothing more', async () => {
    const { connected, tiny } = await start();
    const client = await connected();
    await client.start('1', 'subscription { onAny { id } }');
    await client.start('2', 'subscription { onAny { id } }');
    client.send({ type: 'stop', id: '1' });
    expect(await client.next()).toEqual({ type: 'complete', id: '1' });
    await opened(tiny, 'a');
    expect(await client.next()).toMatchObject({ type: 'data', id: '2' });
  });

  test('ends with its connection', async () => {
    const { connected, tiny } = await start();
    const client = await connected();
    await client.start('1', 'subscription { onAny { id } }');
    expect(tiny.runtime.isHeard()).toBe(true);
    await client.close();
    const other = await connected(); // the server has seen the other one go by now
    while (tiny.runtime.isHeard()) await new Promise((resolve) => setImmediate(resolve));
    await other.close();
  });

  test.each([
    ['that its resolver refuses', '{ onRefused { id } }', 'Unauthorized'],
    ['whose filter AppSync would not take', '{ onWrong { id } }', 'SubscriptionFilterError'],
  ])('%s is an error', async (_, query, errorType) => {
    const { connected } = await start();
    const client = await connected();
    expect(await client.start('1', `subscription ${query}`)).toMatchObject({
      type: 'error',
      id: '1',
      payload: { errors: [{ errorType }] },
    });
  });

  test('that breaks the rules of GraphQL is an error', async () => {
    const { connected } = await start();
    const client = await connected();
    for (const query of ['subscription { onAny { nothing } }', 'subscription { onAny { id } onOpened { id } }', '{']) {
      const { type, payload } = await client.start('1', query);
      expect(type).toBe('error');
      expect(payload?.errors?.[0]?.message).toMatch(/^Validation error/);
    }
  });

  test('of events larger than a message is not told of them, and of others it is', async () => {
    const { connected, tiny } = await start({ limits: { maxMessageBytes: 500 } });
    const client = await connected();
    await client.start('1', 'subscription { onAny { id } }');
    await opened(tiny, 'a'.repeat(600));
    await opened(tiny, 'b');
    expect((await client.next()).payload?.data).toEqual({ onAny: { id: 'b' } });
  });
});

test('a server that closes tells its clients', async () => {
  const { connected } = await start();
  const client = await connected();
  running[0]?.endpoints.close();
  expect(await client.closed).toEqual([1001, 'The server closes']);
});
