import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions, type FhirVersion } from '../../fhir/version.js';
import { isOnDynamoDb, staleStatus, startTestServer, type TestResponse, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const uuid = (n: number): string => `urn:uuid:00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

const send = (version: FhirVersion, type: string, entry: unknown[], headers = {}): Promise<TestResponse> =>
  server.send('POST', `/${version}`, { body: { resourceType: 'Bundle', type, entry }, headers });

interface Sent {
  readonly resourceType: string;
  readonly [element: string]: unknown;
}

const post = (resource: Sent, rest: object = {}, request: object = {}): object => ({
  ...rest,
  resource,
  request: { method: 'POST', url: resource.resourceType, ...request },
});

const put = (resource: Sent & { readonly id: string }, rest: object = {}, request: object = {}): object => ({
  ...rest,
  resource,
  request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}`, ...request },
});

const observation = (reference: string, more: object = {}) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  subject: { reference },
  ...more,
});

const count = async (version: FhirVersion, query: string): Promise<number> =>
  (await server.send('GET', `/${version}/${query}&_summary=count`)).json.total;

describe.each(fhirVersions)('a transaction, %s', (version) => {
  const location = (answer: TestResponse, place: number): string => answer.json.entry[place]?.response?.location ?? '';
  const stored = async (answer: TestResponse, place: number): Promise<TestResponse> =>
    server.send('GET', `/${version}/${location(answer, place)}`);

  test('is done as one, answers in the order of its entries, and points where the resources are', async () => {
    await server.send('PUT', `/${version}/Patient/t-old`, { body: { resourceType: 'Patient', id: 't-old' } });
    await server.send('PUT', `/${version}/Patient/t-up`, { body: { resourceType: 'Patient', id: 't-up' } });
    const answer = await send(version, 'transaction', [
      { request: { method: 'GET', url: 'Patient/t-up' } },
      { request: { method: 'GET', url: 'Patient?_id=t-up,t-old' } },
      put({ resourceType: 'Patient', id: 't-up', active: true }, {}, { ifMatch: 'W/"1"' }),
      post(observation(uuid(1)), { fullUrl: uuid(2) }),
      post({ resourceType: 'Patient' }, { fullUrl: uuid(1) }),
      { request: { method: 'DELETE', url: 'Patient/t-old' } },
      { request: { method: 'GET', url: 'Patient/t-up', ifNoneMatch: 'W/"2"' } },
      { request: { method: 'GET', url: 'Patient/t-up/_history' } },
    ]);
    expect(answer.status).toBe(200);
    expect(answer.json.type).toBe('transaction-response');
    expect(answer.json.entry.map(({ response }) => response?.status)).toEqual([
      '200 OK',
      '200 OK',
      '200 OK',
      '201 Created',
      '201 Created',
      '204 No Content',
      '304 Not Modified',
      '200 OK',
    ]);
    expect(answer.json.entry[0]?.resource).toMatchObject({ active: true, meta: { versionId: '2' } });
    expect(answer.json.entry[1]?.resource).toMatchObject({ type: 'searchset', total: 1 });
    expect(answer.json.entry[7]?.resource).toMatchObject({ type: 'history', total: 2 });
    expect(answer.json.entry[2]?.response).toMatchObject({ location: 'Patient/t-up/_history/2', etag: 'W/"2"' });
    const patient = location(answer, 4).replace('/_history/1', '');
    expect((await stored(answer, 3)).json.subject.reference).toBe(patient);
  });

  test('shows what it wrote when that is preferred', async () => {
    const prefer = { prefer: 'return=representation' };
    const answer = await send(version, 'transaction', [post({ resourceType: 'Patient' })], prefer);
    const [entry] = answer.json.entry;
    expect(entry?.resource).toMatchObject({ resourceType: 'Patient', meta: { versionId: '1' } });
    expect(entry?.fullUrl).toBe(`${server.base(version)}/Patient/${entry?.resource?.id ?? ''}`);
  });

  test('fills links wherever they stand, and only there', async () => {
    const div = (url: string): string =>
      `<div xmlns="http://www.w3.org/1999/xhtml"><a href="${url}">it</a> ${uuid(1)}</div>`;
    const answer = await send(version, 'transaction', [
      post({ resourceType: 'Patient' }, { fullUrl: uuid(1) }),
      post(
        observation(uuid(1), {
          identifier: [{ system: 'urn:ietf:rfc:3986', value: uuid(1) }],
          extension: [
            { url: 'http://e/uri', valueUri: uuid(1) },
            { url: 'http://e/string', valueString: uuid(1) },
            { url: 'http://e/contained', valueReference: { reference: '#p' } },
          ],
          text: { status: 'generated', div: div(uuid(1)) },
          contained: [
            { resourceType: 'Provenance', id: 'p', recorded: '2020-01-01T00:00:00Z', target: [{ reference: uuid(1) }] },
          ].map((each) => ({ ...each, agent: [provenanceAgent(version)] })),
          performer: [{ reference: `${uuid(1)}/_history/9` }, { reference: 'Practitioner/77' }],
        }),
      ),
    ]);
    expect(answer.json.issue).toBeUndefined();
    const patient = location(answer, 0).replace('/_history/1', '');
    expect((await stored(answer, 1)).json).toMatchObject({
      subject: { reference: patient },
      identifier: [{ value: uuid(1) }],
      extension: [{ valueUri: patient }, { valueString: uuid(1) }, { valueReference: { reference: '#p' } }],
      text: { div: div(uuid(1)).replace(`"${uuid(1)}"`, `"${patient}"`) },
      contained: [{ target: [{ reference: patient }] }],
      performer: [{ reference: `${patient}/_history/1` }, { reference: 'Practitioner/77' }],
    });
  });

  test('resolves relative references below the base of the entry they stand in', async () => {
    const answer = await send(version, 'transaction', [
      post({ resourceType: 'Patient' }, { fullUrl: 'http://elsewhere/fhir/Patient/7' }),
      post(observation('Patient/7'), { fullUrl: 'http://elsewhere/fhir/Observation/8' }),
      post(observation('http://elsewhere/fhir/Patient/7'), { fullUrl: uuid(3) }),
      post(observation('Patient/7'), { fullUrl: uuid(4) }),
    ]);
    const patient = location(answer, 0).replace('/_history/1', '');
    const subjects = await Promise.all([1, 2, 3].map(async (n) => (await stored(answer, n)).json.subject.reference));
    expect(subjects).toEqual([patient, patient, 'Patient/7']);
  });

  test('points at the existing resource a conditional create finds', async () => {
    const identifier = [{ system: 'urn:t', value: `exists-${version}` }];
    const patient = { resourceType: 'Patient', identifier };
    const ifNoneExist = `identifier=urn:t|exists-${version}`;
    const entries = [post(patient, { fullUrl: uuid(1) }, { ifNoneExist }), post(observation(uuid(1)))];
    const first = await send(version, 'transaction', entries);
    const second = await send(version, 'transaction', entries);
    expect(second.json.entry.map(({ response }) => response?.status)).toEqual(['200 OK', '201 Created']);
    expect(location(second, 0)).toBe(location(first, 0));
    expect((await stored(second, 1)).json.subject.reference).toBe(location(first, 0).replace('/_history/1', ''));
  });

  test('writes nothing when its last entry fails', async () => {
    const system = `http://atomic/${version}`;
    const patients = Array.from({ length: 50 }, () => post({ resourceType: 'Patient', identifier: [{ system }] }));
    const stale = put({ resourceType: 'Patient', id: 'never-there' }, {}, { ifMatch: 'W/"3"' });
    const failed = await send(version, 'transaction', [...patients, stale]);
    expect([failed.status, failed.json.issue[0].expression]).toEqual([
      staleStatus[version],
      ['Bundle.entry[50].request.ifMatch'],
    ]);
    expect(await count(version, `Patient?identifier=${system}|`)).toBe(0);
    expect((await send(version, 'transaction', patients)).status).toBe(200);
    expect(await count(version, `Patient?identifier=${system}|`)).toBe(50);
  });

  test('names every invalid entry at once', async () => {
    const wrong = post({ resourceType: 'Patient', gender: 'x' });
    const { status, json } = await send(version, 'transaction', [wrong, post({ resourceType: 'Patient' }), wrong]);
    expect(status).toBe(422);
    expect(json.issue.flatMap(({ expression }) => expression)).toEqual([
      'Bundle.entry[0].resource.gender',
      'Bundle.entry[2].resource.gender',
    ]);
  });

  test('without entries is answered without entries', async () => {
    const answer = await server.send('POST', `/${version}`, { body: { resourceType: 'Bundle', type: 'transaction' } });
    expect([answer.status, answer.text]).toEqual([200, '{"resourceType":"Bundle","type":"transaction-response"}']);
  });

  test('takes turns with others that write the same resources', async () => {
    const ids = ['turn-1', 'turn-2', 'turn-3'];
    const bundles = Array.from({ length: 12 }, (_, n) =>
      send(version, 'transaction', [
        ...ids.map((id) => put({ resourceType: 'Patient', id, name: [{ family: `Turn${String(n)}` }] })),
      ]),
    );
    for (const { status } of await Promise.all(bundles)) expect(status).toBe(200);
    const now = await Promise.all(ids.map((id) => server.send('GET', `/${version}/Patient/${id}`)));
    expect(now.map(({ json }) => json.meta.versionId)).toEqual(['12', '12', '12']);
    // All three are of the same transaction: none was torn.
    expect(new Set(now.map(({ json }) => json.name[0].family)).size).toBe(1);
  });

  (isOnDynamoDb ? test.skip : test)('of 2,000 entries that point at one of them is committed', async () => {
    const entries = Array.from({ length: 2000 }, (_, n) => post(observation(uuid(0)), { fullUrl: uuid(n + 1) }));
    const answer = await send(version, 'transaction', [
      post({ resourceType: 'Patient' }, { fullUrl: uuid(0) }),
      ...entries,
    ]);
    expect(answer.status).toBe(200);
    const patient = location(answer, 0).replace('/_history/1', '');
    expect(await count(version, `Observation?subject=${patient}`)).toBe(2000);
  });
});

