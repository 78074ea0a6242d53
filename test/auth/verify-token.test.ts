import { beforeAll, describe, expect, test } from '@jest/globals';
import { type KeyObject, createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { type TokenVerifier, createTokenVerifier } from '../../auth/verify-token.js';
import { OperationOutcomeError } from '../../fhir/outcome.js';

const issuer = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc';
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const inAnHour = (): number => Math.floor(Date.now() / 1000) + 3600;

interface Pair {
  readonly privateKey: KeyObject;
  readonly jwk: { kty: string; n: string; e: string; kid: string; alg: string; use: string };
}
const pair = (kid: string): Pair => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
  return { privateKey, jwk: { kty: 'RSA', n, e, kid, alg: 'RS256', use: 'sig' } };
};
const signed = (key: Pair, claims: object, header: object = {}): string => {
  const text = `${part({ alg: 'RS256', kid: key.jwk.kid, ...header })}.${part(claims)}`;
  return `${text}.${sign('sha256', Buffer.from(text), key.privateKey).toString('base64url')}`;
};

let ours: Pair;
let theirs: Pair;
let verify: TokenVerifier;
const good = (): Record<string, unknown> => ({
  iss: issuer,
  sub: 'u-1',
  username: 'jane',
  'cognito:groups': ['practitioner'],
  client_id: 'app',
  token_use: 'access',
  scope: 'openid profile',
  exp: inAnHour(),
});

beforeAll(() => {
  ours = pair('ours');
  theirs = pair('theirs');
  verify = createTokenVerifier({ issuer, jwks: { keys: [ours.jwk] }, clientIds: ['app'] });
});

async function refusal(authorization: string | undefined): Promise<{ status: number; code?: string; message: string }> {
  const error: unknown = await verify(authorization).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof OperationOutcomeError)) throw new Error(`not refused: ${String(error)}`);
  return { status: error.status, message: error.message };
}

describe('a token that counts', () => {
  test('gives the principal and the claims', async () => {
    const { principal, claims } = await verify(`Bearer ${signed(ours, good())}`);
    expect(principal).toEqual({
      subject: 'u-1',
      username: 'jane',
      groups: ['practitioner'],
      scopes: ['openid', 'profile'],
      clientId: 'app',
    });
    expect(claims['token_use']).toBe('access');
  });

  test('may have the scheme in any case, and blanks around it', async () => {
    const token = signed(ours, good());
    for (const header of [`bearer ${token}`, `BEARER   ${token}`, `  Bearer ${token} `]) {
      expect((await verify(header)).principal.username).toBe('jane');
    }
  });
});

