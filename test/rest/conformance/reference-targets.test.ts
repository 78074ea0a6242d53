import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../../fhir/version.js';
import { startTestServer, type TestResponse, type TestServer } from '../../support/server.js';

// A reference to what an element may not point at is refused by every write, and told by `$validate`.

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  expect(server.logged).toEqual([]);
  await server.close();
});

describe.each(fhirVersions)('%s', (version) => {
  const observation = (reference: string, id?: string): object => ({
    resourceType: 'Observation',
    ...(id === undefined ? {} : { id }),
    status: 'final',
    code: { text: 'Weight' },
    subject: { reference },
  });
  const send = (method: string, path: string, body: unknown, type?: string): Promise<TestResponse> =>
    server.send(method, `/${version}${path}`, {
      body: type === undefined ? body : JSON.stringify(body),
      ...(type === undefined ? {} : { headers: { 'content-type': type } }),
    });
  const bundle = (type: string, ...entry: object[]): object => ({ resourceType: 'Bundle', type, entry });
  const why = 'refers to a Practitioner; allowed: Patient, Group, Device, Location';
  const expectRefused = ({ status, json }: Pick<TestResponse, 'status' | 'json'>, place: string): void => {
    expect([status, json.issue]).toMatchObject([
      422,
      [{ severity: 'error', code: 'value', expression: [place], diagnostics: `${place} ${why}` }],
    ]);
  };
  const place = 'Observation.subject.reference';

  test('by create, update and patch, also by criteria', async () => {
    expectRefused(await send('POST', '/Observation', observation('Practitioner/1')), place);
    expectRefused(await send('POST', '/Observation', observation('Practitioner?identifier=a|1')), place);
    expectRefused(await send('PUT', '/Observation/o1', observation('Practitioner/1', 'o1')), place);
    expectRefused(await send('PUT', '/Observation?code:text=none', observation('Practitioner/1')), place);
    expect((await send('PUT', '/Observation/o1', observation('Patient/1', 'o1'))).status).toBe(201);
    const change = [{ op: 'replace', path: '/subject/reference', value: 'Practitioner/1' }];
    expectRefused(await send('PATCH', '/Observation/o1', change, 'application/json-patch+json'), place);
    const read = await server.send('GET', `/${version}/Observation/o1`);
    expect([read.json.meta.versionId, read.json.subject.reference]).toEqual(['1', 'Patient/1']);
  });

  test('by a transaction, whose URNs are the entries they point at, and which writes nothing then', async () => {
    const urn = 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520';
    const post = (resource: object, url: string, more: object = {}): object => ({
      resource,
      request: { method: 'POST', url },
      ...more,
    });
    const pointing = post(observation(urn), 'Observation');
    const patient = post({ resourceType: 'Patient' }, 'Patient', { fullUrl: urn });
    const practitioner = post({ resourceType: 'Practitioner', active: true }, 'Practitioner', { fullUrl: urn });
    expectRefused(
      await send('POST', '', bundle('transaction', pointing, practitioner)),
      'Bundle.entry[0].resource.subject.reference',
    );
    expect((await server.send('GET', `/${version}/Practitioner?active=true`)).json.total).toBe(0);
    expect((await send('POST', '', bundle('transaction', pointing, patient))).status).toBe(200);
    // What is deleted is nothing that a URN could mean.
    const deletion = { fullUrl: urn, request: { method: 'DELETE', url: 'Practitioner/none' } };
    expect((await send('POST', '', bundle('transaction', pointing, patient, deletion))).status).toBe(200);
  });

  test('by an entry of a batch alone', async () => {
    const request = { method: 'POST', url: 'Observation' };
    const entries = ['Practitioner/1', 'Patient/1'].map((to) => ({ resource: observation(to), request }));
    const { status, json } = await send('POST', '', bundle('batch', ...entries));
    expect(status).toBe(200);
    const [wrong, right] = json.entry.map(({ response }) => response);
    expect([wrong?.status.slice(0, 3), right?.status.slice(0, 3)]).toEqual(['422', '201']);
    expect(wrong?.outcome?.issue[0].expression).toEqual([`Bundle.entry[0].resource.subject.reference`]);
  });

  test('by $validate, which tells where', async () => {
    const { status, json } = await send('POST', '/Observation/$validate', observation('Practitioner/1'));
    expect([status, json.issue]).toMatchObject([200, [{ severity: 'error', diagnostics: `${place} ${why}` }]]);
    const [issue] = json.issue as { readonly location?: readonly string[] }[];
    if (version === 'stu3') expect(issue?.location).toEqual(['/f:Observation/f:subject/f:reference']);
  });

  test('and so is a text that is no reference, wherever it points', async () => {
    for (const text of ['foo', 'Patient/', 'patient/1']) {
      const { status, json } = await send('POST', '/Observation', observation(text));
      expect([status, json.issue[0].expression]).toEqual([422, [place]]);
      expect(json.issue[0].diagnostics).toContain(`it is "${text}"`);
    }
  });
});