function provenanceAgent(version: FhirVersion): object {
  return version === 'r4' ? { who: { display: 'x' } } : { whoReference: { display: 'x' } };
}

describe.each(fhirVersions)('a bundle, %s, whose reads give more together than one answer holds', (version) => {
  test.each(['batch', 'transaction'])(
    'does its writes, and says which entries to read by themselves: %s',
    async (type) => {
      const own = server.servers[version] as { mostReadTogether?: number };
      const body = { resourceType: 'Patient', id: `much-${type}`, name: [{ family: 'x'.repeat(600) }] };
      const read = { request: { method: 'GET', url: `Patient/much-${type}/_history` } };
      own.mostReadTogether = 1000;
      const put = { resource: body, request: { method: 'PUT', url: `Patient/much-${type}` } };
      const answer = await send(version, type, [put, read, read]);
      delete own.mostReadTogether;
      const [written, ...reads] = answer.json.entry.map(({ response }) => response?.status);
      expect([answer.status, written]).toEqual([200, '201 Created']);
      expect(reads.toSorted()).toEqual(['200 OK', '413 Payload Too Large']); // whichever was read first
      expect((await server.send('GET', `/${version}/Patient/much-${type}`)).status).toBe(200);
    },
  );
});

describe.each(fhirVersions)('a batch, %s', (version) => {
  test('does each entry for itself', async () => {
    await server.send('PUT', `/${version}/Patient/b-gone`, { body: { resourceType: 'Patient', id: 'b-gone' } });
    const answer = await send(version, 'batch', [
      post({ resourceType: 'Patient' }),
      post({ resourceType: 'Patient', gender: 'x' }),
      { request: { method: 'GET', url: 'Patient/nobody' } },
      { request: { method: 'DELETE', url: 'Patient/b-gone' } },
      { request: { method: 'DELETE', url: 'Patient?nonsense=x' } },
      { resource: { resourceType: 'Patient' } },
      { request: { method: 'GET', url: `${server.base(version)}/Patient/b-gone/_history/1` } },
    ]);
    expect(answer.status).toBe(200);
    expect(answer.json.type).toBe('batch-response');
    expect(answer.json.entry.map(({ response }) => response?.status)).toEqual([
      '201 Created',
      '422 Unprocessable Entity',
      '404 Not Found',
      '204 No Content',
      '400 Bad Request',
      '400 Bad Request',
      '200 OK',
    ]);
    expect(answer.json.entry[1]?.response?.outcome?.issue[0].expression).toEqual(['Bundle.entry[1].resource.gender']);
    expect(answer.json.entry[2]?.response?.outcome?.issue[0].expression).toEqual(['Bundle.entry[2]']);
  });

  test('writes one resource in the order of its entries', async () => {
    const entries = Array.from({ length: 20 }, (_, n) =>
      put({ resourceType: 'Patient', id: 'b-order', name: [{ family: `N${String(n)}` }] }),
    );
    const answer = await send(version, 'batch', entries);
    const etags = answer.json.entry.map(({ response }) => response?.etag);
    expect(etags).toEqual(Array.from({ length: 20 }, (_, n) => `W/"${String(n + 1)}"`));
  });

  test('creates once what several entries create by the same criteria', async () => {
    const ifNoneExist = 'identifier=urn:b|same';
    const patient = { resourceType: 'Patient', identifier: [{ system: 'urn:b', value: 'same' }] };
    const answer = await send(
      version,
      'batch',
      [1, 2, 3].map(() => post(patient, {}, { ifNoneExist })),
    );
    expect(answer.json.entry.map(({ response }) => response?.status)).toEqual(['201 Created', '200 OK', '200 OK']);
  });
});