describe('a token that does not count is refused with 401 and the reason:', () => {
  test.each<[string, () => string | undefined, string]>([
    ['no header', () => undefined, 'The request has no token: send the header "Authorization: Bearer <access token>"'],
    ['an empty header', () => ' ', 'The request has no token'],
    ['a bare token', () => signed(ours, good()), 'bare token: it must start with "Bearer "'],
    ['the scheme alone', () => 'Bearer', 'no token after it'],
    ['another scheme', () => 'Basic YTpi', 'no other scheme is understood'],
    ['two tokens', () => `Bearer ${signed(ours, good())} ${signed(ours, good())}`, 'no other scheme is understood'],
    ['rubbish', () => 'Bearer abc', 'malformed'],
    ['rubbish in three parts', () => 'Bearer a.b.c', 'malformed'],
    ['an endless header', () => `Bearer ${'a'.repeat(20_000)}`, 'longer than 16384 characters'],
    [
      'an ID token',
      () => `Bearer ${signed(ours, { ...good(), token_use: 'id' })}`,
      'is an ID token: send the access token',
    ],
    [
      'an ID token that does not say so',
      () => `Bearer ${signed(ours, { ...good(), token_use: undefined, client_id: undefined, aud: 'app' })}`,
      'is an ID token',
    ],
    [
      'a token of no use',
      () => `Bearer ${signed(ours, { ...good(), token_use: 'refresh' })}`,
      '"token_use" is "refresh"',
    ],
    [
      'an expired token',
      () => `Bearer ${signed(ours, { ...good(), exp: 1_700_000_000 })}`,
      'expired at 2023-11-14T22:13:20.000Z',
    ],
    ['a token without end', () => `Bearer ${signed(ours, { ...good(), exp: undefined })}`, 'no claim "exp"'],
    [
      'a token of tomorrow',
      () => `Bearer ${signed(ours, { ...good(), nbf: 4_000_000_000 })}`,
      'not valid before 2096-10-02',
    ],
    [
      'a foreign issuer',
      () => `Bearer ${signed(theirs, { ...good(), iss: 'https://evil.example' })}`,
      'foreign issuer: its "iss" is "https://evil.example", this server trusts "https://cognito-idp',
    ],
    ['no issuer', () => `Bearer ${signed(ours, { ...good(), iss: undefined })}`, 'its "iss" is none'],
    ['a foreign key', () => `Bearer ${signed(theirs, good())}`, 'signed by a foreign key'],
    [
      'a foreign key under our name',
      () => `Bearer ${signed({ ...theirs, jwk: { ...theirs.jwk, kid: 'ours' } }, good())}`,
      'signature is wrong',
    ],
    ['a foreign client', () => `Bearer ${signed(ours, { ...good(), client_id: 'other' })}`, 'the client "other"'],
    ['no client', () => `Bearer ${signed(ours, { ...good(), client_id: undefined })}`, 'the client none'],
    ['no subject', () => `Bearer ${signed(ours, { ...good(), sub: undefined })}`, 'no claim "sub"'],
  ])('%s', async (_name, header, reason) => {
    const { status, message } = await refusal(header());
    expect(status).toBe(401);
    expect(message).toContain(reason);
  });

  test('a token whose claims were changed', async () => {
    const [header = '', , signature = ''] = signed(ours, good()).split('.');
    const { message } = await refusal(
      `Bearer ${header}.${part({ ...good(), 'cognito:groups': ['auditor'] })}.${signature}`,
    );
    expect(message).toContain('signature is wrong');
  });

  test('a token signed with nothing, or with the public key as a shared secret', async () => {
    const none = `${part({ alg: 'none', kid: 'ours' })}.${part(good())}.AA`;
    const text = `${part({ alg: 'HS256', kid: 'ours' })}.${part(good())}`;
    const shared = `${text}.${createHmac('sha256', JSON.stringify(ours.jwk)).update(text).digest('base64url')}`;
    for (const token of [none, shared]) expect((await refusal(`Bearer ${token}`)).status).toBe(401);
  });
});

describe('a remembered token', () => {
  test('is not verified a second time, and ends when it expires', async () => {
    let now = Date.now();
    const one = createTokenVerifier({ issuer, jwks: { keys: [ours.jwk] }, now: () => now });
    const header = `Bearer ${signed(ours, good())}`;
    const first = await one(header);
    expect(await one(header)).toBe(first);
    now += 3_601_000;
    // Not remembered any more: verified again by the machine's clock, by which it is still good.
    const second = await one(header);
    expect(second).not.toBe(first);
    expect(second).toEqual(first);
  });

  test('is forgotten when too many others came since', async () => {
    const one = createTokenVerifier({ issuer, jwks: { keys: [ours.jwk] }, remembered: 2 });
    const [a, b, c] = ['a', 'b', 'c'].map((jti) => `Bearer ${signed(ours, { ...good(), jti })}`);
    const first = await one(a);
    await one(b);
    expect(await one(a)).toBe(first);
    await one(c);
    expect(await one(a)).toBe(first);
    const again = await one(b);
    await one(c);
    expect(await one(b)).toBe(again);
    expect(await one(a)).not.toBe(first);
  });

  test('is told apart from one that differs in a character', async () => {
    const token = signed(ours, good());
    await verify(`Bearer ${token}`);
    const wrong = `${token.slice(0, -6)}${token.at(-6) === 'A' ? 'B' : 'A'}${token.slice(-5)}`;
    expect((await refusal(`Bearer ${wrong}`)).status).toBe(401);
  });
});

test('keys that cannot be fetched are the server’s fault, not the token’s: 503', async () => {
  const away = createTokenVerifier({ issuer, jwksUri: 'https://127.0.0.1:1/jwks.json' });
  await expect(away(`Bearer ${signed(ours, good())}`)).rejects.toMatchObject({ status: 503 });
});
