import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TokenVerifier, createTokenVerifier } from '../../auth/verify-token.js';
import { trustedProxiesOf } from '../../local/client-address.js';
import { consoleClientId } from '../../local/sign-in/access-token.js';
import { whyPasswordIsWrong } from '../../local/sign-in/password.js';
import { type SignIn, createSignIn, signInPath } from '../../local/sign-in/sign-in.js';
import { type LocalUser, documentedPassword, localUsers, userByName } from '../../local/sign-in/users.js';

const redirectUri = 'http://127.0.0.1:53211/callback';
const folder = mkdtempSync(join(tmpdir(), 'sign-in-'));
const user = (name: string): LocalUser => {
  const found = userByName(name);
  if (found === undefined) throw new Error(`no user ${name}`);
  return found;
};
const failures: unknown[] = [];

let server: Server;
let signIn: SignIn;
let verify: TokenVerifier;

/** Mounts the sign-in as Express does: the path it is mounted at is gone from `url`. */
const mounted = (publicUrl: string, password?: string, proxies = ''): SignIn =>
  createSignIn({
    publicUrl,
    trustedProxies: trustedProxiesOf(proxies),
    dataFolder: folder,
    onError: (error) => failures.push(error),
    ...(password === undefined ? {} : { password }),
  });

beforeAll(async () => {
  server = createServer((request, response) => {
    request.url = (request.url ?? '').slice(signInPath.length);
    signIn.handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  signIn = mounted(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
  verify = createTokenVerifier(signIn);
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
  expect(failures).toEqual([]);
});

/** A browser, as far as signing in needs one: it keeps cookies by path, and does not follow. */
function browser(): (url: string, form?: Record<string, string>, more?: Record<string, string>) => Promise<Response> {
  const cookies = new Map<string, { value: string; path: string }>();
  return async (url, form, more = {}) => {
    const { pathname } = new URL(url);
    const sent = [...cookies].filter(([, { path }]) => pathname.startsWith(path));
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: sent.map(([key, { value }]) => `${key.split(' ')[0] ?? ''}=${value}`).join('; '), ...more },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const header of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(header) ?? [];
      const path = /path=([^;]+)/.exec(header)?.[1] ?? '/';
      cookies.set(`${name} ${path}`, { value, path });
    }
    return response;
  };
}

const target = (response: Response, from: string): string => new URL(response.headers.get('location') ?? '', from).href;

interface Started {
  readonly visit: ReturnType<typeof browser>;
  readonly page: string;
  readonly verifier: string;
}

async function startSignIn(scope = 'openid profile', visit = browser()): Promise<Started> {
  const verifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    client_id: consoleClientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope,
    state: 'a state',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const url = `${signIn.issuer}/oauth2/authorize?${query.toString()}`;
  const response = await visit(url);
  expect(response.status).toBe(303);
  return { visit, page: target(response, url), verifier };
}

async function codeFrom({ visit }: Started, response: Response, from: string): Promise<string> {
  let url = target(response, from);
  while (!url.startsWith(redirectUri)) url = target(await visit(url), url);
  expect(new URL(url).searchParams.get('state')).toBe('a state');
  return new URL(url).searchParams.get('code') ?? '';
}

const exchange = async (form: Record<string, string>): Promise<{ status: number; body: Record<string, string> }> => {
  const response = await fetch(`${signIn.issuer}/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: consoleClientId, ...form }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, string> };
};

async function tokensOf(username: string): Promise<Record<string, string>> {
  const started = await startSignIn();
  const response = await started.visit(started.page, { username, password: documentedPassword });
  const code = await codeFrom(started, response, started.page);
  const { status, body } = await exchange({
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    code_verifier: started.verifier,
  });
  expect(status).toBe(200);
  return body;
}

describe('signing in with code and PKCE', () => {
  test.each(localUsers.map(({ username }) => username))(
    'gives %s an access token shaped as Cognito’s',
    async (name) => {
      const tokens = await tokensOf(name);
      const { principal, claims } = await verify(`Bearer ${tokens['access_token'] ?? ''}`);
      const { subject, groups, fhirUser } = user(name);
      expect(principal).toEqual({
        subject,
        username: name,
        groups,
        scopes: ['openid', 'profile'],
        clientId: consoleClientId,
        ...(fhirUser === undefined ? {} : { fhirUser }),
      });
      expect(claims).toMatchObject({ token_use: 'access', iss: signIn.issuer, 'cognito:groups': groups, version: 2 });
      expect(Number(claims['exp']) - Number(claims['iat'])).toBe(3600);
      expect(typeof claims['jti']).toBe('string');
      expect(typeof claims['auth_time']).toBe('number');
    },
  );

  test('gives an ID token that the servers refuse by its name', async () => {
    const tokens = await tokensOf('practitioner');
    await expect(verify(`Bearer ${tokens['id_token'] ?? ''}`)).rejects.toThrow('is an ID token');
  });

  test('gives a refresh token that gives another access token, and is used up by it', async () => {
    const tokens = await tokensOf('auditor');
    const again = await exchange({ grant_type: 'refresh_token', refresh_token: tokens['refresh_token'] ?? '' });
    expect(again.status).toBe(200);
    const { principal } = await verify(`Bearer ${again.body['access_token'] ?? ''}`);
    expect(principal.username).toBe('auditor');
    const twice = await exchange({ grant_type: 'refresh_token', refresh_token: tokens['refresh_token'] ?? '' });
    expect(twice).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  test('a refresh token that is revoked gives nothing any more; the answer has no type, which clients would read', async () => {
    const { refresh_token: token = '' } = await tokensOf('practitioner');
    const revoked = await fetch(`${signIn.issuer}/oauth2/revoke`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: consoleClientId, token, token_type_hint: 'refresh_token' }),
    });
    expect([revoked.status, revoked.headers.get('content-type'), await revoked.text()]).toEqual([200, null, '']);
    const { status, body } = await exchange({ grant_type: 'refresh_token', refresh_token: token });
    expect([status, body['error']]).toEqual([400, 'invalid_grant']);
  });

  test('does not ask a second time while the session lasts', async () => {
    const started = await startSignIn();
    const response = await started.visit(started.page, { username: 'patient', password: documentedPassword });
    await codeFrom(started, response, started.page);
    const second = await startSignIn('openid profile', started.visit);
    expect(second.page).toMatch(/^http:\/\/127\.0\.0\.1:53211\/callback\?code=/);
  });

  test.each([
    [{ username: 'practitioner', password: 'wrong' }, 'The password is wrong'],
    [{ username: 'practitioner' }, 'The password is wrong'],
    [{ username: 'nobody', password: documentedPassword }, 'Choose a user'],
  ])('asks again after %j', async (form: Record<string, string>, said) => {
    const { visit, page } = await startSignIn();
    const response = await visit(page, form);
    expect(response.status).toBe(401);
    expect(await response.text()).toContain(said);
  });

  test('an address may guess twenty passwords, and then has to wait, whatever it knows', async () => {
    const before = signIn;
    signIn = mounted(before.issuer.slice(0, -signInPath.length));
    try {
      const { visit, page } = await startSignIn();
      const statuses: number[] = [];
      // Another guess may be sent every ten seconds: on a slow machine it takes one or two more.
      while (statuses.at(-1) !== 429 && statuses.length < 40) {
        statuses.push((await visit(page, { username: 'practitioner', password: 'wrong' })).status);
      }
      expect(statuses.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 401));
      expect(statuses.at(-1)).toBe(429);
      const refused = await visit(page, { username: 'practitioner', password: documentedPassword });
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '10']);
    } finally {
      signIn = before;
    }
  });

  test('who guesses through a trusted proxy keeps nobody else out; who is nobody is one to it, and tells nothing more', async () => {
    const before = signIn;
    signIn = mounted(before.issuer.slice(0, -signInPath.length), 'a password', '127.0.0.1');
    try {
      const { visit, page } = await startSignIn();
      const guess = (from: string, username: string, password = 'wrong'): Promise<Response> =>
        visit(page, { username, password }, { 'x-forwarded-for': from });
      for (let i = 0; i < 20; i += 1) await guess('198.51.100.1', 'practitioner');
      expect((await guess('198.51.100.1', 'auditor')).status).toBe(429);
      expect((await guess('198.51.100.2', 'auditor')).status).toBe(401);
      const statuses = new Set<number>();
      for (let i = 0; i < 60; i += 1) {
        statuses.add((await guess(`198.51.101.${String(i)}`, `nobody-${String(i)}`, 'a password')).status);
      }
      expect([...statuses]).toEqual([401, 429]);
    } finally {
      signIn = before;
    }
  });

  test('takes a code once: used again, it and what it gave count no more', async () => {
    const started = await startSignIn();
    const response = await started.visit(started.page, { username: 'patient', password: documentedPassword });
    const code = await codeFrom(started, response, started.page);
    const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: started.verifier };
    const first = await exchange(form);
    expect(first.status).toBe(200);
    expect(await exchange(form)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    const refresh_token = first.body['refresh_token'] ?? '';
    expect((await exchange({ grant_type: 'refresh_token', refresh_token })).status).toBe(400);
  });

  test('ends a line of refresh tokens when one of them comes again', async () => {
    const refreshed = (refresh_token: string) => exchange({ grant_type: 'refresh_token', refresh_token });
    const first = (await tokensOf('patient'))['refresh_token'] ?? '';
    const second = await refreshed(first);
    expect(second.status).toBe(200);
    expect((await refreshed(first)).status).toBe(400);
    expect((await refreshed(second.body['refresh_token'] ?? '')).status).toBe(400);
  });

  test.each<[string, Record<string, string>]>([
    ['no verifier', { code_verifier: '' }],
    ['the challenge as the verifier', { code_verifier: 'challenge' }],
    ['another redirect', { redirect_uri: 'http://127.0.0.1:53211/' }],
    ['another port', { redirect_uri: 'http://127.0.0.1:53212/callback' }],
    ['no redirect', { redirect_uri: '' }],
    ['another client', { client_id: 'fhir-on-appsync-application' }],
  ])('gives no token for a code with %s', async (_, change) => {
    const started = await startSignIn();
    const response = await started.visit(started.page, { username: 'patient', password: documentedPassword });
    const code = await codeFrom(started, response, started.page);
    const challenge = createHash('sha256').update(started.verifier).digest('base64url');
    const form: Record<string, string> = {
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      code_verifier: started.verifier,
      ...change,
    };
    if (form['code_verifier'] === 'challenge') form['code_verifier'] = challenge;
    const sent = Object.fromEntries(Object.entries(form).filter(([, value]) => value !== ''));
    const { status, body } = await exchange(sent);
    expect([400, 401]).toContain(status);
    expect(body).not.toHaveProperty('access_token');
  });

  test.each<[string, Record<string, string | undefined>]>([
    ['a plain challenge', { code_challenge_method: 'plain' }],
    ['a challenge without its method', { code_challenge_method: undefined }],
    ['no challenge', { code_challenge: undefined }],
    ['an empty challenge', { code_challenge: '' }],
    ['a token at once', { response_type: 'token' }],
    ['an ID token at once', { response_type: 'id_token', nonce: 'n' }],
    ['both', { response_type: 'code id_token', nonce: 'n' }],
  ])('does not begin with %s', async (_, change) => {
    const query = new URLSearchParams({
      client_id: consoleClientId,
      response_type: 'code',
      redirect_uri: redirectUri,
      scope: 'openid profile',
      code_challenge: createHash('sha256').update('x'.repeat(43)).digest('base64url'),
      code_challenge_method: 'S256',
    });
    for (const [name, value] of Object.entries(change)) {
      if (value === undefined) query.delete(name);
      else query.set(name, value);
    }
    const response = await browser()(`${signIn.issuer}/oauth2/authorize?${query.toString()}`);
    const to = response.headers.get('location') ?? '';
    expect(to).not.toContain('/interaction/');
    expect(to).not.toMatch(/[?#&](?:code|access_token|id_token)=/);
    expect(`${to} ${await response.text()}`).toMatch(/code_challenge|response_type|PKCE|unsupported/);
  });

  test('takes a code only with its verifier', async () => {
    const started = await startSignIn();
    const response = await started.visit(started.page, { username: 'patient', password: documentedPassword });
    const code = await codeFrom(started, response, started.page);
    const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri };
    const wrong = await exchange({ ...form, code_verifier: randomBytes(32).toString('base64url') });
    expect(wrong).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  test.each([
    ['http://192.0.2.1/callback', 'redirect_uri'],
    ['https://elsewhere.example/callback', 'redirect_uri'],
    ['http://127.0.0.1:5000/other', 'redirect_uri'],
    ['http://127.0.0.1:5000/callback/', 'redirect_uri'],
    ['http://127.0.0.1:5000/callback?x=1', 'redirect_uri'],
    ['http://127.0.0.1:5000/callback#x', 'redirect_uri'],
    ['http://127.0.0.1:5000/x/../callback/..', 'redirect_uri'],
    ['http://127.0.0.1:5000/CALLBACK', 'redirect_uri'],
    ['http://127.0.0.1.evil.example/callback', 'redirect_uri'],
    ['http://127.0.0.1@evil.example/callback', 'redirect_uri'],
    ['http://user@127.0.0.1:5000/callback', 'redirect_uri'],
    ['http://localhost.evil.example/callback', 'redirect_uri'],
    ['http://127.0.0.2/callback', 'redirect_uri'],
    ['http://2130706433/callback', 'redirect_uri'],
    ['https://127.0.0.1/callback', 'redirect_uri'],
    ['javascript:alert(1)', 'redirect_uri'],
    ['//127.0.0.1/callback', 'redirect_uri'],
  ])('leads nowhere but back to this machine: %s', async (uri, said) => {
    const query = new URLSearchParams({
      client_id: consoleClientId,
      response_type: 'code',
      redirect_uri: uri,
      scope: 'openid',
    });
    const response = await browser()(`${signIn.issuer}/oauth2/authorize?${query.toString()}`);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(said);
  });

  test('is not possible without PKCE', async () => {
    const query = new URLSearchParams({
      client_id: consoleClientId,
      response_type: 'code',
      redirect_uri: redirectUri,
      scope: 'openid',
    });
    const response = await browser()(`${signIn.issuer}/oauth2/authorize?${query.toString()}`);
    expect(target(response, signIn.issuer)).toContain('error=invalid_request');
  });
});

describe('the sign-in’s pages', () => {
  test('run no script and load nothing from elsewhere', async () => {
    const { visit, page } = await startSignIn();
    const response = await visit(page);
    expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
    const html = await response.text();
    expect(html).not.toMatch(/<script|<link[^>]+stylesheet/);
    for (const { username } of localUsers) expect(html).toContain(`value="${username}"`);
  });

  test('say so when the sign-in they belong to is over', async () => {
    const response = await browser()(`${signIn.issuer}/interaction/abc`);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('Start again');
  });

  test('say so as well when a URL of one that is over has parameters, which are not read', async () => {
    const url = `${signIn.issuer}/oauth2/authorize/abc?client_id=${consoleClientId}&redirect_uri=javascript:0`;
    for (const method of ['GET', 'HEAD']) expect((await fetch(url, { method, redirect: 'manual' })).status).toBe(400);
  });

  test('sign out after asking', async () => {
    const started = await startSignIn();
    const response = await started.visit(started.page, { username: 'patient', password: documentedPassword });
    await codeFrom(started, response, started.page);
    const asked = await started.visit(`${signIn.issuer}/logout`);
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(await asked.text())?.[1] ?? '';
    const done = await started.visit(`${signIn.issuer}/logout/confirm`, { xsrf, logout: 'yes' });
    expect(done.status).toBe(303);
    const { page } = await startSignIn('openid profile', started.visit);
    expect(page).toContain('/interaction/');
  });
});

test('discovery names where everything is, at Cognito’s paths', async () => {
  const response = await fetch(`${signIn.issuer}/.well-known/openid-configuration`);
  expect(await response.json()).toMatchObject({
    issuer: signIn.issuer,
    authorization_endpoint: `${signIn.issuer}/oauth2/authorize`,
    token_endpoint: `${signIn.issuer}/oauth2/token`,
    jwks_uri: `${signIn.issuer}/.well-known/jwks.json`,
    code_challenge_methods_supported: ['S256'],
  });
  const jwks: unknown = await (await fetch(`${signIn.issuer}/.well-known/jwks.json`)).json();
  expect(jwks).toEqual(signIn.jwks);
  expect(JSON.stringify(jwks)).not.toContain('"d"');
});

describe('across restarts', () => {
  test('tokens and refresh tokens go on counting', async () => {
    const tokens = await tokensOf('practitioner');
    signIn = mounted(signIn.issuer.slice(0, -signInPath.length));
    const { principal } = await createTokenVerifier(signIn)(`Bearer ${tokens['access_token'] ?? ''}`);
    expect(principal.username).toBe('practitioner');
    const { status } = await exchange({ grant_type: 'refresh_token', refresh_token: tokens['refresh_token'] ?? '' });
    expect(status).toBe(200);
  });

  test('a token signed without signing in counts as well, as long as it lives', async () => {
    const { principal } = await verify(`Bearer ${signIn.signToken(user('patient'))}`);
    expect(principal.fhirUser).toBe(user('patient').fhirUser);
    await expect(verify(`Bearer ${signIn.signToken(user('patient'), -5)}`)).rejects.toThrow('expired');
  });

  test('the files of the sign-in are for their owner alone', () => {
    for (const name of ['sign-in-key.pem', 'sign-in-cookies', 'sign-in-sessions.json']) {
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    }
  });

  test('a damaged key is named, with what to do', () => {
    const other = mkdtempSync(join(tmpdir(), 'sign-in-'));
    writeFileSync(join(other, 'sign-in-key.pem'), 'no key');
    chmodSync(join(other, 'sign-in-key.pem'), 0o600);
    expect(() =>
      createSignIn({ publicUrl: 'http://127.0.0.1:1', dataFolder: other, onError: () => undefined }),
    ).toThrow(/sign-in-key\.pem holds no private key: delete it/);
    rmSync(other, { recursive: true });
  });
});

test('a password of the deployment replaces the documented one', async () => {
  signIn = mounted(signIn.issuer.slice(0, -signInPath.length), 'another');
  const { visit, page } = await startSignIn();
  expect((await visit(page, { username: 'auditor', password: documentedPassword })).status).toBe(401);
  expect((await visit(page, { username: 'auditor', password: 'another' })).status).toBe(303);
});

describe('the documented password', () => {
  const from = (remoteAddress: string, headers: IncomingMessage['headers'] = {}) =>
    whyPasswordIsWrong(documentedPassword, undefined, { socket: { remoteAddress }, headers });

  test.each(['127.0.0.1', '127.3.2.1', '::1', '::ffff:127.0.0.1'])('counts for who comes from %s', (address) => {
    expect(from(address)).toBeUndefined();
  });

  test.each(['192.0.2.7', '::ffff:192.0.2.7', '2001:db8::1', '10.0.0.1', ''])(
    'does not for who comes from "%s"',
    (address) => {
      expect(from(address)).toContain('SIGN_IN_PASSWORD');
    },
  );

  test('does not for who comes through a proxy on this machine', () => {
    expect(from('127.0.0.1', { 'x-forwarded-for': '192.0.2.7' })).toContain('SIGN_IN_PASSWORD');
    expect(from('127.0.0.1', { forwarded: 'for=192.0.2.7' })).toContain('SIGN_IN_PASSWORD');
  });
});
