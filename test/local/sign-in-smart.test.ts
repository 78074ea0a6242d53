import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { fhirVersions } from '../../fhir/version.js';
import { readSettings } from '../../local/settings.js';
import { type RunningServer, startServer } from '../../local/server.js';
import { applicationClientId, consoleClientId } from '../../local/sign-in/access-token.js';
import { demoPatientId, documentedPassword } from '../../local/sign-in/users.js';

interface Configuration {
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly capabilities: readonly string[];
  readonly [member: string]: unknown;
}
interface Tokens {
  readonly access_token: string;
  readonly scope: string;
  readonly id_token: string;
  readonly refresh_token: string;
  readonly patient?: string;
  readonly error?: string;
}

const secret = 'a secret of thirty-two characters';
const folder = mkdtempSync(join(tmpdir(), 'smart-'));
const redirectUri = 'http://127.0.0.1:53211/callback';
let server: RunningServer;

beforeAll(async () => {
  const settings = { PORT: '0', DATA_DIR: folder, AUTHORIZATION: 'roles+smart', APPLICATION_SECRET: secret };
  server = await startServer(readSettings(settings), pino({ level: 'silent' }));
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const configuration = async (version = 'r4'): Promise<Configuration> =>
  (await (await fetch(`${server.url}/${version}/.well-known/smart-configuration`)).json()) as Configuration;

/** What an application does: finds the endpoints, sends the user to sign in, and exchanges the code. */
async function launch(username: string, scope: string, aud = `${server.url}/r4`): Promise<Tokens> {
  const { authorization_endpoint: authorize, token_endpoint: token } = await configuration();
  const cookies = new Map<string, string>();
  const visit = async (url: string, form?: Record<string, string>): Promise<string> => {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const header of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(header) ?? [];
      cookies.set(name, value);
    }
    return new URL(response.headers.get('location') ?? '', url).href;
  };
  const verifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    client_id: consoleClientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope,
    aud,
    state: 'a state',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const page = await visit(`${authorize}?${query.toString()}`);
  const refused = new URL(page).searchParams.get('error_description');
  if (refused !== null) throw new Error(refused);
  let url = await visit(page, { username, password: documentedPassword });
  while (!url.startsWith(redirectUri)) url = await visit(url);
  const body = new URLSearchParams({
    client_id: consoleClientId,
    grant_type: 'authorization_code',
    code: new URL(url).searchParams.get('code') ?? '',
    redirect_uri: redirectUri,
    code_verifier: verifier,
  });
  return (await (await fetch(token, { method: 'POST', body })).json()) as Tokens;
}

async function byCredentials(
  scope: string,
  password: string,
): Promise<{ status: number; headers: Headers; tokens: Tokens }> {
  const { token_endpoint: token } = await configuration();
  const credentials = [applicationClientId, password].map(encodeURIComponent).join(':');
  const response = await fetch(token, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope }),
  });
  return { status: response.status, headers: response.headers, tokens: (await response.json()) as Tokens };
}

