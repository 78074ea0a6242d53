import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../../fhir/version.js';
import { issueCode, startTestServer, type TestResponse, type TestServer } from '../../support/server.js';

// https://hl7.org/fhir/R4/http.html#trules: deletes, creates, updates, reads, then conditional references.

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const patient = (value: string, id?: string): object => ({
  resourceType: 'Patient',
  ...(id === undefined ? {} : { id }),
  identifier: [{ system: 'urn:test', value }],
});

const observation = (reference: string): object => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'pulse' },
  subject: { reference },
});

const entry = (method: string, url: string, resource?: object): object => ({
  ...(resource === undefined ? {} : { resource }),
  request: { method, url },
});

const create = (resource: object): object =>
  entry('POST', (resource as { resourceType: string }).resourceType, resource);

const transaction = (version: string, entries: readonly object[]): Promise<TestResponse> =>
  server.send('POST', `/${version}`, { body: { resourceType: 'Bundle', type: 'transaction', entry: entries } });

async function subjectAt(version: string, response: TestResponse, place: number): Promise<string> {
  const location = response.json.entry[place]?.response?.location ?? '';
  const stored = await server.send('GET', `/${version}/${location}`);
  return stored.json.subject.reference;
}

describe.each(fhirVersions)('URNs in the references of a transaction, %s', (version) => {
  const urn = 'urn:uuid:00000000-0000-4000-8000-000000000077';
  const countOf = async (): Promise<number> =>
    (await server.send('GET', `/${version}/Observation?_summary=count`)).json.total;

  test.each([urn, 'urn:oid:1.2.3'])(
    '%s that is the fullUrl of no entry is refused, by its place',
    async (reference) => {
      const before = await countOf();
      const { status, json } = await transaction(version, [create(patient('x')), create(observation(reference))]);
      const place = 'Bundle.entry[1].resource.subject.reference';
      expect([status, json.issue]).toMatchObject([400, [{ code: 'invalid', expression: [place] }]]);
      expect(json.issue[0].diagnostics).toContain(reference);
      expect(await countOf()).toBe(before);
    },
  );

  test('may be the fullUrl of an entry behind it', async () => {
    const entries = [create(observation(urn)), { fullUrl: urn, ...create(patient('behind')) }];
    expect((await transaction(version, entries)).status).toBe(200);
  });

  test('inside a Bundle that is stored as it is are that one’s own', async () => {
    const inner = {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [{ fullUrl: 'urn:uuid:00000000-0000-4000-8000-000000000078', resource: observation(urn) }],
    };
    const answer = await transaction(version, [create(inner)]);
    expect([answer.status, answer.json.issue]).toEqual([200, undefined]);
  });

  test('are stored as they are outside of bundles, and in a batch that has no such entry', async () => {
    expect((await server.send('POST', `/${version}/Observation`, { body: observation(urn) })).status).toBe(201);
    const body = { resourceType: 'Bundle', type: 'batch', entry: [create(observation(urn))] };
    const { json } = await server.send('POST', `/${version}`, { body });
    expect(json.entry[0]?.response?.status).toBe('201 Created');
  });

  test('are refused in the entries of a batch, whose other entries do not wait for them', async () => {
    const entry = [{ ...create(patient('of a batch')), fullUrl: urn }, create(observation(urn))];
    const { json } = await server.send('POST', `/${version}`, {
      body: { resourceType: 'Bundle', type: 'batch', entry },
    });
    expect(json.entry.map(({ response }) => response?.status)).toEqual(['201 Created', '400 Bad Request']);
    expect(json.entry[1]?.response?.outcome?.issue[0]).toMatchObject({
      code: 'invalid',
      expression: ['Bundle.entry[1].resource.subject.reference'],
    });
  });
});

describe.each(fhirVersions)('conditional references of a transaction, %s', (version) => {
  test('find what the same transaction creates, wherever it stands', async () => {
    const created = await transaction(version, [
      create(observation('Patient?identifier=urn:test|new')),
      entry('PUT', 'Patient/new', patient('new', 'new')),
    ]);
    expect(created.status).toBe(200);
    expect(await subjectAt(version, created, 0)).toBe('Patient/new');
  });

  test('find what the same transaction changes as it will be', async () => {
    await server.send('PUT', `/${version}/Patient/moved`, { body: patient('before', 'moved') });
    const entries = (criteria: string): object[] => [
      entry('PUT', 'Patient/moved', patient('after', 'moved')),
      create(observation(`Patient?identifier=urn:test|${criteria}`)),
    ];
    expect((await transaction(version, entries('before'))).status).toBe(412);
    const changed = await transaction(version, entries('after'));
    expect(changed.status).toBe(200);
    expect(await subjectAt(version, changed, 1)).toBe('Patient/moved');
  });

  test('do not find what the same transaction deletes', async () => {
    await server.send('PUT', `/${version}/Patient/leaving`, { body: patient('leaving', 'leaving') });
    const refused = await transaction(version, [
      entry('DELETE', 'Patient/leaving'),
      create(observation('Patient?identifier=urn:test|leaving')),
    ]);
    expect(refused.status).toBe(412);
    expect((await server.send('GET', `/${version}/Patient/leaving`)).status).toBe(200);
  });

  test('are ambiguous when one match is stored and another is created', async () => {
    await server.send('PUT', `/${version}/Patient/first`, { body: patient('twice', 'first') });
    const refused = await transaction(version, [
      create(patient('twice')),
      create(observation('Patient?identifier=urn:test|twice')),
    ]);
    expect(refused.status).toBe(412);
    expect(refused.json).toMatchObject({ issue: [{ code: issueCode(version, 'multiple-matches') }] });
  });

  test('match by links between entries as they will be stored', async () => {
    const linked = await transaction(version, [
      {
        fullUrl: 'urn:uuid:8ad1ed1d-6f3c-4a3b-9d1b-3f6a7c1d0001',
        ...entry('PUT', 'Patient/linked', patient('l', 'linked')),
      },
      entry('PUT', 'Device/linked', {
        resourceType: 'Device',
        id: 'linked',
        patient: { reference: 'urn:uuid:8ad1ed1d-6f3c-4a3b-9d1b-3f6a7c1d0001' },
      }),
      create(observation('Device?patient=Patient/linked')),
    ]);
    expect(linked.status).toBe(200);
    expect(await subjectAt(version, linked, 2)).toBe('Device/linked');
  });
});
