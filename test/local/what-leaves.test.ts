import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import express from 'express';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request } from 'node:http';
import { request as requestTls } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { pino } from 'pino';
import { openServers } from '../../local/compose.js';
import { createGraphqlFace } from '../../local/graphql.js';
import { type RunningServer, startServer } from '../../local/server.js';
import { readSettings } from '../../local/settings.js';
import { readSignInKeys } from '../../local/sign-in/keys.js';
import { consoleClientId, signToken } from '../../local/sign-in/access-token.js';
import { signInIssuer } from '../../local/sign-in/sign-in.js';
import { userByName } from '../../local/sign-in/users.js';
import { connectRealtime } from '../support/realtime-client.js';
import { callerOf } from '../support/server.js';

// What leaves the server beside what was asked for: headers, and what is logged.

const folder = mkdtempSync(join(tmpdir(), 'fhir-leaves-'));
const logged: string[] = [];
const log = pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) });
let server: RunningServer;
let token: string;
beforeAll(async () => {
  server = await startServer(readSettings({ PORT: '0', DATA_DIR: folder, AUDIT: 'on' }), log);
  const user = userByName('practitioner');
  if (user === undefined) throw new Error('no practitioner');
  token = signToken(readSignInKeys(folder), user, { issuer: signInIssuer(server.url) });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The head and the body of the answer to bytes, as they came. */
function raw(request: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(server.port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.on('error', () => undefined); // a refusal comes before all of the request is read
    socket.on('close', () => {
      resolve(text);
    });
    socket.write(request);
  });
}

const consoleFile = (): string => readdirSync('dist/console/console').find((name) => name.endsWith('.js')) ?? '';

describe('Every answer says that it is kept by no cache, run as nothing and framed nowhere:', () => {
  const requests: readonly (readonly [string, string, RequestInit?])[] = [
    ['REST', '/r4/metadata'],
    ['REST without a token', '/r4/Patient'],
    ['nothing of REST', '/stu3/Nothing/1'],
    [
      'a preflight',
      '/r4/Patient',
      { method: 'OPTIONS', headers: { origin: 'https://x.example', 'access-control-request-method': 'PUT' } },
    ],
    ['the AppSync API', '/r4/graphql', { method: 'POST', body: '{}' }],
    ['the AppSync API by another method', '/stu3/graphql'],
    ['$graphql', '/r4/$graphql?query=x'],
    ['content by URL', '/r4/$content/_-/Binary/x'],
    ['the console', '/'],
    ['its settings', '/console.json'],
    ['no file of it', '/console/x.js'],
    ['the page without scripts', '/start'],
    ['the keys of the sign-in', '/sign-in/.well-known/jwks.json'],
    ['its configuration', '/sign-in/.well-known/openid-configuration'],
    ['its refusal', '/sign-in/oauth2/authorize'],
    ['its refusal of a token', '/sign-in/oauth2/token', { method: 'POST' }],
    ['nothing of it', '/sign-in/x'],
    ['its page', '/sign-in/interaction/x'],
    ['nothing', '/nothing'],
    ['a path that cannot be read', '/%E0'],
  ];
  test.each(requests.map(([name, path, init = {}]) => [name, path, init] as const))('%s', async (_, path, init) => {
    const { headers } = await fetch(`${server.url}${path}`, { redirect: 'manual', ...init });
    expect(headers.get('cache-control')).toContain('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('access-control-allow-credentials')).toBeNull();
  });

  test.each([
    ['what is no HTTP', 'nonsense\r\n\r\n'],
    ['too long a header', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(200_000)}\r\n\r\n`],
  ])('%s', async (_, request) => {
    const text = await raw(request);
    expect(text).toContain('\r\nX-Content-Type-Options: nosniff\r\n');
    expect(text).toContain("\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n");
    expect(text).toContain('\r\nCache-Control: no-store\r\n');
  });

  test('files of the console are kept, for their names tell their content', async () => {
    const { headers } = await fetch(`${server.url}/console/${consoleFile()}`);
    expect(headers.get('cache-control')).toContain('immutable');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("script-src 'self'");
  });
});

describe('Browsers are told to ask by TLS alone', () => {
  /** The header of an answer to who asks by a name. */
  const told = async (url: string, host: string, path: string): Promise<string | undefined> => {
    const { hostname, port, protocol } = new URL(url);
    const options = { hostname, port, path, headers: { host }, rejectUnauthorized: false };
    const sending = (protocol === 'https:' ? requestTls : request)(options);
    sending.end();
    const [answer] = (await once(sending, 'response')) as [IncomingMessage];
    answer.resume();
    return answer.headers['strict-transport-security'];
  };
  const paths = [
    '/',
    '/r4/metadata',
    '/r4/Patient',
    '/r4/graphql',
    '/sign-in/.well-known/jwks.json',
    '/nothing',
    '/%E0',
  ];
  const started = (environment: Record<string, string>): Promise<RunningServer> =>
    startServer(readSettings({ PORT: '0', DATA_DIR: mkdtempSync(join(folder, 'tls-')), ...environment }), log);

  test.each([
    ['where it speaks TLS', { TLS: 'on' }],
    ['where TLS ends before it', { PUBLIC_URL: 'https://fhir.example.org' }],
  ])('%s, on every answer to its own name, and never for names of this machine', async (_, environment) => {
    const one = await started(environment);
    const url = `${'TLS' in environment ? 'https' : 'http'}://127.0.0.1:${String(one.port)}`;
    try {
      for (const path of paths) {
        expect([path, await told(url, 'fhir.example.org', path)]).toEqual([path, 'max-age=31536000']);
        for (const host of ['localhost', 'localhost:3000', '127.0.0.1:1', '[::1]', 'a.localhost:80']) {
          expect([path, host, await told(url, host, path)]).toEqual([path, host, undefined]);
        }
      }
    } finally {
      await one.close();
    }
  });

  test('not where it speaks plain http', async () => {
    for (const path of paths) expect(await told(server.url, 'fhir.example.org', path)).toBeUndefined();
  });
});

describe('Other sites’ pages', () => {
  const from = { origin: 'https://other.example' };
  test('may ask the APIs with a token they have, and never with what the browser knows', async () => {
    for (const path of ['/r4/metadata', '/r4/graphql']) {
      const { headers } = await fetch(`${server.url}${path}`, { headers: from });
      expect(headers.get('access-control-allow-origin')).toBe('*');
      expect(headers.get('access-control-allow-credentials')).toBeNull();
    }
  });

  test.each(['/', '/console.json', '/sign-in/oauth2/token', '/sign-in/oauth2/authorize', '/nothing'])(
    'read nothing of %s',
    async (path) => {
      const { headers } = await fetch(`${server.url}${path}`, { headers: from });
      expect(headers.get('access-control-allow-origin')).toBeNull();
    },
  );
});

describe('The log', () => {
  const marker = 'Mrs Secretly';

  test('has nothing of what requests hold, and no token', async () => {
    const at = encodeURIComponent(marker);
    const bearer = { authorization: `Bearer ${token}` };
    const send = (method: string, path: string, body?: unknown, more: Record<string, string> = {}): Promise<Response> =>
      fetch(`${server.url}${path}`, {
        method,
        redirect: 'manual',
        headers: { ...bearer, 'content-type': 'application/fhir+json', ...more },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
    const patient = { resourceType: 'Patient', name: [{ family: marker }] };
    const json = { 'content-type': 'application/json' };
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const statuses = new Set<number>();
    for (const version of ['r4', 'stu3']) {
      for (const asked of [
        send('PUT', `/${version}/Patient/p1`, { ...patient, id: 'p1' }),
        send('POST', `/${version}/Patient`, { ...patient, [marker]: 1 }),
        send('POST', `/${version}/Patient`, `{"resourceType":"Patient","name":"${marker}`),
        send('POST', `/${version}/Patient`, patient, { 'if-none-exist': `name=${at}` }),
        send('GET', `/${version}/Patient?name=${at}`),
        send('GET', `/${version}/Patient?${at}=${at}`),
        send('POST', `/${version}/Patient/_search`, `name=${at}`, form),
        send('GET', `/${version}/${at}/${at}`),
        send('PATCH', `/${version}/Patient/p1`, [{ op: 'add', path: `/${marker}`, value: marker }], {
          'content-type': 'application/json-patch+json',
        }),
        send('POST', `/${version}`, {
          resourceType: 'Bundle',
          type: 'transaction',
          entry: [{ resource: patient, request: { method: 'POST', url: marker } }],
        }),
        send('POST', `/${version}/Patient/$validate`, patient),
        send('POST', `/${version}/$graphql`, { query: `{ PatientList(name: "${marker}") { id } }` }, json),
        send('POST', `/${version}/$graphql`, { query: `{ PatientList(${marker}` }, json),
        send('POST', `/${version}/graphql`, { query: `{ PatientList(name: "${marker}") { name { family } } }` }, json),
        send(
          'POST',
          `/${version}/graphql`,
          { query: '{ Patient(id: "p1") { name { family } } }', variables: { x: marker } },
          json,
        ),
        send('POST', `/${version}/graphql`, `{"query": "${marker}`, json),
        send('GET', `/${version}/$content/${at}?signature=${at}`),
        send(
          'POST',
          `/sign-in/oauth2/token`,
          `grant_type=authorization_code&code=${at}&client_id=${consoleClientId}`,
          form,
        ),
        send('GET', `/sign-in/oauth2/authorize?client_id=${at}&state=${at}`),
        send('GET', `/console/${at}`),
        send('GET', `/%E0${at}`),
        send('GET', `/${version}/Patient`, undefined, { authorization: `Bearer ${token}x` }),
      ])
        statuses.add((await asked).status);
      const client = await connectRealtime(`${server.url.replace('http', 'ws')}/${version}/graphql`, { token });
      await client.start('1', `subscription { onResourceChanged(id: "${marker}") { type ${marker} } }`);
      client.send(`{"type": "${marker}"`);
      await client.next();
      await client.close();
    }
    expect([...statuses]).toEqual(expect.arrayContaining([200, 201, 400, 401, 404, 422]));
    expect([...statuses].filter((status) => status >= 500)).toEqual([]);
    expect(logged.filter((line) => line.includes('Secretly') || line.includes(token.slice(-40)))).toEqual([]);
  });

  test('tells of a failure of GraphQL where it was, and not what it was about', async () => {
    const opened = await openServers(mkdtempSync(join(folder, 'broken-')));
    const { principal } = callerOf('practitioner');
    const broken = (): Promise<never> => Promise.reject(new TypeError(`no ${marker}`));
    const { r4 } = opened.servers;
    const face = createGraphqlFace({
      server: Object.assign(Object.create(r4) as typeof r4, {
        table: { ...r4.table, get: broken },
        index: { ...r4.index, search: broken },
      }),
      authenticate: () =>
        Promise.resolve({
          principal,
          claims: { sub: 'x', 'cognito:groups': ['practitioner'], scope: 'openid profile' },
        }),
      authorization: 'roles',
      folders: { schema: pathToFileURL(`${resolve('schema')}/`), resolvers: resolve('dist/resolvers') },
      log,
    });
    const app = createServer(express().use('/r4/graphql', face.handlers)).listen(0, '127.0.0.1');
    await once(app, 'listening');
    const before = logged.length;
    const { port } = app.address() as AddressInfo;
    for (const query of ['{ Patient(id: "p1") { id } }', '{ PatientList(name: "x") { id } }']) {
      const answer = await fetch(`http://127.0.0.1:${String(port)}/r4/graphql`, {
        method: 'POST',
        body: JSON.stringify({ query }),
      });
      const text = await answer.text();
      expect(text).toContain('errors');
      expect(text).not.toContain('Secretly');
    }
    const told = logged.slice(before);
    expect(told.join('')).toContain('failed');
    expect(told.join('')).toContain(' at ');
    expect(told.filter((line) => line.includes('Secretly'))).toEqual([]);
    app.closeAllConnections();
    app.close();
    await face.close();
    await opened.close();
  });
});
