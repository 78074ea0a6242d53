import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions, type FhirVersion } from '../../fhir/version.js';
import { startTestServer, type TestResponse, type TestServer } from '../support/server.js';

// What an entry of a batch or a transaction may ask for beyond create, read, update and delete by id.

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const uuid = (n: number): string => `urn:uuid:00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');
const parameters = (path: string, value: object) => ({
  resourceType: 'Parameters',
  parameter: [
    {
      name: 'operation',
      part: [
        { name: 'type', valueCode: 'add' },
        { name: 'path', valueString: 'Patient' },
        { name: 'name', valueString: path },
        { name: 'value', ...value },
      ],
    },
  ],
});

let numbers = 0;
const newValue = (): string => `e${String((numbers += 1))}`;

describe.each(fhirVersions)('entries of bundles, %s', (version: FhirVersion) => {
  const root = `/${version}`;
  const send = (type: string, entry: readonly object[], headers = {}, as?: string): Promise<TestResponse> =>
    server.send('POST', root, {
      body: { resourceType: 'Bundle', type, ...(entry.length > 0 ? { entry } : {}) },
      headers,
      ...(as === undefined ? {} : { as }),
    });
  const get = (path: string): Promise<TestResponse> => server.send('GET', `${root}/${path}`);
  const statuses = (answer: TestResponse): (string | undefined)[] =>
    answer.json.entry.map(({ response }) => response?.status.slice(0, 3));
  const patient = (value: string, more: object = {}) => ({
    resourceType: 'Patient',
    identifier: [{ system: 'urn:e', value }],
    ...more,
  });
  const made = async (value: string, more: object = {}): Promise<string> => {
    const { json } = await server.send('POST', `${root}/Patient`, { body: patient(value, more) });
    return `Patient/${json.id}`;
  };
  const criteria = (value: string): string => `Patient?identifier=urn:e|${value}`;
  const put = (value: string, resource: object = patient(value), more: object = {}, request: object = {}): object => ({
    ...more,
    resource,
    request: { method: 'PUT', url: criteria(value), ...request },
  });
  const remove = (url: string, request: object = {}): object => ({ request: { method: 'DELETE', url, ...request } });
  const post = (resource: { readonly resourceType: string }, more: object = {}, request: object = {}): object => ({
    ...more,
    resource,
    request: { method: 'POST', url: resource.resourceType, ...request },
  });
  const observation = (reference: string) => ({
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'x' },
    subject: { reference },
  });

  describe.each(['batch', 'transaction'])('in a %s', (type) => {
    test('update and delete by criteria', async () => {
      const [created, updated, deleted, absent] = [newValue(), newValue(), newValue(), newValue()];
      const path = await made(updated);
      await made(deleted);
      const answer = await send(type, [
        put(created),
        put(updated, patient(updated, { active: true })),
        remove(criteria(deleted)),
        remove(criteria(absent)),
      ]);
      expect(statuses(answer)).toEqual(['201', '200', '204', '204']);
      expect(answer.json.entry[1]?.response).toMatchObject({ location: `${path}/_history/2`, etag: 'W/"2"' });
      expect((await get(`${criteria(deleted)}&_summary=count`)).json.total).toBe(0);
      expect((await get(`${criteria(created)}&_summary=count`)).json.total).toBe(1);
    });

    test('ifNoneMatch: * creates only; ifMatch names versions', async () => {
      const [value, other] = [newValue(), newValue()];
      await made(other);
      const failing = [put(other, patient(other), {}, { ifNoneMatch: '*' })];
      const answer = await send(type, [put(value, patient(value), {}, { ifNoneMatch: '*' })]);
      expect(statuses(answer)).toEqual(['201']);
      const refused = await send(type, failing);
      expect(type === 'batch' ? statuses(refused) : [String(refused.status)]).toEqual(['412']);
      const matching = await send(type, [put(other, patient(other), {}, { ifMatch: 'W/"1"' })]);
      expect(statuses(matching)).toEqual(['200']);
    });

    test('the client has what ifNoneMatch or ifModifiedSince says', async () => {
      const path = await made(newValue());
      const { json } = await get(path);
      const before = new Date(Date.parse(json.meta.lastUpdated) - 1).toISOString();
      const reading = (request: object) => ({ request: { method: 'GET', url: path, ...request } });
      const answer = await send(type, [
        reading({ ifModifiedSince: json.meta.lastUpdated }),
        reading({ ifModifiedSince: before }),
        reading({ ifNoneMatch: 'W/"1"' }),
        { request: { method: 'GET', url: `${path}/_history/1`, ifNoneMatch: 'W/"1"' } },
      ]);
      expect(statuses(answer)).toEqual(['304', '200', '304', '304']);
    });

    test('search by POST, with parameters in the URL or in a form', async () => {
      const value = newValue();
      await made(value);
      const form = {
        resourceType: 'Binary',
        contentType: 'application/x-www-form-urlencoded',
        [version === 'r4' ? 'data' : 'content']: Buffer.from(`identifier=urn:e%7C${value}`).toString('base64'),
      };
      const request = { method: 'POST', url: 'Patient/_search' };
      const answer = await send(type, [
        { request: { ...request, url: `${request.url}?identifier=urn:e|${value}` } },
        { resource: form, request },
        { request: { method: 'GET', url: `Patient/?identifier=urn:e|${value}` } },
      ]);
      expect(answer.json.entry.map(({ resource }) => resource?.total)).toEqual([1, 1, 1]);
    });

    test('metadata, and URLs with a slash at the end', async () => {
      const path = await made(newValue());
      const answer = await send(type, [
        { request: { method: 'GET', url: 'metadata' } },
        { request: { method: 'GET', url: `${path}/` } },
        { request: { method: 'GET', url: `${server.base(version)}/${path}/` } },
      ]);
      expect(statuses(answer)).toEqual(['200', '200', '200']);
      expect(answer.json.entry[0]?.resource?.resourceType).toBe('CapabilityStatement');
    });

    test('writes tell what they did, if that is preferred', async () => {
      const value = newValue();
      const answer = await send(type, [put(value), remove(criteria(newValue()))], {
        prefer: 'return=OperationOutcome',
      });
      for (const { resource, response } of answer.json.entry) {
        expect(resource).toBeUndefined();
        expect(response?.outcome?.issue[0].severity).toBe('information');
      }
    });
  });

  test('a batch fails an entry that breaks the rules of bundles, and does the others', async () => {
    const path = await made(newValue());
    const answer = await send('batch', [
      { request: { method: 'GET', url: 'Patient?name=foo bar' } },
      { request: { method: 'GET', url: path } },
      { request: { method: 'FETCH', url: path } },
      { resource: patient(newValue()), request: { method: 'POST', url: 'Patient' }, nonsense: 1 },
      null as never,
    ]);
    expect(statuses(answer)).toEqual(['422', '200', '422', '422', '422']);
    const places = answer.json.entry.flatMap(({ response }) => response?.outcome?.issue[0].expression ?? []);
    expect(places).toEqual([
      'Bundle.entry[0].request.url',
      'Bundle.entry[2].request.method',
      'Bundle.entry[3].nonsense',
      'Bundle.entry[4]',
    ]);
    const transaction = await send('transaction', [{ request: { method: 'GET', url: 'Patient?name=foo bar' } }]);
    expect(transaction.status).toBe(422);
  });

  test('each entry of a batch is authorized for itself', async () => {
    await server.send('PUT', `${root}/Patient/p1`, { body: patient(newValue(), { id: 'p1' }) });
    const value = newValue();
    await made(value);
    const entries = [
      { request: { method: 'GET', url: 'Patient/p1' } },
      put(value),
      remove(criteria(value)),
      { request: { method: 'GET', url: criteria(value) } },
    ];
    const answer = await send('batch', entries, {}, 'patient-1');
    expect(statuses(answer)).toEqual(['200', '403', '403', '200']);
    expect(answer.json.entry[3]?.resource?.total).toBe(0);
    expect((await send('transaction', entries.slice(0, 1), {}, 'patient-1')).status).toBe(403);
  });

  describe('a transaction', () => {
    const location = (answer: TestResponse, place: number): string =>
      answer.json.entry[place]?.response?.location?.replace(/\/_history\/.*/, '') ?? '';

    test('fills links to what was updated by criteria with what that is', async () => {
      const [known, unknown] = [newValue(), newValue()];
      const path = await made(known);
      const answer = await send('transaction', [
        post(observation(`${uuid(1)}/_history/1`)),
        post(observation('urn:oid:1.2.3.4')),
        put(known, patient(known), { fullUrl: uuid(1) }),
        put(unknown, patient(unknown), { fullUrl: 'urn:oid:1.2.3.4' }),
      ]);
      expect(statuses(answer)).toEqual(['201', '201', '200', '201']);
      expect((await get(location(answer, 0))).json.subject.reference).toBe(`${path}/_history/2`);
      expect((await get(location(answer, 1))).json.subject.reference).toBe(location(answer, 3));
    });

    test('matches criteria of creates and updates when its deletes are done', async () => {
      const value = newValue();
      for (const write of [post(patient(value), {}, { ifNoneExist: `identifier=urn:e|${value}` }), put(value)]) {
        const path = await made(value);
        const answer = await send('transaction', [write, remove(criteria(value))]);
        expect(statuses(answer)).toEqual(['201', '204']);
        expect(location(answer, 0)).not.toBe(path);
        expect((await get(path)).status).toBe(410);
        await server.send('DELETE', `${root}/${location(answer, 0)}`);
      }
    });

    test('refuses two entries about one resource, however they name it', async () => {
      const value = newValue();
      const path = await made(value);
      const id = path.slice('Patient/'.length);
      const whole = { resource: patient(value, { id }), request: { method: 'PUT', url: path } };
      const pairs: (readonly object[])[] = [
        [whole, put(value)],
        [put(value), post(patient(value), {}, { ifNoneExist: `identifier=urn:e|${value}` })],
      ];
      for (const pair of pairs) {
        const { status, json } = await send('transaction', pair);
        expect([status, json.issue[0].code]).toEqual([400, 'invalid']);
      }
      const fresh = newValue();
      const creating = [
        [put(fresh), put(fresh)],
        [put(fresh), post(patient(fresh), {}, { ifNoneExist: `identifier=urn:e|${fresh}` })],
        [put(fresh), post(patient(fresh))],
      ];
      for (const pair of creating) expect((await send('transaction', pair)).status).toBe(400);
      expect((await get(`${criteria(fresh)}&_summary=count`)).json.total).toBe(0);
      expect((await get(path)).json.meta.versionId).toBe('1');
    });

    test('writes nothing when it reads what it deletes by criteria', async () => {
      const value = newValue();
      const path = await made(value);
      const { status, json } = await send('transaction', [
        remove(criteria(value)),
        { request: { method: 'GET', url: path } },
      ]);
      expect([status, json.issue[0].expression]).toEqual([410, ['Bundle.entry[1]']]);
      expect((await get(path)).status).toBe(200);
    });

    test('of 10 equal ones at the same time one creates', async () => {
      const value = newValue();
      const entries = [post(observation(uuid(1))), put(value, patient(value), { fullUrl: uuid(1) })];
      const answers = await Promise.all(Array.from({ length: 10 }, () => send('transaction', entries)));
      expect(answers.map((answer) => statuses(answer)[1]).sort()).toEqual([
        '200',
        '200',
        '200',
        '200',
        '200',
        '200',
        '200',
        '200',
        '200',
        '201',
      ]);
      expect(new Set(answers.map((answer) => location(answer, 1))).size).toBe(1);
    });
  });

  if (version === 'r4') {
    describe.each(['batch', 'transaction'])('in a %s, what R4 has and STU3 has not:', (type) => {
      test('HEAD answers as GET without a body', async () => {
        const path = await made(newValue());
        const answer = await send(type, [
          { request: { method: 'HEAD', url: path } },
          { request: { method: 'HEAD', url: 'Patient?_id=x' } },
          { request: { method: 'HEAD', url: path, ifNoneMatch: 'W/"1"' } },
        ]);
        expect(statuses(answer)).toEqual(['200', '200', '304']);
        expect(answer.json.entry[0]?.response?.etag).toBe('W/"1"');
        expect(answer.json.entry.map(({ resource }) => resource)).toEqual([undefined, undefined, undefined]);
      });

      test('PATCH by JSON Patch in a Binary and by FHIRPath Patch, by id and by criteria', async () => {
        const [one, two] = [newValue(), newValue()];
        const [first, second] = [await made(one), await made(two)];
        const binary = (operations: unknown) => ({
          resourceType: 'Binary',
          contentType: 'application/json-patch+json',
          data: base64(operations),
        });
        const answer = await send(type, [
          {
            resource: binary([{ op: 'add', path: '/active', value: true }]),
            request: { method: 'PATCH', url: first, ifMatch: 'W/"1"' },
          },
          { resource: parameters('gender', { valueCode: 'male' }), request: { method: 'PATCH', url: criteria(two) } },
        ]);
        expect(statuses(answer)).toEqual(['200', '200']);
        expect((await get(first)).json).toMatchObject({ active: true, meta: { versionId: '2' } });
        expect((await get(second)).json).toMatchObject({ gender: 'male' });
        const failing = [
          {
            resource: binary([{ op: 'test', path: '/active', value: false }]),
            request: { method: 'PATCH', url: first },
          },
        ];
        const refused = await send(type, failing);
        expect(type === 'batch' ? statuses(refused) : [String(refused.status)]).toEqual(['422']);
        const missing = [{ resource: binary([]), request: { method: 'PATCH', url: criteria(newValue()) } }];
        const absent = await send(type, missing);
        expect(type === 'batch' ? statuses(absent) : [String(absent.status)]).toEqual(['404']);
      });
    });

    test('links in what a patch brings are filled in', async () => {
      const path = await made(newValue());
      const answer = await send('transaction', [
        {
          fullUrl: uuid(5),
          resource: { resourceType: 'Organization', name: 'x' },
          request: { method: 'POST', url: 'Organization' },
        },
        {
          resource: parameters('managingOrganization', { valueReference: { reference: uuid(5) } }),
          request: { method: 'PATCH', url: path },
        },
      ]);
      expect(statuses(answer)).toEqual(['201', '200']);
      const organization = answer.json.entry[0]?.response?.location?.replace('/_history/1', '');
      expect((await get(path)).json).toMatchObject({ managingOrganization: { reference: organization } });
    });
  } else {
    test('STU3 has neither HEAD nor PATCH in bundles', async () => {
      const answer = await send('batch', [
        { request: { method: 'HEAD', url: 'Patient/x' } },
        { resource: parameters('gender', { valueCode: 'male' }), request: { method: 'PATCH', url: 'Patient/x' } },
      ]);
      expect(answer.json.entry.map(({ response }) => response?.outcome?.issue[0].code)).toEqual([
        'code-invalid',
        'code-invalid',
      ]);
    });
  }
});
