import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions, type FhirVersion } from '../../fhir/version.js';
import { type AnswerJson, entriesOf, startTestServer, type TestRequest, type TestServer } from '../support/server.js';

// https://hl7.org/fhir/R4/provenance.html: the Provenance of what a request writes, in its X-Provenance header.

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const provenance = (version: FhirVersion, more: object = {}): object => ({
  resourceType: 'Provenance',
  recorded: '2026-01-01T00:00:00Z',
  agent: [version === 'r4' ? { who: { display: 'Dr. Caf\u00e9' } } : { whoReference: { display: 'Dr. Caf\u00e9' } }],
  ...more,
});
const ascii = (value: unknown): string =>
  JSON.stringify(value).replace(/[^ -~]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
const wearing = (value: unknown, request: TestRequest = {}): TestRequest => ({
  ...request,
  headers: { ...request.headers, 'x-provenance': typeof value === 'string' ? value : ascii(value) },
});

interface ProvenanceJson extends AnswerJson {
  readonly target: readonly { readonly reference?: string; readonly display?: string }[];
}

describe.each(fhirVersions)('%s', (version) => {
  const root = `/${version}`;
  const about = async (reference: string): Promise<ProvenanceJson[]> => {
    const { json } = await server.send('GET', `${root}/Provenance?target=${reference}&_sort=_lastUpdated`);
    return entriesOf(json).map(({ resource }) => resource as ProvenanceJson);
  };
  const patient = (id?: string, more: object = {}): object => ({ resourceType: 'Patient', ...(id && { id }), ...more });
  const jsonPatch = { 'content-type': 'application/json-patch+json' };

  test('a create, an update and a patch each store one, about the version they wrote', async () => {
    const made = await server.send('POST', `${root}/Patient`, wearing(provenance(version), { body: patient() }));
    expect(made.status).toBe(201);
    const { id } = made.json;
    const url = `${root}/Patient/${id}`;
    expect((await server.send('PUT', url, wearing(provenance(version), { body: patient(id) }))).status).toBe(200);
    const body = JSON.stringify([{ op: 'add', path: '/active', value: true }]);
    const patched = await server.send('PATCH', url, wearing(provenance(version), { body, headers: jsonPatch }));
    expect(patched.status).toBe(200);
    const found = await about(`Patient/${id}`);
    expect(found.map(({ target }) => target)).toEqual(
      ['1', '2', '3'].map((each) => [{ reference: `Patient/${id}/_history/${each}` }]),
    );
    expect(found[0]).toMatchObject({ ...provenance(version), meta: { versionId: '1' } });
    const included = await server.send('GET', `${root}/Patient?_id=${id}&_revinclude=Provenance:target`);
    expect(entriesOf(included.json)).toHaveLength(4);
  });

  test('so do conditional writes, and a create that finds the resource there stores none', async () => {
    const identifier = [{ system: 'urn:prov', value: version }];
    const query = `identifier=urn:prov|${version}`;
    const ask = (method: string, target: string, headers: Record<string, string> = {}, more: object = {}) =>
      server.send(
        method,
        target,
        wearing(provenance(version), { body: patient(undefined, { identifier, ...more }), headers }),
      );
    const made = await ask('POST', `${root}/Patient`, { 'if-none-exist': query });
    const again = await ask('POST', `${root}/Patient`, { 'if-none-exist': query });
    expect([made.status, again.status]).toEqual([201, 200]);
    expect((await ask('PUT', `${root}/Patient?${query}`, {}, { active: true })).status).toBe(200);
    expect(await about(`Patient/${made.json.id}`)).toHaveLength(2);
  });

  test('a target the client names stays', async () => {
    const named = provenance(version, { target: [{ display: 'a letter' }] });
    const made = await server.send('POST', `${root}/Patient`, wearing(named, { body: patient() }));
    const [found] = await about(`Patient/${made.json.id}`);
    expect(found?.target).toEqual([{ display: 'a letter' }, { reference: `Patient/${made.json.id}/_history/1` }]);
  });

  test('one that is not right is refused, and nothing is written', async () => {
    const url = `${root}/Patient/prov-none`;
    for (const [value, status, place] of [
      ['Jibberish', 400, 'http.X-Provenance'],
      ['', 400, 'http.X-Provenance'],
      [patient(), 400, 'http.X-Provenance'],
      [JSON.stringify(provenance(version)), 400, 'http.X-Provenance'],
      [provenance(version, { agent: [] }), 422, 'Provenance.agent'],
      [provenance(version, { agent: undefined }), 422, 'Provenance.agent'],
      [provenance(version, { target: 'Patient/1' }), 422, 'Provenance.target'],
    ] as const) {
      const answer = await server.send('PUT', url, wearing(value, { body: patient('prov-none') }));
      expect([answer.status, answer.json.issue[0].expression]).toEqual([status, [place]]);
    }
    expect((await server.send('GET', url)).status).toBe(404);
  });

  test('what the resource breaks is told as without it, and no Provenance is stored', async () => {
    const bad = wearing(provenance(version), { body: patient('prov-bad', { gender: 'x' }) });
    expect((await server.send('PUT', `${root}/Patient/prov-bad`, bad)).status).toBe(422);
    expect(await about('Patient/prov-bad')).toEqual([]);
  });

  test('who may not create Provenance is refused, and writes nothing', async () => {
    const request = { as: 'patient-1', body: patient('p1') };
    expect((await server.send('PUT', `${root}/Patient/p1`, wearing(provenance(version), request))).status).toBe(403);
    expect((await server.send('GET', `${root}/Patient/p1`)).status).toBe(404);
  });

  test('a delete and a bundle refuse it, rather than lose it; what only reads passes it over', async () => {
    await server.send('PUT', `${root}/Patient/prov-kept`, { body: patient('prov-kept') });
    const bundle = { resourceType: 'Bundle', type: 'batch' };
    expect((await server.send('DELETE', `${root}/Patient/prov-kept`, wearing(provenance(version)))).status).toBe(400);
    expect((await server.send('POST', root, wearing(provenance(version), { body: bundle }))).status).toBe(400);
    const mutation = { query: 'mutation { PatientDelete(id: "prov-kept") { location } }' };
    const graphql = await server.send('POST', `${root}/$graphql`, wearing(provenance(version), { body: mutation }));
    expect(graphql.status).toBe(400);
    expect((await server.send('GET', `${root}/Patient/prov-kept`, wearing('Jibberish'))).status).toBe(200);
  });
});
