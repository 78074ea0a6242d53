import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { type RunningServer, startServer } from '../../local/server.js';
import { readSettings } from '../../local/settings.js';
import { consoleClientId } from '../../local/sign-in/access-token.js';
import { documentedPassword } from '../../local/sign-in/users.js';

// What RFC 9700 and OWASP warn of, tried on the running server; what is tried of codes, verifiers, addresses to return to and refresh
// tokens is in sign-in.test.ts, of assertions in backend-services.test.ts, of access tokens in tokens.test.ts.

const folder = mkdtempSync(join(tmpdir(), 'fhir-attacks-'));
const log = pino({ level: 'silent' });
let server: RunningServer;
let signIn: string;
beforeAll(async () => {
  server = await startServer(readSettings({ PORT: '0', DATA_DIR: join(folder, 'one') }), log);
  signIn = `${server.url}/sign-in`;
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const redirectUri = 'http://127.0.0.1:53211/callback';
const verifier = 'v'.repeat(43);
const asking: Readonly<Record<string, string>> = {
  client_id: consoleClientId,
  response_type: 'code',
  redirect_uri: redirectUri,
  scope: 'openid profile',
  state: 'a-state',
  code_challenge: createHash('sha256').update(verifier).digest('base64url'),
  code_challenge_method: 'S256',
};
const authorizing = (more: Readonly<Record<string, string>> = {}): string =>
  `${signIn}/oauth2/authorize?${new URLSearchParams({ ...asking, ...more }).toString()}`;

type Cookies = Map<string, string>;
const namesAndValues = (response: Response): string[][] =>
  response.headers.getSetCookie().map((header) => /^([^=]+)=([^;]*)/.exec(header)?.slice(1) ?? []);

/** Asks as a browser with these cookies, whatever their paths, which does not follow. */
async function go(url: string, cookies: Cookies = new Map(), form?: Readonly<Record<string, string>>) {
  const response = await fetch(url, {
    redirect: 'manual',
    headers: { cookie: [...cookies].map((pair) => pair.join('=')).join('; ') },
    ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
  });
  for (const [name = '', value = ''] of namesAndValues(response)) cookies.set(name, value);
  return response;
}
const targetOf = (response: Response): string => new URL(response.headers.get('location') ?? '', signIn).href;

/** Signs in, and gives where that leads. */
async function signedIn(cookies: Cookies = new Map(), more: Readonly<Record<string, string>> = {}): Promise<URL> {
  const page = targetOf(await go(authorizing(more), cookies));
  let url = targetOf(await go(page, cookies, { username: 'practitioner', password: documentedPassword }));
  while (url.startsWith(signIn)) url = targetOf(await go(url, cookies));
  return new URL(url);
}

const tokenRequest = async (form: Readonly<Record<string, string>>, headers: Record<string, string> = {}) =>
  fetch(`${signIn}/oauth2/token`, {
    method: 'POST',
    headers,
    body: new URLSearchParams({ client_id: consoleClientId, ...form }),
  });
const codeForm = (code: string) => ({
  grant_type: 'authorization_code',
  code,
  redirect_uri: redirectUri,
  code_verifier: verifier,
});

describe('the sign-in', () => {
  test('says in its answer who answers, so that no other server’s answer is taken for it', async () => {
    const { searchParams } = await signedIn();
    expect([searchParams.get('iss'), searchParams.get('state')]).toEqual([signIn, 'a-state']);
    const refused = new URL(targetOf(await go(authorizing({ prompt: 'none' }))));
    expect([refused.searchParams.get('error'), refused.searchParams.get('iss')]).toEqual(['login_required', signIn]);
  });

  test('has no session before somebody signed in, and a page is of the browser that began it', async () => {
    const cookies: Cookies = new Map();
    const page = targetOf(await go(authorizing(), cookies));
    expect([...cookies.keys()].filter((name) => name.startsWith('_session'))).toEqual([]);
    const right = { username: 'practitioner', password: documentedPassword };
    expect((await go(page, new Map(), right)).status).toBe(400);
    expect((await go(page, new Map([['_interaction', page.slice(page.lastIndexOf('/') + 1)]]), right)).status).toBe(
      400,
    );
    expect((await go(page, cookies, right)).status).toBe(303);
  });

  test.each([
    ['plain http', {}, { host: '127.0.0.1' }, false],
    ['https at a proxy', { PUBLIC_URL: 'https://fhir.example.org' }, { host: 'fhir.example.org' }, true],
  ])(
    'sets cookies for %s that no script reads and no other site’s post brings along',
    async (_, more, headers, isTls) => {
      const other = await startServer(
        readSettings({ PORT: '0', DATA_DIR: mkdtempSync(join(folder, 'c-')), ...more }),
        log,
      );
      const path = `/sign-in/oauth2/authorize?${new URLSearchParams(asking).toString()}`;
      const sent = request({ port: other.port, host: '127.0.0.1', path, headers }).end();
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      answer.resume();
      await other.close();
      const cookies = answer.headers['set-cookie'] ?? [];
      expect(cookies.length).toBeGreaterThan(1);
      for (const cookie of cookies) {
        const flags = cookie.toLowerCase().split('; ').slice(1);
        expect(flags).toEqual(expect.arrayContaining(['httponly', 'samesite=lax']));
        expect([cookie, flags.includes('secure')]).toEqual([cookie, isTls]);
        expect(flags.find((flag) => flag.startsWith('path='))).toMatch(/^path=\/sign-in/);
      }
    },
  );

  test.each<[string, Readonly<Record<string, string>>, string]>([
    ['a request object', { request: 'eyJhbGciOiJub25lIn0.e30.' }, 'request_not_supported'],
    ['a request elsewhere', { request_uri: 'https://evil.example/r' }, 'request_uri_not_supported'],
    ['an answer by a message', { response_mode: 'web_message' }, 'unsupported_response_mode'],
    ['a device’s', { response_mode: 'jwt' }, 'unsupported_response_mode'],
  ])('takes no %s', async (_, more, error) => {
    const to = new URL(targetOf(await go(authorizing(more))));
    expect([to.origin, to.searchParams.get('error'), to.searchParams.has('code')]).toEqual([
      'http://127.0.0.1:53211',
      error,
      false,
    ]);
  });

  test.each(['redirect_uri=https%3A%2F%2Fevil.example%2F', 'client_id=x', 'state=y', 'code_challenge=z'])(
    'does not guess which of two is meant: %s',
    async (again) => {
      const response = await go(`${authorizing()}&${again}`);
      const to = response.headers.get('location') ?? '';
      expect([response.status === 400 || to.includes('error=invalid_request'), to.includes('evil')]).toEqual([
        true,
        false,
      ]);
    },
  );

  test.each([
    { redirect_uri: 'http://evil.example/"><script>alert(1)</script>' },
    { client_id: '"><script>alert(1)</script>' },
  ])('shows nothing of %j as markup', async (more) => {
    const response = await go(authorizing(more));
    expect(response.status).toBe(400);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await response.text()).not.toContain('<script>alert');
  });
});

describe('tokens', () => {
  test.each([
    ['by a password', { grant_type: 'password', username: 'practitioner', password: documentedPassword }],
    ['to a public client by itself', { grant_type: 'client_credentials', scope: 'system/*.read' }],
    ['in exchange', { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', subject_token: 'x' }],
    ['to a device', { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: 'x' }],
    ['at once', { grant_type: 'implicit' }],
  ])('are not given %s', async (_, form) => {
    const response = await tokenRequest(form);
    expect(response.status).toBe(400);
    expect(await response.text()).not.toContain('access_token');
  });

  test('are read by no other site’s page, though it had the code; and are kept by no cache', async () => {
    const stolen = (await signedIn()).searchParams.get('code') ?? '';
    const answer = await tokenRequest(codeForm(stolen), { origin: 'https://evil.example' });
    expect(await answer.text()).not.toContain('access_token');
    const own = (await signedIn()).searchParams.get('code') ?? '';
    const given = await tokenRequest(codeForm(own), { origin: 'http://127.0.0.1:53211' });
    expect([given.status, given.headers.get('cache-control')]).toEqual([200, 'no-store']);
  });

  test('count in the Authorization header alone, and have no more scopes when they are refreshed', async () => {
    const code = (await signedIn()).searchParams.get('code') ?? '';
    const tokens = (await (await tokenRequest(codeForm(code))).json()) as Record<string, string>;
    const token = tokens['access_token'] ?? '';
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const tries: [string, RequestInit][] = [
      [`/r4/Patient?access_token=${token}`, {}],
      ['/r4/Patient/_search', { method: 'POST', headers: form, body: `access_token=${token}` }],
      ['/r4/Patient', { headers: { cookie: `access_token=${token}; Authorization=Bearer ${token}` } }],
      ['/r4/Patient', { headers: { 'x-authorization': `Bearer ${token}` } }],
    ];
    for (const [path, init] of tries) expect((await fetch(`${server.url}${path}`, init)).status).toBe(401);
    const bearer = { authorization: `Bearer ${token}` };
    expect((await fetch(`${server.url}/r4/Patient`, { headers: bearer })).status).toBe(200);
    const refresh = { grant_type: 'refresh_token', refresh_token: tokens['refresh_token'] ?? '' };
    expect((await tokenRequest({ ...refresh, scope: 'openid profile user/*.cruds' })).status).toBe(400);
    expect((await tokenRequest({ ...refresh, client_id: 'fhir-on-appsync-application' })).status).toBe(401);
  });

  test.each([
    '/me',
    '/oauth2/userinfo',
    '/oauth2/introspect',
    '/token/introspection',
    '/reg',
    '/register',
    '/request',
    '/device',
  ])('have no other endpoint: %s', async (path) => {
    for (const method of ['GET', 'POST']) expect((await fetch(signIn + path, { method })).status).toBe(404);
  });
});

describe('signing out', () => {
  test.each(['https://evil.example/', '//evil.example', 'http://127.0.0.1:53211/other', 'javascript:alert(1)'])(
    'leads nowhere but back to this machine: %s',
    async (uri) => {
      const query = new URLSearchParams({ client_id: consoleClientId, post_logout_redirect_uri: uri });
      const response = await go(`${signIn}/logout?${query.toString()}`);
      expect([response.status, response.headers.get('location')]).toEqual([400, null]);
    },
  );

  test('is asked for by a page of its own, which another site cannot post', async () => {
    const cookies: Cookies = new Map();
    await signedIn(cookies);
    for (const form of [{ logout: 'yes' }, { logout: 'yes', xsrf: 'x' }]) {
      expect((await go(`${signIn}/logout/confirm`, new Map(cookies), form)).status).toBe(400);
    }
    const to = await go(authorizing({ prompt: 'none' }), cookies);
    expect(new URL(targetOf(to)).searchParams.has('code')).toBe(true); // still signed in
  });
});
