import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { connect } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import { type RunningServer, startServer } from '../../local/server.js';
import { readSettings } from '../../local/settings.js';
import { consoleClientId } from '../../local/sign-in/access-token.js';
import { readSignInKeys, type SignInKeys } from '../../local/sign-in/keys.js';
import { signInIssuer } from '../../local/sign-in/sign-in.js';
import { connectRealtime } from '../support/realtime-client.js';

// Whoever has a token that was not given by this server, or is none for its APIs, is nobody: on every face alike.

const folder = mkdtempSync(join(tmpdir(), 'fhir-tokens-'));
let server: RunningServer;
let keys: SignInKeys;
let jwks: { readonly keys: readonly object[] };
beforeAll(async () => {
  server = await startServer(readSettings({ PORT: '0', DATA_DIR: folder }), pino({ level: 'silent' }));
  keys = readSignInKeys(folder);
  jwks = (await (await fetch(`${server.url}/sign-in/.well-known/jwks.json`)).json()) as typeof jwks;
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const seconds = (): number => Math.floor(Date.now() / 1000);
const claims = (): Record<string, unknown> => ({
  iss: signInIssuer(server.url),
  sub: 'u-1',
  username: 'jane',
  'cognito:groups': ['practitioner'],
  client_id: consoleClientId,
  token_use: 'access',
  scope: 'openid profile',
  iat: seconds(),
  exp: seconds() + 600,
});
const header = (): Record<string, unknown> => ({ alg: 'RS256', kid: keys.publicJwk.kid });
const signedBy = (key: KeyObject, head: unknown, body: unknown): string => {
  const text = `${part(head)}.${part(body)}`;
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
};
const good = (more: Record<string, unknown> = {}, head: Record<string, unknown> = {}): string =>
  signedBy(keys.privateKey, { ...header(), ...head }, { ...claims(), ...more });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
const strangersJwk = (): object => ({ ...stranger.publicKey.export({ format: 'jwk' }), ...header(), use: 'sig' });
const shared = (secret: string | Buffer): string => {
  const text = `${part({ alg: 'HS256', kid: keys.publicJwk.kid })}.${part(claims())}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
};
const publicPem = (): string => createPublicKey(keys.privateKey).export({ type: 'spki', format: 'pem' }) as string;

const wrong: Readonly<Record<string, () => string>> = {
  'that expired': () => good({ exp: seconds() - 60 }),
  'that is for later': () => good({ nbf: seconds() + 600 }),
  'of another pool': () => good({ iss: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_other' }),
  'that is for the client to know who signed in': () => good({ token_use: 'id' }),
  'of another client': () => good({ client_id: 'other' }),
  'that is not signed': () => `${part({ alg: 'none' })}.${part(claims())}.`,
  'that says it is not signed, and is': () => signedBy(keys.privateKey, { ...header(), alg: 'none' }, claims()),
  'whose secret is the public key': () => shared(publicPem()),
  'whose secret is the public key as it is published': () => shared(JSON.stringify(jwks.keys[0])),
  'whose secret is nothing': () => shared(''),
  'by a key in a file': () => signedBy(stranger.privateKey, { ...header(), kid: '../../../../dev/null' }, claims()),
  'by an unknown key': () => signedBy(stranger.privateKey, { ...header(), kid: 'x' }, claims()),
  'by a key without a name': () => signedBy(stranger.privateKey, { alg: 'RS256' }, claims()),
  'by a key under our name': () => signedBy(stranger.privateKey, header(), claims()),
  'that brings its key along': () => signedBy(stranger.privateKey, { ...header(), jwk: strangersJwk() }, claims()),
  'that says where its key is': () =>
    signedBy(stranger.privateKey, { ...header(), jku: `${server.url}/x`, x5u: `${server.url}/x` }, claims()),
  'whose header has two algorithms': () =>
    signedBy(stranger.privateKey, `{"alg":"RS256","alg":"none","kid":"${keys.publicJwk.kid}"}`, claims()),
  'whose claims were changed': () => {
    const [head = '', , signature = ''] = good().split('.');
    return `${head}.${part({ ...claims(), sub: 'u-2', 'cognito:groups': ['operator'] })}.${signature}`;
  },
  'whose header says it must be understood otherwise': () => good({}, { crit: ['exp'], exp: seconds() - 60 }),
  'that says it is not encoded': () => good({}, { b64: false, crit: ['b64'] }),
  'that never ends': () => good({ exp: undefined }),
  'whose end is a text': () => good({ exp: String(seconds() + 600) }),
  'whose life is not begun by a text': () => good({ nbf: String(seconds() + 600) }),
  'that was given later than now': () => good({ iat: seconds() + 6000, nbf: seconds() + 6000 }),
  'of several issuers': () => good({ iss: [signInIssuer(server.url), 'https://other.example'] }),
  'of an issuer with a slash more': () => good({ iss: `${signInIssuer(server.url)}/` }),
  'of several clients': () => good({ client_id: [consoleClientId] }),
  'of two uses': () => good({ token_use: ['access', 'id'] }),
  'to refresh others': () => good({ token_use: 'refresh' }),
  'of nobody': () => good({ sub: '' }),
  'in another algorithm of the same key': () => good({}, { alg: 'RS512' }),
  'in an algorithm in small letters': () => good({}, { alg: 'rs256' }),
  'with a part more': () => `${good()}.${part('x')}`,
  'with a signature that goes on': () => `${good()}AAAA`,
  'with another spelling of its signature': () => `${good()}=`,
  'with a line break': () => good().replace('.', '. '),
  'that is very long': () => good({ x: 'x'.repeat(20_000) }),
};

/** How each face answers who has a token, as a status. */
const faces: Readonly<Record<string, (token: string) => Promise<number>>> = {
  REST: async (token) => statusOf('/r4/Patient?_count=1', token),
  $graphql: async (token) => statusOf('/stu3/$graphql?query=%7B__typename%7D', token),
  'the AppSync API': async (token) => statusOf('/r4/graphql', token, JSON.stringify({ query: '{ __typename }' })),
  'a WebSocket': async (token) => {
    const client = await connectRealtime(`${server.url.replace('http', 'ws')}/r4/graphql`, { token });
    client.send({ type: 'connection_init' });
    const { type, payload } = await client.next();
    await client.close();
    return type === 'connection_ack' ? 200 : (payload?.errors?.[0]?.errorCode ?? 0);
  },
  'a subscription': async (token) => {
    const client = await connectRealtime(`${server.url.replace('http', 'ws')}/r4/graphql`, { token: good() });
    const { type, payload } = await client.start('1', 'subscription { onResourceChanged { type } }', { token });
    await client.close();
    return type === 'start_ack' ? 200 : (payload?.errors?.[0]?.errorCode ?? 0);
  },
};

async function statusOf(path: string, token: string, body?: string): Promise<number> {
  const headers = {
    authorization: `Bearer ${token}`,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  const answer = await fetch(
    `${server.url}${path}`,
    body === undefined ? { headers } : { method: 'POST', headers, body },
  );
  return answer.status;
}

/** The statuses of an API to a request with headers that come several times, in this order. */
async function statusWith(path: string, authorizations: readonly string[], method = 'GET'): Promise<number> {
  const lines = authorizations.map((each) => `Authorization: ${each}\r\n`).join('');
  const body = method === 'POST' ? '{"query":"{ __typename }"}' : '';
  const socket = connect(server.port, '127.0.0.1');
  socket.write(
    `${method} ${path} HTTP/1.1\r\nHost: x\r\n${lines}Content-Type: application/json\r\nContent-Length: ${String(body.length)}\r\nConnection: close\r\n\r\n${body}`,
  );
  return Number((await text(socket)).split(' ')[1]);
}

describe.each([
  ['REST', '/r4/Patient?_count=1', 'GET'],
  ['$graphql', '/r4/$graphql?query=%7B__typename%7D', 'GET'],
  ['the AppSync API', '/r4/graphql', 'POST'],
])('%s', (_, path, method) => {
  test('takes one token, in its header alone', async () => {
    const token = good();
    const bearer = `Bearer ${token}`;
    expect(await statusWith(path, [bearer], method)).toBe(200);
    for (const several of [
      [bearer, 'Bearer x'],
      ['Bearer x', bearer],
      [bearer, bearer],
      [`${bearer}, Bearer x`],
      [''],
      [`Basic ${Buffer.from(token).toString('base64')}`],
      [`DPoP ${token}`],
      [`Bearer: ${token}`],
    ]) {
      expect([several.length, await statusWith(path, several, method)]).toEqual([several.length, 401]);
    }
    const mark = path.includes('?') ? '&' : '?';
    for (const name of ['access_token', 'token', 'authorization', 'Authorization']) {
      expect(await statusWith(`${path}${mark}${name}=${token}`, [], method)).toBe(401);
    }
    expect(await statusWith(path, [`bEARER ${token}`], method)).toBe(200);
  });
});

describe.each(Object.keys(faces))('%s', (name) => {
  const ask = faces[name] ?? (() => Promise.resolve(0));

  test('answers who has a token of this server', async () => {
    expect(await ask(good())).toBe(200);
  });

  test.each(Object.keys(wrong))('does not know who has a token %s', async (kind) => {
    expect(await ask(wrong[kind]?.() ?? '')).toBe(401);
  });
});
