import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fhirVersions } from '../../fhir/version.js';
import { applicationClientId } from '../../local/sign-in/access-token.js';
import type { Manifest } from '../support/jobs.js';

// SMART Backend Services and an export by them, in the order of Inferno's Bulk Data Test Kit (1.0.1 and 2.0.0): discovery,
// token, kick-off, status, download, parameters, cancel. https://github.com/inferno-framework/bulk-data-test-kit

const folder = mkdtempSync(join(tmpdir(), 'backend-'));
const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-384' });
/** The built server in a process of its own: what signs tokens takes no objects of a test's realm. */
let child: ChildProcess;
const server = { url: '' };
beforeAll(async () => {
  const keys = [
    { ...elliptic.publicKey.export({ format: 'jwk' }), kid: 'e' },
    { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'r' },
  ];
  const path = join(folder, 'application.json');
  writeFileSync(path, JSON.stringify({ keys }));
  const settings = { PORT: '0', DATA_DIR: folder, AUTHORIZATION: 'roles+smart', APPLICATION_JWKS: path };
  const env = { ...process.env, NODE_OPTIONS: '', HOST: '127.0.0.1', LOG_LEVEL: 'warn', ...settings };
  child = spawn(process.execPath, ['dist/main.js'], { env });
  let printed = '';
  for await (const text of child.stdout ?? []) {
    printed += String(text);
    server.url = /listens on (\S+)/.exec(printed)?.[1] ?? '';
    if (server.url !== '') break;
  }
});
afterAll(async () => {
  child.kill();
  await once(child, 'exit');
  rmSync(folder, { recursive: true });
});

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
function assertion(
  alg: 'ES384' | 'RS384',
  key: KeyObject,
  claims: object = {},
  kid = alg === 'ES384' ? 'e' : 'r',
): string {
  const now = Math.floor(Date.now() / 1000);
  const said = {
    iss: applicationClientId,
    sub: applicationClientId,
    aud: `${server.url}/sign-in/oauth2/token`,
    exp: now + 300,
    jti: randomUUID(),
    ...claims,
  };
  const text = `${encoded({ alg, kid, typ: 'JWT' })}.${encoded(said)}`;
  return `${text}.${sign('sha384', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}
async function tokenFor(client_assertion: string, more: Record<string, string> = {}): Promise<Response> {
  const form = {
    grant_type: 'client_credentials',
    scope: 'system/*.rs',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion,
    ...more,
  };
  return fetch(`${server.url}/sign-in/oauth2/token`, { method: 'POST', body: new URLSearchParams(form) });
}
async function bearer(scope: string): Promise<string> {
  const answer = await tokenFor(assertion('ES384', elliptic.privateKey), { scope });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(text);
  const { access_token: token } = JSON.parse(text) as { access_token: string };
  return `Bearer ${token}`;
}

describe('the token endpoint', () => {
  test('is told of by the SMART configuration, with what it takes', async () => {
    for (const version of fhirVersions) {
      const answer = await fetch(`${server.url}/${version}/.well-known/smart-configuration`);
      expect(answer.headers.get('content-type')).toContain('application/json');
      expect(await answer.json()).toMatchObject({
        token_endpoint: `${server.url}/sign-in/oauth2/token`,
        grant_types_supported: ['authorization_code', 'client_credentials'],
        token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'],
        token_endpoint_auth_signing_alg_values_supported: ['RS384', 'ES384'],
        scopes_supported: expect.arrayContaining(['system/*.cruds']) as unknown,
        capabilities: expect.arrayContaining(['client-confidential-asymmetric', 'permission-v2']) as unknown,
      });
    }
  });

  test.each(['ES384', 'RS384'] as const)('gives a token to who signs by %s', async (alg) => {
    const answer = await tokenFor(assertion(alg, alg === 'ES384' ? elliptic.privateKey : rsa.privateKey));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toContain('no-store');
    const token = (await answer.json()) as Record<string, unknown>;
    expect(token).toMatchObject({ token_type: 'Bearer', scope: 'system/*.rs', expires_in: expect.any(Number) });
  });

  test('gives none for what is wrong: signature, issuer, audience, age, type, a second use', async () => {
    const used = assertion('ES384', elliptic.privateKey);
    expect((await tokenFor(used)).status).toBe(200);
    const past = Math.floor(Date.now() / 1000) - 600;
    const own = (claims: object): string => assertion('ES384', elliptic.privateKey, claims);
    const wrong: [string, Record<string, string>?][] = [
      [used],
      [assertion('ES384', stranger.privateKey)],
      [own({ iss: 'another' })],
      [own({ sub: 'another' })],
      [own({ aud: 'https://other.example.org/token' })],
      [own({ exp: past })],
      [own({ jti: undefined })],
      [own({}), { client_assertion_type: 'urn:other' }],
      [own({}), { grant_type: 'authorization_code' }],
    ];
    for (const [text, more] of wrong) expect([400, 401]).toContain((await tokenFor(text, more)).status);
  });
});

/** Asks for a token as who knows the server by another name does; without its own name in what is signed. */
async function tokenUnder(host: string, client_assertion: string): Promise<number> {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    scope: 'system/*.rs',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion,
  });
  const type = 'application/x-www-form-urlencoded';
  const headers = { host, 'content-type': type, 'x-forwarded-host': host, 'x-forwarded-proto': 'https' };
  const sending = request(`${server.url}/sign-in/oauth2/token`, { method: 'POST', headers });
  sending.end(form.toString());
  const [answer] = (await once(sending, 'response')) as [IncomingMessage];
  answer.resume();
  return answer.statusCode ?? 0;
}

test('an assertion that another server was sent gives it no token here, under that server’s name', async () => {
  for (const aud of ['http://evil.example/sign-in/oauth2/token', 'https://evil.example/sign-in/oauth2/token']) {
    const stolen = assertion('ES384', elliptic.privateKey, { aud });
    expect(await tokenUnder('evil.example', stolen)).toBe(401);
  }
  for (const aud of [`${server.url}/sign-in`, `${server.url}/sign-in/oauth2/token`]) {
    expect(await tokenUnder('evil.example', assertion('ES384', elliptic.privateKey, { aud }))).toBe(200);
  }
});

describe.each(fhirVersions)('a backend service of %s', (version) => {
  const send = async (method: string, url: string, headers: Record<string, string>, body?: object): Promise<Response> =>
    fetch(url.startsWith('http') ? url : `${server.url}/${version}/${url}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/fhir+json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  let authorization: string;
  beforeAll(async () => {
    const writer = { authorization: await bearer('system/*.cruds') };
    for (const id of ['p1', 'p2', 'p3']) {
      const patient = { resourceType: 'Patient', id, name: [{ family: id }] };
      expect((await send('PUT', `Patient/${id}`, writer, patient)).status).toBe(201);
    }
    const member = ['p1', 'p2'].map((id) => ({ entity: { reference: `Patient/${id}` } }));
    const group = { resourceType: 'Group', id: 'g', type: 'person', actual: true, member };
    expect((await send('PUT', 'Group/g', writer, group)).status).toBe(201);
    authorization = await bearer('system/*.read');
  });
  const kickOff = async (url: string, more: Record<string, string> = {}): Promise<Response> =>
    send('GET', url, { accept: 'application/fhir+json', prefer: 'respond-async', authorization, ...more });
  const completed = async (job: string): Promise<Response> => {
    for (;;) {
      const status = await send('GET', job, { authorization, accept: 'application/json' });
      if (status.status !== 202) return status;
      expect(Number(status.headers.get('retry-after'))).toBeGreaterThan(0);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const levels = [
    ['$export', 3],
    ['Patient/$export', 3],
    ['Group/g/$export', 2],
  ] as const;

  test('finds in the capability statement what it may ask for', async () => {
    const { instantiates, rest } = (await (await send('GET', 'metadata', {})).json()) as {
      readonly instantiates?: readonly string[];
      readonly rest: readonly {
        readonly operation?: readonly { readonly name: string; readonly definition: unknown }[];
        readonly resource: readonly {
          readonly type: string;
          readonly operation?: readonly { readonly name: string }[];
        }[];
      }[];
    };
    if (version === 'r4') expect(instantiates?.[0]).toContain('bulkdata/CapabilityStatement/bulk-data');
    const text = JSON.stringify(rest[0]);
    for (const name of ['export', 'patient-export', 'group-export']) {
      expect(text).toContain(`http://hl7.org/fhir/uv/bulkdata/OperationDefinition/${name}`);
    }
  });

  test.each(levels)('has %s kicked off, asks for its status, and downloads what it lists', async (url, patients) => {
    expect([400, 401]).toContain((await send('GET', url, { prefer: 'respond-async' })).status);
    const begun = await kickOff(url);
    expect(begun.status).toBe(202);
    const status = await completed(begun.headers.get('content-location') ?? '');
    expect([status.status, status.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('application/json'),
    ]);
    const manifest = (await status.json()) as Manifest;
    expect(manifest).toMatchObject({ requiresAccessToken: true, error: [], request: expect.any(String) });
    expect(Date.parse(manifest.transactionTime)).not.toBeNaN();
    const found: string[] = [];
    for (const { type, url: file } of manifest.output) {
      expect(file).toMatch(/^http:\/\//);
      const headers = { accept: 'application/fhir+ndjson' };
      expect([400, 401]).toContain((await send('GET', file, headers)).status);
      const answer = await send('GET', file, { ...headers, authorization });
      expect(answer.headers.get('content-type')).toMatch(/^application\/fhir\+ndjson/);
      const lines = (await answer.text()).split('\n').filter((line) => line !== '');
      for (const line of lines) expect(JSON.parse(line)).toMatchObject({ resourceType: type });
      if (type === 'Patient') found.push(...lines);
    }
    expect(found).toHaveLength(patients);
    await send('DELETE', begun.headers.get('content-location') ?? '', { authorization });
  });

  test.each(levels.map(([url]) => url))('may say the format of %s and since when, and cancel it', async (url) => {
    const since = '2020-01-01T00:00:00.000Z';
    const queries = ['application/fhir+ndjson', 'application/ndjson', 'ndjson'].map((format) => ({
      _outputFormat: format,
    }));
    for (const query of [...queries, { _since: since }, { _since: '2020-01-01T01:00:00+01:00' }]) {
      const begun = await kickOff(`${url}?${new URLSearchParams(query as Record<string, string>).toString()}`);
      expect([query, begun.status]).toEqual([query, 202]);
      const job = begun.headers.get('content-location') ?? '';
      expect((await send('DELETE', job, { authorization, accept: 'application/json' })).status).toBe(202);
      const gone = await send('GET', job, { authorization, accept: 'application/json' });
      expect([gone.status, ((await gone.json()) as { resourceType: string }).resourceType]).toEqual([
        404,
        'OperationOutcome',
      ]);
    }
  });

  test('is refused, each with an OperationOutcome, for what cannot be kicked off', async () => {
    for (const [url, headers, status] of [
      ['$export', { prefer: 'return=minimal' }, 400],
      ['$export', { accept: 'text/turtle' }, 406],
      ['$export?_outputFormat=application/parquet', {}, 400],
      ['$export?_type=Nothing', {}, 400],
      ['Group/none/$export', {}, 404],
      ['Observation/$export', {}, 404],
    ] as const) {
      const answer = await kickOff(url, headers);
      expect([url, answer.status]).toEqual([url, status]);
      expect(((await answer.json()) as { resourceType: string }).resourceType).toBe('OperationOutcome');
    }
    authorization = await bearer('system/Observation.rs');
    expect((await kickOff('Patient/$export?_type=Patient')).status).toBe(403);
  });
});
