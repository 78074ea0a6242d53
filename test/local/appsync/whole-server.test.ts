import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { type RunningServer, startServer } from '../../../local/server.js';
import { signToken } from '../../../local/sign-in/access-token.js';
import { readSignInKeys } from '../../../local/sign-in/keys.js';
import { signInIssuer } from '../../../local/sign-in/sign-in.js';
import { userByName } from '../../../local/sign-in/users.js';

let folder: string;
let running: RunningServer;
let token: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'graphql-face-'));
  const settings = {
    host: '127.0.0.1',
    port: 0,
    dataFolder: folder,
    logLevel: 'silent',
    auth: 'on' as const,
    authorization: 'roles' as const,
    audit: 'off' as const,
    validation: 'full' as const,
    conditionalDelete: 'single' as const,
    implementationGuides: [],
    publicUrl: 'http://127.0.0.1:0',
    isPublicUrlSet: false,
    signInPassword: undefined,
    applicationSecret: undefined,
    applicationKeys: undefined,
    engines: { kind: 'embedded' as const },
  };
  running = await startServer(settings, pino({ level: 'silent' }));
  const user = userByName('practitioner');
  if (user === undefined) throw new Error('there is no practitioner');
  token = signToken(readSignInKeys(folder), user, { issuer: signInIssuer(running.url), life: 60 });
});
afterAll(async () => {
  await running.close();
  rmSync(folder, { recursive: true });
});

const body = JSON.stringify({ query: 'query { PatientList { id } }', variables: {} });
const ask = (headers: Record<string, string>): Promise<Response> =>
  fetch(`${running.url}/r4/graphql`, { method: 'POST', body, headers });

describe('the GraphQL face of the whole server', () => {
  test('lets a page of another origin ask: CORS', async () => {
    const preflight = await fetch(`${running.url}/r4/graphql`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://app.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,x-amz-user-agent',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
    expect(preflight.headers.get('access-control-allow-methods')).toContain('POST');
    const allowed = preflight.headers.get('access-control-allow-headers')?.split(',');
    for (const name of ['authorization', 'content-type', 'x-amz-user-agent']) expect(allowed).toContain(name);
    const asked = await ask({ origin: 'https://app.example', authorization: token });
    expect(asked.headers.get('access-control-allow-origin')).toBe('*');
    expect(asked.headers.get('access-control-expose-headers')).toContain('x-amzn-RequestId');
    const refused = await ask({ origin: 'https://app.example' });
    expect({ status: refused.status, origin: refused.headers.get('access-control-allow-origin') }).toEqual({
      status: 401,
      origin: '*',
    });
  });

  test('takes a request as Amplify sends it: the bare access token, no scheme', async () => {
    const reply = await ask({
      authorization: token,
      'x-amz-user-agent': 'aws-amplify/6.6.0 api/1 framework/1',
      'content-type': 'application/json; charset=UTF-8',
      accept: 'application/json, text/plain, */*',
    });
    expect({ status: reply.status, json: await reply.json() }).toEqual({
      status: 200,
      json: { data: { PatientList: [] } },
    });
  });

  test('tells its schema', async () => {
    const reply = await fetch(`${running.url}/stu3/graphql`, {
      method: 'POST',
      headers: { authorization: token },
      body: JSON.stringify({ query: '{ __typename __schema { subscriptionType { name fields { name } } } }' }),
    });
    expect([reply.headers.get('content-type'), await reply.json()]).toEqual([
      'application/json; charset=utf-8',
      {
        data: {
          __typename: 'Query',
          __schema: {
            subscriptionType: {
              name: 'Subscriptions',
              fields: [{ name: 'onResourceChanged' }, { name: 'onJobChanged' }],
            },
          },
        },
      },
    ]);
  });

  test('takes the token after "Bearer", too', async () => {
    expect(await (await ask({ authorization: `Bearer ${token}` })).json()).toEqual({ data: { PatientList: [] } });
  });

  test.each([
    ['no token', {}, 'has no token'],
    ['a token with a changed signature', { authorization: 'changed' }, 'signature is wrong'],
    ['another scheme', { authorization: 'Basic YTpi' }, 'no other scheme'],
    ['two parts', { authorization: 'a.b' }, 'must be "Bearer <access token>"'],
    ['three parts that are no token', { authorization: 'a.b.c' }, 'malformed'],
  ])('refuses %s: 401, and says why', async (_, headers: Record<string, string>, why) => {
    const changed = `${token.slice(0, -8)}${token.endsWith('AAAAAAAA') ? 'BBBBBBBB' : 'AAAAAAAA'}`;
    const reply = await ask(headers['authorization'] === 'changed' ? { authorization: changed } : headers);
    expect({ status: reply.status, json: await reply.json() }).toEqual({
      status: 401,
      json: { errors: [{ errorType: 'UnauthorizedException', message: expect.stringContaining(why) }] },
    });
  });

  test('leaves REST to name the missing "Bearer"', async () => {
    const reply = await fetch(`${running.url}/r4/Patient`, { headers: { authorization: token } });
    expect(reply.status).toBe(401);
    expect(await reply.text()).toContain('must start with \\"Bearer \\"');
  });
});
