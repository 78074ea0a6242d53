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
async function launch(username: string, scope: string): Promise<Tokens> {
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
    aud: `${server.url}/r4`,
    state: 'a state',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const page = await visit(`${authorize}?${query.toString()}`);
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

async function byCredentials(scope: string, password: string): Promise<{ status: number; tokens: Tokens }> {
  const { token_endpoint: token } = await configuration();
  const credentials = [applicationClientId, password].map(encodeURIComponent).join(':');
  const response = await fetch(token, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope }),
  });
  return { status: response.status, tokens: (await response.json()) as Tokens };
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
        extension: ['authorize', 'token', 'revoke'].map((url) => ({
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

describe('an application without a user', () => {
  test('gets system scopes by its secret, and no others', async () => {
    const { status, tokens } = await byCredentials('system/*.read user/*.cruds', secret);
    expect([status, tokens.scope]).toEqual([200, 'system/*.read']);
    expect(await statusOf(tokens.access_token, 'Patient')).toBe(200);
    expect(await statusOf(tokens.access_token, 'Patient', { resourceType: 'Patient' })).toBe(403);
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