describe('at the same time', () => {
  // Lost races grow with the square, and each takes its time on DynamoDB Local.
  const writers = isOnDynamoDb ? 15 : 50;
  test(`${String(writers)} updates make as many versions without gaps, each readable`, async () => {
    const answers = await Promise.all(
      Array.from({ length: writers }, (_, n) =>
        server.send('PUT', '/r4/Patient/race', {
          body: { resourceType: 'Patient', id: 'race', name: [{ family: `Race${String(n)}` }] },
        }),
      ),
    );
    const versions = answers.map(({ headers }) => Number(headers.etag?.replace(/[^0-9]/g, ''))).sort((a, b) => a - b);
    expect(versions).toEqual(Array.from({ length: writers }, (_, n) => n + 1));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const history = await server.send('GET', '/r4/Patient/race/_history?_count=100');
    const families = history.json.entry.map(({ resource }) => resource?.name[0].family);
    expect(new Set(families).size).toBe(writers);
    const updated = history.json.entry.map(({ resource }) => resource?.meta.lastUpdated ?? '');
    expect(new Set(updated).size).toBe(writers);
    expect(updated).toEqual(updated.toSorted().reverse());
  });

  test('of 20 updates with the same If-Match one wins', async () => {
    await server.send('PUT', '/r4/Patient/match', { body: { resourceType: 'Patient', id: 'match' } });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        server.send('PUT', '/r4/Patient/match', {
          body: { resourceType: 'Patient', id: 'match' },
          headers: { 'if-match': 'W/"1"' },
        }),
      ),
    );
    const statuses = answers.map(({ status }) => status).sort((a, b) => a - b);
    expect(statuses).toEqual([200, ...Array.from({ length: 19 }, () => 412)]);
  });

  test('50 equal conditional creates create one resource, whatever the order of their criteria', async () => {
    const request = (n: number) => ({
      body: { resourceType: 'Patient', identifier: [{ system: 'urn:c', value: 'same' }], active: true },
      headers: {
        'if-none-exist': n % 2 === 0 ? 'identifier=urn:c|same&active=true' : 'active=true&identifier=urn%3Ac%7Csame',
      },
    });
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => server.send('POST', '/r4/Patient', request(n))),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(new Set(answers.map(({ json }) => json.id)).size).toBe(1);
    expect(await count('r4', 'Patient?identifier=urn:c|same')).toBe(1);
  });

  test('transactions and batches with equal conditional creates create one resource', async () => {
    const patient = { resourceType: 'Patient', identifier: [{ system: 'urn:c', value: 'bundled' }] };
    const entry = post(patient, { fullUrl: uuid(1) }, { ifNoneExist: 'identifier=urn:c|bundled' });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        n % 2 === 0 ? send('r4', 'batch', [entry]) : send('r4', 'transaction', [entry, post(observation(uuid(1)))]),
      ),
    );
    const patients = answers.map(({ json }) => json.entry[0]?.response?.location);
    expect(new Set(patients).size).toBe(1);
    const patientReference = patients[0]?.replace('/_history/1', '') ?? '';
    expect(await count('r4', 'Patient?identifier=urn:c|bundled')).toBe(1);
    expect(await count('r4', `Observation?subject=${patientReference}`)).toBe(10);
  });
});
