import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { standardTenancy } from '../../interactions/tenancy.js';
import { entriesOf, startTestServer, type TestServer } from '../support/server.js';

// Tenants share the server: whose the resources are is said by the token, and by URLs that must agree with it.

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ tenancy: standardTenancy });
});
afterAll(async () => {
  await server.close();
  expect(server.logged).toEqual([]);
});

const patient = (family: string): object => ({ resourceType: 'Patient', name: [{ family }] });
const [a, b] = ['practitioner@a', 'practitioner@b'];

describe('the tenant of a request', () => {
  test('is the one its URL names, when the token is of it', async () => {
    const { status, headers } = await server.send('POST', '/tenant/a/r4/Patient', { as: a, body: patient('A') });
    expect(status).toBe(201);
    expect(headers.location).toMatch(new RegExp(`^${server.base('r4').replace('/r4', '')}/tenant/a/r4/Patient/`));
  });

  test('is the token’s where the URL names none, and links are as the URL was', async () => {
    const { headers } = await server.send('POST', '/r4/Patient', { as: a, body: patient('Plain') });
    expect(headers.location).toMatch(new RegExp(`^${server.base('r4')}/Patient/`));
    const read = await server.send('GET', headers.location?.replace('/r4/', '/tenant/a/r4/') ?? '', { as: a });
    expect(read.json.name[0].family).toBe('Plain');
  });

  test.each([
    ['another tenant’s', '/tenant/b/r4/Patient', 'practitioner@a', 403, 'not of the tenant b'],
    ['a token of none', '/r4/Patient', 'practitioner', 403, 'of no tenant'],
    ['a token of none, with a URL that names one', '/tenant/a/r4/Patient', 'practitioner', 403, 'of no tenant'],
    ['a token of several, with a URL that names none', '/r4/Patient', 'practitioner@a+b', 400, '/tenant/a/'],
    ['a claim that is no name', '/r4/Patient', 'practitioner@a#Patient', 403, 'of no tenant'],
    ['the tenant of a server without tenants', '/tenant/-/r4/Patient', 'practitioner@-', 400, 'no name of a tenant'],
    ['a name with a slash', '/tenant/a%2Fb/r4/Patient', 'practitioner@a', 400, 'no name of a tenant'],
    ['a name with what keys are joined by', '/tenant/a%23/r4/Patient', 'practitioner@a', 400, 'no name of a tenant'],
    ['a name too long', `/tenant/${'x'.repeat(65)}/r4/Patient`, 'practitioner@a', 400, 'no name of a tenant'],
    ['no token', '/tenant/a/r4/Patient', null, 401, 'Authorization'],
  ])('is refused: %s', async (_, path, as, status, says) => {
    const answer = await server.send('GET', path, { as });
    expect([answer.status, answer.json.issue[0].diagnostics]).toEqual([status, expect.stringContaining(says)]);
  });

  test('is one of several, which the URL names', async () => {
    expect(
      (await server.send('GET', '/tenant/b/r4/Patient?_summary=count', { as: 'practitioner@a+b' })).json.total,
    ).toBe(0);
    expect((await server.send('GET', '/tenant/c/r4/Patient', { as: 'practitioner@a+b' })).status).toBe(403);
  });
});

test('capabilities and the SMART configuration are told under a tenant’s base, to anybody', async () => {
  const answer = await server.send('GET', '/tenant/a/r4/metadata', { as: null });
  const { implementation } = answer.json as unknown as { implementation: { url: string } };
  expect(implementation.url).toBe(server.base('r4').replace('/r4', '/tenant/a/r4'));
  expect((await server.send('GET', '/r4/metadata', { as: null })).status).toBe(200);
  expect((await server.send('GET', '/tenant/a%23/r4/metadata', { as: null })).status).toBe(400);
});

