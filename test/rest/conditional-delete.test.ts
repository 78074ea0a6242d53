import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../fhir/version.js';
import { entriesOf, isOnDynamoDb, startTestServer, type TestResponse, type TestServer } from '../support/server.js';

// Deletes by criteria where several resources may match: CONDITIONAL_DELETE=multiple.
// https://hl7.org/fhir/R4/http.html#cdelete

/** A patient's application that may write into their record. */
const app = {
  subject: 'sub-app',
  username: 'app',
  groups: [],
  scopes: ['patient/*.cruds'],
  clientId: 'app',
  patient: 'Patient/p1',
};

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    conditionalDelete: 'multiple',
    authorization: 'roles+smart',
    principals: { app },
  });
});
afterAll(() => server.close());

const testWhereManyAreQuick = isOnDynamoDb ? test.skip : test;

describe.each(fhirVersions)('a delete by criteria that several may match, %s', (version) => {
  const root = `/${version}`;
  const put = (id: string, family: string, more = {}): Promise<TestResponse> =>
    server.send('PUT', `${root}/Patient/${id}`, { body: { resourceType: 'Patient', id, name: [{ family }], ...more } });
  const remove = (criteria: string, headers = {}): Promise<TestResponse> =>
    server.send('DELETE', `${root}/Patient?${criteria}`, { headers });
  const found = async (family: string): Promise<(string | undefined)[]> =>
    entriesOf((await server.send('GET', `${root}/Patient?family=${family}&_sort=_id`)).json).map(
      ({ resource }) => resource?.id,
    );
  const bundle = (type: string, entry: unknown[]): Promise<TestResponse> =>
    server.send('POST', root, { body: { resourceType: 'Bundle', type, entry } });

  test('deletes all that match, and is a success when none does', async () => {
    await put('a1', 'Alder');
    await put('a2', 'Alder');
    await put('a3', 'Other');
    const { status, headers } = await remove('family=alder');
    expect([status, headers.etag]).toEqual([204, undefined]);
    expect(await found('alder')).toEqual([]);
    expect(await found('other')).toEqual(['a3']);
    expect((await server.send('GET', `${root}/Patient/a2`)).status).toBe(410);
    expect((await remove('family=alder')).status).toBe(204);
  });

  test('tells what it deleted, if that is preferred', async () => {
    await put('b1', 'Birch');
    const prefer = { prefer: 'return=OperationOutcome' };
    const one = await remove('family=birch', prefer);
    expect([one.json.issue[0].diagnostics, one.headers.etag]).toEqual(['Patient/b1 is deleted', 'W/"2"']);
    await put('b1', 'Birch');
    await put('b2', 'Birch');
    const two = await remove('family=birch', prefer);
    expect([two.status, two.json.issue[0].diagnostics]).toEqual([200, 'Patient/b1, Patient/b2 are deleted']);
  });

  test('is held to one version by If-Match, which is about one resource', async () => {
    await put('c1', 'Cedar');
    await put('c2', 'Cedar');
    expect((await remove('family=cedar', { 'if-match': 'W/"1"' })).status).toBe(412);
    expect(await found('cedar')).toEqual(['c1', 'c2']);
    expect((await remove('family=cedar&_id=c1', { 'if-match': 'W/"1"' })).status).toBe(204);
    expect(await found('cedar')).toEqual(['c2']);
  });

  test('deletes of a limited caller what is theirs', async () => {
    await put('p1', 'Daphne');
    await put('p2', 'Daphne');
    const note = (id: string, patient: string) =>
      server.send('PUT', `${root}/Basic/${id}`, {
        body: { resourceType: 'Basic', id, code: { text: 'x' }, subject: { reference: `Patient/${patient}` } },
      });
    for (const [id, patient] of [
      ['n1', 'p1'],
      ['n2', 'p1'],
      ['n3', 'p2'],
    ] as const) {
      expect((await note(id, patient)).status).toBeLessThan(300);
    }
    const { status } = await server.send('DELETE', `${root}/Basic?_id=n1,n2,n3`, { as: 'app' });
    expect(status).toBe(204);
    const statuses = ['n1', 'n2', 'n3'].map(async (id) => (await server.send('GET', `${root}/Basic/${id}`)).status);
    expect(await Promise.all(statuses)).toEqual([410, 410, 200]);
  });

  test('stands in a transaction, which does all or nothing, and in a batch', async () => {
    for (const id of ['e1', 'e2']) await put(id, 'Elm');
    const request = { method: 'DELETE', url: 'Patient?family=elm' };
    const wrong = { resource: { resourceType: 'Patient', id: 'e1' }, request: { method: 'PUT', url: 'Patient/e1' } };
    expect((await bundle('transaction', [{ request }, wrong])).status).toBe(400);
    const stale = { method: 'DELETE', url: 'Patient?family=elm', ifMatch: 'W/"1"' };
    const refused = await bundle('transaction', [{ request: stale }]);
    expect([refused.status, refused.json.issue[0].expression]).toEqual([412, ['Bundle.entry[0].request.ifMatch']]);
    expect(await found('elm')).toEqual(['e1', 'e2']);

    const created = { resource: { resourceType: 'Patient' }, request: { method: 'POST', url: 'Patient' } };
    const done = await bundle('transaction', [created, { request }]);
    expect(done.json.entry.map(({ response }) => response?.status)).toEqual(['201 Created', '204 No Content']);
    expect(await found('elm')).toEqual([]);

    for (const id of ['e3', 'e4']) await put(id, 'Elm');
    const { json } = await bundle('batch', [{ request }]);
    expect(json.entry[0]?.response).toEqual({ status: '204 No Content' });
    expect(await found('elm')).toEqual([]);
  });

  test('is what the capability statement says', async () => {
    const { json } = await server.send('GET', `${root}/metadata`);
    const { rest } = json as unknown as { rest: [{ resource: { conditionalDelete: string }[] }] };
    expect(new Set(rest[0].resource.map(({ conditionalDelete }) => conditionalDelete))).toEqual(new Set(['multiple']));
  });

  testWhereManyAreQuick('that match more than 1,000 deletes nothing', async () => {
    const name = [{ family: 'Fir' }];
    const entry = Array.from({ length: 1_001 }, () => ({
      resource: { resourceType: 'Patient', name },
      request: { method: 'POST', url: 'Patient' },
    }));
    expect((await bundle('transaction', entry)).status).toBe(200);
    const refused = await remove('family=fir');
    expect([refused.status, refused.json.issue[0].code]).toEqual([413, 'too-costly']);
    const { json } = await server.send('GET', `${root}/Patient?family=fir&_summary=count`);
    expect(json.total).toBe(1_001);
  });
});
