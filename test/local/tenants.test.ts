import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { type RunningServer, startServer } from '../../local/server.js';
import { readSettings } from '../../local/settings.js';
import { consoleClientId, signToken } from '../../local/sign-in/access-token.js';
import { readSignInKeys } from '../../local/sign-in/keys.js';
import { renderLoginPage } from '../../local/sign-in/login-page.js';
import { signInIssuer } from '../../local/sign-in/sign-in.js';
import { documentedPassword, userByName, userBySubject } from '../../local/sign-in/users.js';
import { connectRealtime } from '../support/realtime-client.js';

// The whole server with TENANCY=pooled: tokens of the local sign-in, both faces, live changes.

const folder = mkdtempSync(join(tmpdir(), 'tenants-'));
let running: RunningServer;
beforeAll(async () => {
  const environment = { TENANCY: 'pooled', TENANT_CLAIM: 'org', TENANT_PREFIX: 'clinic', AUDIT: 'on' };
  const settings = readSettings({ ...environment, DATA_DIR: folder, PORT: '0', LOG_LEVEL: 'silent' });
  running = await startServer(settings, pino({ level: 'silent' }));
});
afterAll(async () => {
  await running.close();
  rmSync(folder, { recursive: true });
});

function tokenOf(name: string): string {
  const user = userByName(name);
  if (user === undefined) throw new Error(`there is no ${name}`);
  return signToken(readSignInKeys(folder), user, { issuer: signInIssuer(running.url), life: 600, tenantClaim: 'org' });
}