test('the same id is another resource in each tenant, with versions of its own', async () => {
  await server.send('PUT', '/r4/Patient/same', { as: a, body: { ...patient('Of a'), id: 'same' } });
  await server.send('PUT', '/r4/Patient/same', { as: b, body: { ...patient('Of b'), id: 'same' } });
  await server.send('PUT', '/r4/Patient/same', { as: b, body: { ...patient('Of b again'), id: 'same' } });
  const read = async (as: string) => (await server.send('GET', '/r4/Patient/same', { as })).json;
  expect([(await read(a)).name[0].family, (await read(a)).meta.versionId]).toEqual(['Of a', '1']);
  expect([(await read(b)).name[0].family, (await read(b)).meta.versionId]).toEqual(['Of b again', '2']);
  const found = async (as: string) => (await server.send('GET', '/r4/Patient?_id=same', { as })).json;
  expect(entriesOf(await found(a)).map(({ resource }) => resource?.name[0].family)).toEqual(['Of a']);
  await server.send('DELETE', '/r4/Patient/same', { as: a });
  expect((await found(b)).total).toBe(1);
});

test('a tenant may have any name, the word by which current versions are kept as well', async () => {
  const as = 'practitioner@current';
  expect((await server.send('POST', '/tenant/current/r4/Patient', { as, body: patient('Called so') })).status).toBe(
    201,
  );
  expect((await server.send('GET', '/r4/Patient?family=called', { as })).json.total).toBe(1);
});

test('a conditional create of one tenant finds and claims nothing of another', async () => {
  const create = (as: string) =>
    server.send('POST', '/r4/Patient', {
      as,
      headers: { 'if-none-exist': 'identifier=s|1' },
      body: { resourceType: 'Patient', identifier: [{ system: 's', value: '1' }] },
    });
  expect([(await create(a)).status, (await create(b)).status, (await create(b)).status]).toEqual([201, 201, 200]);
});

test('a page link of one tenant opens nothing of another, nor of the same person there', async () => {
  for (const n of [1, 2, 3])
    await server.send('POST', '/r4/Basic', { as: a, body: { resourceType: 'Basic', code: { text: String(n) } } });
  const first = await server.send('GET', '/tenant/a/r4/Basic?_count=1', { as: 'practitioner@a+b' });
  const next = first.json.link.find(({ relation }) => relation === 'next')?.url ?? '';
  expect(next).toContain('/tenant/a/r4');
  expect((await server.send('GET', next, { as: 'practitioner@a+b' })).status).toBe(200);
  const elsewhere = next.replace('/tenant/a/', '/tenant/b/');
  expect((await server.send('GET', elsewhere, { as: 'practitioner@a+b' })).status).toBe(400);
});

test('a reference by another tenant’s URL leads nowhere', async () => {
  await server.send('PUT', '/r4/Patient/target', { as: a, body: { ...patient('Target'), id: 'target' } });
  const subject = { reference: `${server.base('r4').replace('/r4', '/tenant/a/r4')}/Patient/target` };
  const body = { resourceType: 'Observation', status: 'final', code: { text: 'x' }, subject };
  await server.send('POST', '/tenant/b/r4/Observation', { as: b, body });
  const included = await server.send('GET', '/tenant/b/r4/Observation?_include=Observation:subject', { as: b });
  expect(entriesOf(included.json).map(({ search }) => search?.mode)).toEqual(['match']);
  const chained = await server.send('GET', '/tenant/b/r4/Observation?subject:Patient.family=Target', { as: b });
  expect(chained.json.total).toBe(0);
});

test('a transaction of one tenant changes nothing of another', async () => {
  const body = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      { resource: { ...patient('In b'), id: 'bundled' }, request: { method: 'PUT', url: 'Patient/bundled' } },
      { resource: patient('Conditional'), request: { method: 'PUT', url: 'Patient?family=Target' } },
    ],
  };
  expect((await server.send('POST', '/tenant/b/r4', { as: b, body })).status).toBe(200);
  const target = await server.send('GET', '/r4/Patient/target', { as: a });
  expect([target.json.name[0].family, target.json.meta.versionId]).toEqual(['Target', '1']);
  expect((await server.send('GET', '/r4/Patient/bundled', { as: a })).status).toBe(404);
});

test('without tenants a URL that names one is none of the server’s', async () => {
  const plain = await startTestServer();
  expect((await plain.send('GET', '/tenant/a/r4/metadata')).status).toBe(404);
  expect((await plain.send('GET', '/r4/Patient', { as: 'practitioner@a' })).status).toBe(200);
  await plain.close();
});
