import { afterEach, describe, expect, test } from '@jest/globals';
import { createApi, realtimeOf } from '../../console/fhir/api.js';

describe('where subscriptions connect to', () => {
  test.each([
    [
      'https://abc.appsync-api.eu-central-1.amazonaws.com/graphql',
      'wss://abc.appsync-realtime-api.eu-central-1.amazonaws.com/graphql',
    ],
    ['https://api.example.org/graphql', 'wss://api.example.org/graphql/realtime'],
    ['http://127.0.0.1:3000/r4/graphql', 'ws://127.0.0.1:3000/r4/graphql/realtime'],
  ])('of %s is %s', (graphql, realtime) => {
    expect(realtimeOf(graphql)).toBe(realtime);
  });
});

describe('what requests carry', () => {
  const { fetch } = globalThis;
  afterEach(() => {
    globalThis.fetch = fetch;
  });

  /** The headers of requests that were sent, by URL. */
  function listening(): Map<string, Headers> {
    const sent = new Map<string, Headers>();
    globalThis.fetch = (url, init) => {
      const headers = new Headers(init?.headers);
      if (typeof url === 'string') sent.set(url, headers);
      return Promise.resolve(new Response('{}'));
    };
    return sent;
  }
  const place = {
    version: 'r4',
    rest: 'https://rest.example.org/prod/r4',
    graphql: 'https://graphql.example.org/graphql',
  } as const;
  const tokens = { current: () => 'token', renew: () => Promise.resolve(undefined) };

  test('REST gets token and API key, the AppSync API the token alone, and others nothing', async () => {
    const sent = listening();
    const api = createApi(place, { ...tokens, key: () => 'secret' });
    await api.send('Patient?name=x');
    await api.graphqlSend('{}');
    await api.file('https://rest.example.org/prod/r4/_jobs/1/Patient.ndjson');
    await api.file('https://bucket.example.org/Patient.ndjson?signature=1');
    expect([...sent].map(([url, headers]) => [url, headers.get('authorization'), headers.get('x-api-key')])).toEqual([
      ['https://rest.example.org/prod/r4/Patient?name=x', 'Bearer token', 'secret'],
      ['https://graphql.example.org/graphql', 'Bearer token', null],
      ['https://rest.example.org/prod/r4/_jobs/1/Patient.ndjson', 'Bearer token', 'secret'],
      ['https://bucket.example.org/Patient.ndjson?signature=1', null, null],
    ]);
  });

  test('without a key none is sent', async () => {
    const sent = listening();
    await createApi(place, { ...tokens, key: () => undefined }).send('metadata');
    expect(sent.get('https://rest.example.org/prod/r4/metadata')?.has('x-api-key')).toBe(false);
  });
});