const statusOf = async (token: string, path: string, body?: object): Promise<number> =>
  (
    await fetch(`${server.url}/r4/${path}`, {
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json' },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    })
  ).status;

describe.each(fhirVersions)('%s tells applications', (version) => {
  test('where to get tokens and what is supported, without a token', async () => {
    const { authorization_endpoint, token_endpoint, capabilities, ...rest } = await configuration(version);
    expect(authorization_endpoint).toBe(`${server.url}/sign-in/oauth2/authorize`);
    expect(token_endpoint).toBe(`${server.url}/sign-in/oauth2/token`);
    expect(rest).toMatchObject({
      code_challenge_methods_supported: ['S256'],
      grant_types_supported: ['authorization_code', 'client_credentials'],
      token_endpoint_auth_methods_supported: ['none', 'client_secret_basic'],
      response_types_supported: ['code'],
    });
    expect(capabilities).toEqual(
      expect.arrayContaining(['launch-standalone', 'permission-v1', 'permission-v2', 'context-standalone-patient']),
    );
    expect(capabilities).not.toContain('launch-ehr');
  });

  test('the same in the capability statement, in the form of the version', async () => {
    const statement = (await (await fetch(`${server.url}/${version}/metadata`)).json()) as {
      rest: [{ security: { service: [{ coding: [{ system: string; code: string }] }]; extension: object[] } }];
    };
    const { service, extension } = statement.rest[0].security;
    expect(service[0].coding[0].code).toBe('SMART-on-FHIR');
    expect(service[0].coding[0].system).toContain(version === 'r4' ? 'terminology.hl7.org' : 'hl7.org/fhir/rest');
    expect(extension).toEqual([
      {
        url: 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris',
        extension: ['authorize', 'token', 'revoke', 'introspect'].map((url) => ({
          url,
          valueUri: `${server.url}/sign-in/oauth2/${url}`,
        })),
      },
    ]);
  });
});

describe('an application that is launched by itself', () => {
  test('gets a patient and the scopes it asked for, and may do that', async () => {
    const {
      scope,
      patient,
      access_token: token,
    } = await launch('practitioner', 'openid launch/patient patient/Observation.rs patient/Patient.r system/*.rs');
    expect(scope.split(' ').sort()).toEqual([
      'launch/patient',
      'openid',
      'patient/Observation.rs',
      'patient/Patient.r',
    ]);
    expect(patient).toBe(demoPatientId);
    expect(await statusOf(token, 'Observation')).toBe(200);
    expect(await statusOf(token, `Patient/${demoPatientId}`)).toBe(404); // allowed, and not there
    expect(await statusOf(token, 'Patient')).toBe(403);
    expect(await statusOf(token, 'Encounter')).toBe(403);
    expect(await statusOf(token, 'Observation', { resourceType: 'Observation' })).toBe(403);
  });

  test('gets no patient when it asks for none', async () => {
    expect((await launch('practitioner', 'openid user/*.rs')).patient).toBeUndefined();
  });

  test('that asks for no SMART scopes is held to the groups of the user', async () => {
    const { access_token: token } = await launch('practitioner', 'openid profile');
    expect(await statusOf(token, 'Patient', { resourceType: 'Patient' })).toBe(201);
  });
});

const claimsIn = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;

describe('an application that asks who the user is', () => {
  const scope = 'openid fhirUser launch/patient offline_access patient/*.rs';

  test('gets an ID token with the resource the user is, signed by the keys that the configuration names', async () => {
    const tokens = await launch('patient', scope);
    expect(tokens.scope.split(' ').sort()).toEqual(scope.split(' ').sort());
    const { issuer, jwks_uri, capabilities, scopes_supported } = await configuration();
    expect(capabilities).toEqual(expect.arrayContaining(['sso-openid-connect', 'permission-offline']));
    expect(scopes_supported).toEqual(
      expect.arrayContaining(['openid', 'fhirUser', 'launch/patient', 'offline_access']),
    );
    const { iss, aud, sub, fhirUser } = claimsIn(tokens.id_token);
    expect({ iss, aud, fhirUser }).toEqual({ iss: issuer, aud: consoleClientId, fhirUser: `Patient/${demoPatientId}` });
    expect(sub).toBe(claimsIn(tokens.access_token)['sub']);
    const { keys } = (await (await fetch(String(jwks_uri))).json()) as { keys: { kid: string }[] };
    const header = JSON.parse(Buffer.from(tokens.id_token.split('.')[0] ?? '', 'base64url').toString()) as object;
    expect(header).toMatchObject({ alg: 'RS256', kid: keys[0]?.kid });
  });

  test('is not told that it may know who that is when the user is nobody', async () => {
    const { scope: given, id_token: id } = await launch('practitioner', scope);
    expect(given.split(' ')).not.toContain('fhirUser');
    expect(claimsIn(id)).not.toHaveProperty('fhirUser');
  });

  test('keeps its scopes, offline access among them, when it refreshes its token', async () => {
    const { token_endpoint: token } = await configuration();
    const refresh = async ({ refresh_token }: Tokens, asked: Record<string, string> = {}): Promise<Tokens> => {
      const form = { grant_type: 'refresh_token', refresh_token, client_id: consoleClientId, ...asked };
      return (await (await fetch(token, { method: 'POST', body: new URLSearchParams(form) })).json()) as Tokens;
    };
    const refreshed = await refresh(await launch('patient', scope));
    expect(refreshed.scope.split(' ').sort()).toEqual(scope.split(' ').sort());
    expect(claimsIn(refreshed.access_token)['scope']).toBe(refreshed.scope);
    expect(refreshed.patient).toBe(demoPatientId);
    // Some clients (oidc-client-ts) ask for the scopes that they were told.
    const again = await refresh(refreshed, { scope: refreshed.scope });
    expect([again.error, again.scope]).toEqual([undefined, refreshed.scope]);
    const narrowed = await refresh(again, { scope: 'openid offline_access patient/*.rs' });
    expect(narrowed.scope.split(' ').sort()).toEqual(['offline_access', 'openid', 'patient/*.rs']);
  });
});

describe('a token for another server', () => {
  test.each(['https://elsewhere.example/r4', 'http://127.0.0.1:1/r4', 'no URL'])(
    'is not given out: %s',
    async (aud) => {
      await expect(launch('practitioner', 'openid user/*.rs', aud)).rejects.toThrow('aud is the base URL of another');
    },
  );

  test('is none where the server is called by another of its names', async () => {
    const other = server.url.replace('127.0.0.1', 'localhost');
    expect((await launch('practitioner', 'openid user/*.rs', `${other}/stu3`)).scope).toBe('openid user/*.rs');
  });
});

describe('a resource server that asks about a token', () => {
  const ask = async (token: string | undefined, by: string | undefined) => {
    const { introspection_endpoint: url } = await configuration();
    const response = await fetch(String(url), {
      method: 'POST',
      headers: by === undefined ? {} : { authorization: `Bearer ${by}` },
      body: new URLSearchParams(token === undefined ? {} : { token }),
    });
    return { status: response.status, body: (await response.json()) as object };
  };

  test('is told what the token says, when it counts', async () => {
    const { access_token: token, scope } = await launch('patient', 'openid fhirUser launch/patient patient/*.rs');
    const { tokens } = await byCredentials('system/*.read', secret);
    const { sub, exp, iss } = claimsIn(token);
    expect(await ask(token, tokens.access_token)).toEqual({
      status: 200,
      body: expect.objectContaining({
        ...{
          active: true,
          token_type: 'Bearer',
          client_id: consoleClientId,
          username: 'patient',
          scope,
          sub,
          exp,
          iss,
        },
        ...{ patient: demoPatientId, fhirUser: `Patient/${demoPatientId}` },
      }) as object,
    });
  });

  test('is told of one that does not count that it does not, and nothing else', async () => {
    const { tokens } = await byCredentials('system/*.read', secret);
    const changed = `${tokens.access_token.slice(0, -8)}AAAAAAAA`;
    for (const token of [changed, 'nonsense']) {
      expect(await ask(token, tokens.access_token)).toEqual({ status: 200, body: { active: false } });
    }
    expect((await ask(undefined, tokens.access_token)).status).toBe(400);
  });

  test('must show one of its own', async () => {
    const { tokens } = await byCredentials('system/*.read', secret);
    expect((await ask(tokens.access_token, undefined)).status).toBe(401);
    expect((await ask(tokens.access_token, 'nonsense')).status).toBe(401);
  });
});

describe('an application without a user', () => {
  test('gets system scopes by its secret, and no others', async () => {
    const { status, tokens } = await byCredentials('system/*.read user/*.cruds', secret);
    expect([status, tokens.scope]).toEqual([200, 'system/*.read']);
    expect(await statusOf(tokens.access_token, 'Patient')).toBe(200);
    expect(await statusOf(tokens.access_token, 'Patient', { resourceType: 'Patient' })).toBe(403);
  });

  test('gets tokens that no cache on the way keeps', async () => {
    const { headers } = await byCredentials('system/*.read', secret);
    expect([headers.get('cache-control'), headers.get('pragma')]).toEqual(['no-store', 'no-cache']);
  });

  test('gets nothing by another secret', async () => {
    expect((await byCredentials('system/*.read', 'another one')).status).toBe(401);
  });
});

test('where roles alone count, nothing is said of SMART', async () => {
  const other = mkdtempSync(join(tmpdir(), 'smart-'));
  const plain = await startServer(readSettings({ PORT: '0', DATA_DIR: other }), pino({ level: 'silent' }));
  expect((await fetch(`${plain.url}/r4/.well-known/smart-configuration`)).status).toBe(404);
  expect(await (await fetch(`${plain.url}/r4/metadata`)).text()).not.toContain('SMART-on-FHIR');
  await plain.close();
  rmSync(other, { recursive: true });
});
