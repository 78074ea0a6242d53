import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions, type FhirVersion } from '../../../fhir/version.js';
import { type AnswerJson, startTestServer, type TestServer } from '../../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

interface DocumentJson extends AnswerJson {
  readonly identifier?: { readonly system: string; readonly value: string };
  readonly timestamp?: string;
}

/** A composition; R4's differs from STU3's in no element that is used here but `class`. */
const composition = (id: string, more: object = {}): object => ({
  resourceType: 'Composition',
  id,
  status: 'final',
  type: { text: 'Letter' },
  subject: { reference: 'Patient/p1' },
  date: '2026-01-01',
  author: [{ reference: 'Practitioner/author' }],
  title: 'A letter',
  ...more,
});

const section = (...references: string[]): object => ({
  section: [{ title: 'Findings', entry: references.map((reference) => ({ reference })) }],
});

describe.each(fhirVersions)('%s', (version: FhirVersion) => {
  const root = `/${version}`;
  const put = async (resource: object): Promise<void> => {
    const { resourceType, id } = resource as { resourceType: string; id: string };
    const { status } = await server.send('PUT', `${root}/${resourceType}/${id}`, { body: resource });
    expect([id, status]).toEqual([id, expect.any(Number)]);
    expect(status).toBeLessThan(300);
  };
  const observation = (id: string, patient: string, more: object = {}): object => ({
    resourceType: 'Observation',
    id,
    status: 'final',
    code: { text: 'x' },
    subject: { reference: `Patient/${patient}` },
    ...more,
  });
  const documentOf = async (target: string, as = 'practitioner') => {
    const { status, json } = await server.send('GET', `${root}/Composition/${target}`, { as });
    return { status, json: json as DocumentJson };
  };
  const entries = ({ entry }: AnswerJson): (string | undefined)[] =>
    entry.map(({ fullUrl }) => fullUrl?.slice(server.base(version).length + 1));

  beforeAll(async () => {
    await put({ resourceType: 'Organization', id: 'clinic', name: 'Clinic' });
    await put({ resourceType: 'Practitioner', id: 'author', name: [{ family: 'Author' }] });
    await put({ resourceType: 'Patient', id: 'p1', managingOrganization: { reference: 'Organization/clinic' } });
    await put({ resourceType: 'Patient', id: 'p2' });
    await put(observation('result', 'p1'));
    await put(observation('others', 'p2'));
    await put({
      resourceType: 'DiagnosticReport',
      id: 'report',
      status: 'final',
      code: { text: 'x' },
      subject: { reference: 'Patient/p1' },
      result: [
        { reference: 'Observation/result' },
        { reference: 'Observation/others' },
        { reference: 'Observation/never' },
      ],
    });
    await put(composition('letter', section('DiagnosticReport/report')));
  });

  test('gives a document: the composition first, all it refers to, and what that needs', async () => {
    const { status, json } = await documentOf('letter/$document');
    expect([status, json.resourceType, json.type]).toEqual([200, 'Bundle', 'document']);
    expect(entries(json)[0]).toBe('Composition/letter');
    expect(entries(json).sort()).toEqual([
      'Composition/letter',
      'DiagnosticReport/report',
      'Observation/result', // the report's, and of the same patient; not the one of another patient
      'Organization/clinic',
      'Patient/p1',
      'Practitioner/author',
    ]);
    const [first] = json.entry;
    expect(first?.resource).toEqual((await server.send('GET', `${root}/Composition/letter`)).json);
    expect(json.identifier).toEqual({ system: 'urn:ietf:rfc:3986', value: expect.stringMatching(/^urn:uuid:/) });
  });

  test('which keeps the rules of Bundles, and can be stored', async () => {
    const { json } = await documentOf('letter/$document');
    expect('timestamp' in json).toBe(version === 'r4');
    const { status, json: stored } = await server.send('POST', `${root}/Bundle`, { body: json });
    expect([status, stored.type]).toEqual([201, 'document']);
  });

  test('is asked of the type with an id, which may be a URL, and by POST', async () => {
    const url = encodeURIComponent(`${server.base(version)}/Composition/letter`);
    for (const id of ['letter', 'Composition/letter', url]) {
      expect(entries((await documentOf(`$document?id=${id}`)).json)).toHaveLength(6);
    }
    const body = { resourceType: 'Parameters', parameter: [{ name: 'persist', valueBoolean: false }] };
    const posted = await server.send('POST', `${root}/Composition/letter/$document`, { body });
    expect(entries(posted.json)).toHaveLength(6);
  });

  test('holds the version that is referred to', async () => {
    await put(observation('changed', 'p1', { valueString: 'first' }));
    await put(observation('changed', 'p1', { valueString: 'second' }));
    await put(composition('dated', section('Observation/changed/_history/1')));
    const { json } = await documentOf('dated/$document');
    const found = json.entry.find(({ fullUrl }) => fullUrl?.endsWith('Observation/changed') === true);
    expect(found?.resource).toMatchObject({ valueString: 'first', meta: { versionId: '1' } });
  });

  test('leaves out what the composition replaces, and what it contains stays inside', async () => {
    const relatesTo = [{ code: 'replaces', targetReference: { reference: 'Composition/old' } }];
    const contained = [{ resourceType: 'Observation', id: 'in', status: 'final', code: { text: 'x' } }];
    await put(composition('new', { relatesTo, contained, ...section('#in') }));
    const { status, json } = await documentOf('new/$document');
    expect([status, entries(json).sort()]).toEqual([
      200,
      ['Composition/new', 'Organization/clinic', 'Patient/p1', 'Practitioner/author'],
    ]);
  });

  test.each([
    ['was never there', 'Observation/never'],
    ['is on another server', 'http://other.example/fhir/Observation/1'],
  ])('is refused when something that it refers to %s: it would look whole', async (_, reference) => {
    await put(composition('broken', section(reference)));
    const { status, json } = await documentOf('broken/$document');
    expect([status, json.issue[0].code]).toEqual([422, 'not-found']);
    expect(json.issue[0].diagnostics).toContain(`Composition/broken refers to ${reference}`);
  });

  test('is given to who may read all of it', async () => {
    await put(composition('mixed', section('Observation/others')));
    expect((await documentOf('mixed/$document')).status).toBe(200);
    expect((await documentOf('mixed/$document', 'patient-1')).status).toBe(422);
    expect((await documentOf('letter/$document', 'patient-1')).status).toBe(200);
    expect((await documentOf('letter/$document', 'patient-2')).status).toBe(404);
    expect((await documentOf('letter/$document', 'nobody')).status).toBe(403);
  });

  test.each([
    ['none/$document', 404, undefined],
    ['$document', 400, ['id']],
    ['$document?id=Patient/p1', 400, ['id']],
    ['$document?id=http://other.example/Composition/1', 400, ['id']],
    ['letter/$document?id=letter', 400, ['id']],
    ['letter/$document?persist=true', 400, ['persist']],
    ['letter/$document?graph=http://x', 400, ['graph']],
  ])('refuses %s', async (target, expected, place) => {
    const { status, json } = await documentOf(target);
    expect([status, json.issue[0].expression]).toEqual([expected, place]);
  });
});
