import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../../fhir/version.js';
import { issueCode, startTestServer, type TestResponse, type TestServer } from '../../support/server.js';

// References by criteria, in writes that are no transactions: HAPI and Microsoft's server fill them in as well.

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const observation = (criteria: string, id?: string): object => ({
  resourceType: 'Observation',
  ...(id === undefined ? {} : { id }),
  status: 'final',
  code: { text: 'pulse' },
  subject: { reference: `Patient?${criteria}` },
});

describe.each(fhirVersions)('a reference by criteria, %s', (version) => {
  const root = `/${version}`;
  const send = (method: string, path: string, body: unknown, as = 'practitioner'): Promise<TestResponse> =>
    server.send(method, `${root}${path}`, { body, as });
  const filled = { subject: { reference: 'Patient/one' } };

  beforeAll(async () => {
    const patient = (id: string, ...values: string[]) => ({
      resourceType: 'Patient',
      id,
      identifier: values.map((value) => ({ system: 'urn:c', value })),
    });
    await send('PUT', '/Patient/one', patient('one', '1', 'both'));
    await send('PUT', '/Patient/two', patient('two', '2', 'both'));
  });

  test('becomes the one match of a create, an update and a conditional update', async () => {
    const one = 'identifier=urn:c|1';
    expect((await send('POST', '/Observation', observation(one))).json).toMatchObject(filled);
    expect((await send('PUT', '/Observation/o', observation(one, 'o'))).json).toMatchObject(filled);
    expect((await send('PUT', '/Observation?_id=o', observation(one))).json).toMatchObject(filled);
    expect((await send('PUT', '/Observation?_id=new', observation(one))).json).toMatchObject(filled);
  });

  test('becomes it in the entries of a batch, each for itself', async () => {
    const entry = ['1', 'none'].map((value) => ({
      resource: observation(`identifier=urn:c|${value}`),
      request: { method: 'POST', url: 'Observation' },
    }));
    const { json } = await send('POST', '', { resourceType: 'Bundle', type: 'batch', entry });
    expect(json.entry.map(({ response }) => response?.status.slice(0, 3))).toEqual(['201', '412']);
    const place = 'Bundle.entry[1].resource.subject.reference';
    expect(json.entry[1]?.response?.outcome?.issue[0]).toMatchObject({ code: 'not-found', expression: [place] });
    const stored = await server.send('GET', `${root}/${json.entry[0]?.response?.location ?? ''}`);
    expect(stored.json).toMatchObject(filled);
  });

  test.each([
    ['identifier=urn:c|none', 412, 'not-found'],
    ['identifier=urn:c|both', 412, 'multiple-matches'],
    ['nonsense=1', 400, 'invalid'],
    ['_count=1', 400, 'invalid'],
    ['', 400, 'invalid'],
  ])('with the criteria %s is refused with %i, by its place', async (criteria, status, code) => {
    const { status: answered, json } = await send('POST', '/Observation', observation(criteria));
    const expression = ['Observation.subject.reference'];
    expect([answered, json.issue[0]]).toMatchObject([status, { code: issueCode(version, code), expression }]);
  });

  test('stays in a Bundle that is stored as it is', async () => {
    const entry = [{ resource: observation('identifier=urn:c|none'), request: { method: 'POST', url: 'Observation' } }];
    const created = await send('POST', '/Bundle', { resourceType: 'Bundle', type: 'transaction', entry });
    expect([created.status, created.json.entry[0]?.resource?.subject]).toEqual([
      201,
      { reference: 'Patient?identifier=urn:c|none' },
    ]);
  });
});
