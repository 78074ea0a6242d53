import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

describe.each(Object.keys(faces))('%s', (name) => {
  const ask = faces[name] ?? (() => Promise.resolve(0));

  test('answers who has a token of this server', async () => {
    expect(await ask(good())).toBe(200);
  });

  test.each(Object.keys(wrong))('does not know who has a token %s', async (kind) => {
    expect(await ask(wrong[kind]?.() ?? '')).toBe(401);
  });
});