async function ask(
  name: string,
  path: string,
  body?: object,
): Promise<{ status: number; json: unknown; text: string }> {
  const answer = await fetch(`${running.url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${tokenOf(name)}`, 'content-type': 'application/fhir+json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, json: JSON.parse(text) as unknown, text };
}

const graphql = async (name: string, query: string): Promise<unknown> =>
  (await ask(name, '/r4/graphql', { query })).json;

const patient = (family: string): object => ({ resourceType: 'Patient', name: [{ family }] });

test('a path that is no text is refused by an outcome that tells nothing of the machine', async () => {
  const { status, text } = await ask('practitioner@a', '/clinic/%E0/r4/Patient');
  const { resourceType, issue } = JSON.parse(text) as { resourceType: string; issue: readonly object[] };
  expect([status, resourceType, issue]).toMatchObject([400, 'OperationOutcome', [{ code: 'invalid' }]]);
  expect(text).not.toContain('node_modules');
});

test('GraphQL is about the tenant of the token', async () => {
  const created = await ask('practitioner@a', '/clinic/a/r4/Patient', patient('Of a'));
  expect(created.status).toBe(201);
  const { id } = created.json as { id: string };
  const query = `{ Patient(id: "${id}") { name { family } } PatientList { id } }`;
  expect(await graphql('practitioner@a', query)).toEqual({
    data: { Patient: { name: [{ family: 'Of a' }] }, PatientList: [{ id }] },
  });
  expect(await graphql('practitioner@b', '{ PatientList { id } }')).toEqual({ data: { PatientList: [] } });
  expect(await graphql('practitioner@b', `{ Patient(id: "${id}") { id } }`)).toMatchObject({
    errors: [{ errorType: 'not-found' }],
  });
  expect(await graphql('practitioner', '{ PatientList { id } }')).toMatchObject({
    errors: [{ errorType: 'forbidden', message: expect.stringContaining('of no tenant') }],
  });
});

test('a mutation by GraphQL writes into the tenant of the token', async () => {
  await graphql(
    'practitioner@b',
    'mutation { PatientCreate(res: { resourceType: "Patient", name: [{ family: "By GraphQL" }] }) { location } }',
  );
  const count = async (tenant: string) =>
    (await ask(`practitioner@${tenant}`, `/clinic/${tenant}/r4/Patient?family=By`)).json;
  expect([await count('a'), await count('b')]).toMatchObject([{ total: 0 }, { total: 1 }]);
});

test('subscribers are told of changes of their tenant only', async () => {
  const endpoint = `${running.url.replace('http', 'ws')}/r4/graphql/realtime`;
  const client = await connectRealtime(endpoint, { token: tokenOf('practitioner@a') });
  client.send({ type: 'connection_init' });
  await client.next();
  await client.start('1', 'subscription { onResourceChanged(type: Patient) { id } }');
  await client.start('2', 'subscription { onResourceChanged(compartment: "Patient/live") { type } }');
  const put = (tenant: string, id: string): Promise<Response> =>
    fetch(`${running.url}/r4/Patient/${id}`, {
      method: 'PUT',
      headers: {
        authorization: `Bearer ${tokenOf(`practitioner@${tenant}`)}`,
        'content-type': 'application/fhir+json',
      },
      body: JSON.stringify({ ...patient('Live'), id }),
    });
  await put('b', 'live');
  await put('b', 'other');
  await put('a', 'live');
  const told = [await client.next(), await client.next()].map(({ id, payload }) => [
    id,
    payload?.data?.['onResourceChanged'],
  ]);
  expect(told).toEqual(
    expect.arrayContaining([
      ['1', { id: 'live' }],
      ['2', { type: 'Patient' }],
    ]),
  );
  expect(told).toHaveLength(2);
  await client.close();
});

test('the audit trail is each tenant’s', async () => {
  const trail = async (tenant: string) =>
    (await ask(`auditor@${tenant}`, '/r4/AuditEvent?_summary=count')).json as { total: number };
  expect((await trail('never-asked')).total).toBe(0);
  expect((await trail('a')).total).toBeGreaterThan(0);
});

test('the sign-in asks for the tenant, which the token names then', async () => {
  const [redirect, verifier] = ['http://127.0.0.1:53211/callback', 'v'.repeat(43)];
  const client = { client_id: consoleClientId, redirect_uri: redirect };
  const cookies = new Map<string, string>();
  const go = async (url: string, form?: Readonly<Record<string, string>>): Promise<Response> => {
    const answer = await fetch(new URL(url, running.url), {
      redirect: 'manual',
      headers: { cookie: [...cookies].map((pair) => pair.join('=')).join('; ') },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      cookies.set(name, value);
    }
    return answer;
  };
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const asking = {
    response_type: 'code',
    scope: 'openid profile',
    code_challenge: challenge,
    code_challenge_method: 'S256',
  };
  const query = new URLSearchParams({ ...client, ...asking, state: 's' }).toString();
  const page = (await go(`/sign-in/oauth2/authorize?${query}`)).headers.get('location') ?? '';
  expect(await (await go(page)).text()).toContain('name="tenant"');
  const user = { username: 'auditor', password: documentedPassword };
  expect((await go(page, { ...user, tenant: 'no name' })).status).toBe(401);
  expect((await go(page, { username: 'auditor@a', password: documentedPassword, tenant: 'b' })).status).toBe(401);
  let location = (await go(page, { ...user, tenant: 'b' })).headers.get('location') ?? '';
  while (!location.startsWith(redirect)) location = (await go(location)).headers.get('location') ?? '';
  const code = new URL(location).searchParams.get('code') ?? '';
  const given = await fetch(`${running.url}/sign-in/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({ ...client, grant_type: 'authorization_code', code, code_verifier: verifier }),
  });
  const { access_token: token = '' } = (await given.json()) as { access_token?: string };
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as object;
  expect(claims).toMatchObject({ username: 'auditor@b', org: 'b', sub: userByName('auditor@b')?.subject });
});

describe('the local users', () => {
  test('are somebody else in each tenant', () => {
    const [inA, inB] = [userByName('patient@a'), userByName('patient@b')];
    expect(inA).toMatchObject({ username: 'patient@a', tenant: 'a', groups: ['patient'] });
    expect(inA?.subject).not.toBe(inB?.subject);
    expect(userBySubject(inA?.subject ?? '')).toEqual(inA);
  });

  test.each(['patient@', 'patient@-', 'patient@a@b', 'patient@a#b', 'nobody@a'])('are none: %s', (name) => {
    expect(userByName(name)).toBeUndefined();
  });

  test('name their tenant where they sign in, where there are tenants', () => {
    expect(renderLoginPage('/x', { asksTenant: true })).toContain('name="tenant"');
    expect(renderLoginPage('/x', { asksTenant: false })).not.toContain('tenant');
  });
});

describe('the settings', () => {
  test('say how tenants share the server', () => {
    expect(readSettings({}).tenancy).toBeUndefined();
    expect(readSettings({ TENANCY: 'off' }).tenancy).toBeUndefined();
    expect(readSettings({ TENANCY: 'Pooled' }).tenancy).toEqual({ claim: 'tenantId', prefix: 'tenant' });
  });

  test.each([
    [{ TENANCY: 'siloed' }, /TENANCY is "siloed".*off, pooled/],
    [{ TENANCY: 'pooled', AUTH: 'off' }, /needs AUTH=on/],
    [{ TENANCY: 'pooled', TENANT_CLAIM: 'a b' }, /TENANT_CLAIM is "a b"/],
    [{ TENANCY: 'pooled', TENANT_PREFIX: '/t' }, /TENANT_PREFIX is "\/t"/],
    [{ TENANCY: 'pooled', IMPORT_SOURCES: 'https://files.example.org/' }, /without \/\{tenant\}\//],
    [{ TENANCY: 'pooled', IMPORT_SOURCES: 'https://files.example.org/x-{tenant}/' }, /without \/\{tenant\}\//],
  ])('are refused: %j', (environment, why) => {
    expect(() => readSettings(environment)).toThrow(why);
  });

  test('keep the tenant’s place in the sources of imports', () => {
    const set = readSettings({
      TENANCY: 'pooled',
      IMPORT_SOURCES: 's3://bucket/{tenant}, file:///imports/{tenant}/in',
    });
    expect(set.importSources).toEqual(['s3://bucket/{tenant}/', 'file:///imports/{tenant}/in/']);
  });
});
