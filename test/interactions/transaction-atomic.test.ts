import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { fhirVersions, type FhirVersion } from '../../fhir/version.js';
import type { ResourceStore } from '../../persistence/resource-store.js';
import { staleStatus, startTestServer, type TestResponse, type TestServer } from '../support/server.js';

// All or nothing: whatever fails, wherever it stands, and whatever other writers do meanwhile.

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());
afterEach(() => {
  jest.restoreAllMocks();
});

const identified = (resourceType: string, value: string, more: object = {}) => ({
  resourceType,
  identifier: [{ system: 'urn:a', value }],
  ...more,
});
const entry = (method: string, url: string, resource?: object, request: object = {}): object => ({
  ...(resource === undefined ? {} : { resource }),
  request: { method, url, ...request },
});
const post = (resource: { resourceType: string }, request: object = {}): object =>
  entry('POST', resource.resourceType, resource, request);
const observation = (performer: string) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  performer: [{ reference: performer }],
});

const transaction = (version: FhirVersion, entries: readonly object[]): Promise<TestResponse> =>
  server.send('POST', `/${version}`, { body: { resourceType: 'Bundle', type: 'transaction', entry: entries } });

const put = (version: FhirVersion, resource: { resourceType: string; id: string }): Promise<TestResponse> =>
  server.send('PUT', `/${version}/${resource.resourceType}/${resource.id}`, { body: resource });

describe.each(fhirVersions)('%s', (version) => {
  const ids = ['updated', 'deleted', 'kept'];
  beforeEach(async () => {
    for (const id of ids) await put(version, { ...identified('Patient', id), id });
    for (const id of ['twin-1', 'twin-2']) await put(version, { ...identified('Practitioner', 'twins'), id });
  });

  /** Of the three patients the texts and versions, and the number of everything the transactions may make. */
  const state = async (): Promise<readonly unknown[]> => [
    ...(await Promise.all(
      ids.map(async (id) => (await server.send('GET', `/${version}/Patient/${id}/_history?_count=1000`)).text),
    )),
    ...(await Promise.all(
      ['Patient', 'Practitioner', 'Observation'].map(
        async (type) => (await server.send('GET', `/${version}/${type}?_summary=count`)).json.total,
      ),
    )),
  ];

  const good = (): object[] => [
    entry('DELETE', 'Patient/deleted'),
    post(identified('Patient', 'new')),
    post(identified('Patient', 'once'), { ifNoneExist: 'identifier=urn:a|once-only' }),
    entry('PUT', 'Patient/updated', { ...identified('Patient', 'updated'), id: 'updated', active: true }),
    entry('GET', 'Patient/kept'),
    post(observation('Patient?identifier=urn:a|kept')),
  ];

  const bad: readonly (readonly [string, number, object])[] = [
    ['breaks the rules of its type', 422, post({ ...identified('Patient', 'x'), gender: 'x' } as never)],
    [
      'expects another version',
      staleStatus[version],
      entry('DELETE', 'Practitioner/twin-1', undefined, { ifMatch: 'W/"99999"' }),
    ],
    ['has a reference that nothing matches', 412, post(observation('Practitioner?identifier=urn:a|nobody'))],
    ['has a reference that several match', 412, post(observation('Practitioner?identifier=urn:a|twins'))],
    [
      'has an ifNoneExist that several match',
      412,
      post({ resourceType: 'Practitioner' }, { ifNoneExist: 'identifier=urn:a|twins' }),
    ],
    ['writes what another entry writes', 400, entry('DELETE', 'Patient/updated')],
    ['asks for what does not exist', 404, entry('POST', 'Nonsense', { resourceType: 'Nonsense' })],
    ['reads what is not there', 404, entry('GET', 'Patient/nobody')],
    ['reads what the same transaction deletes', 410, entry('GET', 'Patient/deleted')],
    ['searches by what is no parameter', 400, entry('GET', 'Patient?shoe-size=44')],
    ['invokes an operation there is not', 404, entry('POST', 'Patient/$nonsense')],
    ['deletes what several match', 412, entry('DELETE', 'Practitioner?identifier=urn:a|twins')],
  ];

  describe.each(bad)('an entry that %s', (_, status, failing) => {
    test('makes the transaction write nothing, wherever the entry stands', async () => {
      const before = await state();
      for (let place = 0; place <= good().length; place += 1) {
        const answer = await transaction(version, good().toSpliced(place, 0, failing));
        expect([place, answer.status, answer.json.resourceType]).toEqual([place, status, 'OperationOutcome']);
        const [where] = answer.json.issue[0].expression ?? [];
        // Of two entries on one resource the second is named, whichever it is.
        const second = status === 400 && place <= 3 && failing === bad[5]?.[2] ? 4 : place;
        expect(where).toMatch(new RegExp(`^Bundle\\.entry\\[${String(second)}\\](\\.|$)`));
        expect(await state()).toEqual(before);
      }
    });
  });

  test('without the failing entry everything is written', async () => {
    const { status, json } = await transaction(version, good());
    expect(status).toBe(200);
    expect(json.entry.map(({ response }) => Number.parseInt(response?.status ?? ''))).toEqual([
      204, 201, 201, 200, 200, 201,
    ]);
    expect((await server.send('GET', `/${version}/Patient/deleted`)).status).toBe(410);
  });

  describe('another write between reading and committing', () => {
    /** Lets `between` happen right before the first commit. */
    const interfere = (between: () => Promise<unknown>): jest.SpiedFunction<ResourceStore['commit']> => {
      const { store } = server.servers[version];
      const commit = store.commit.bind(store);
      return jest.spyOn(store, 'commit').mockImplementationOnce(async (writes) => {
        await between();
        return commit(writes);
      });
    };

    test('to a resource the transaction updates: both are done, one after the other', async () => {
      const current = Number((await server.send('GET', `/${version}/Patient/updated`)).json.meta.versionId);
      const commits = interfere(() => put(version, { ...identified('Patient', 'updated'), id: 'updated' }));
      const { status, json } = await transaction(version, good());
      expect(status).toBe(200);
      expect(json.entry[3]?.response?.etag).toBe(`W/"${String(current + 2)}"`);
      expect(commits).toHaveBeenCalledTimes(3);
    });

    test('to a resource the transaction updates by ifMatch: it is refused, nothing is written', async () => {
      const { headers } = await server.send('GET', `/${version}/Patient/updated`);
      const entries = good().with(
        3,
        entry(
          'PUT',
          'Patient/updated',
          { ...identified('Patient', 'updated'), id: 'updated' },
          { ifMatch: headers.etag },
        ),
      );
      let before: unknown;
      interfere(async () => {
        await put(version, { ...identified('Patient', 'updated'), id: 'updated' });
        before = await state();
      });
      const { status, json } = await transaction(version, entries);
      expect([status, json.issue[0].expression]).toEqual([staleStatus[version], ['Bundle.entry[3].request.ifMatch']]);
      expect(await state()).toEqual(before);
    });

    test('that removes the match of a conditional reference: it is refused, nothing is written', async () => {
      let before: unknown;
      interfere(async () => {
        await server.send('DELETE', `/${version}/Patient/kept`);
        before = await state();
      });
      const { status, json } = await transaction(version, good());
      expect([status, json.issue[0].expression]).toEqual([412, ['Bundle.entry[5].resource.performer[0].reference']]);
      expect(await state()).toEqual(before);
    });

    test('that changes the match of a conditional reference into another resource: the reference follows', async () => {
      interfere(async () => {
        await put(version, { ...identified('Patient', 'something else'), id: 'kept' });
        await put(version, { ...identified('Patient', 'kept'), id: 'follower' });
      });
      const { status, json } = await transaction(version, [post(observation('Patient?identifier=urn:a|kept'))]);
      expect(status).toBe(200);
      const stored = await server.send('GET', `/${version}/${json.entry[0]?.response?.location ?? ''}`);
      expect(stored.text).toContain('"reference":"Patient/follower"');
      await server.send('DELETE', `/${version}/Patient/follower`);
    });

    test('that creates what ifNoneExist did not find: that one is the answer', async () => {
      const ifNoneExist = 'identifier=urn:a|meanwhile';
      const resource = identified('Patient', 'meanwhile');
      let created = '';
      interfere(async () => {
        const { json } = await server.send('POST', `/${version}/Patient`, {
          body: resource,
          headers: { 'if-none-exist': ifNoneExist },
        });
        created = json.id;
      });
      const { status, json } = await transaction(version, [post(resource, { ifNoneExist })]);
      expect([status, json.entry[0]?.response?.status]).toEqual([200, '200 OK']);
      expect(json.entry[0]?.response?.location).toBe(`Patient/${created}/_history/1`);
      expect((await server.send('GET', `/${version}/Patient?identifier=urn:a|meanwhile`)).json.total).toBe(1);
    });

    test('that deletes what ifNoneExist found: the resource is created after all', async () => {
      const ifNoneExist = 'identifier=urn:a|leaving';
      await put(version, { ...identified('Patient', 'leaving'), id: 'leaving' });
      interfere(() => server.send('DELETE', `/${version}/Patient/leaving`));
      const { json } = await transaction(version, [
        post(identified('Patient', 'leaving'), { ifNoneExist }),
        post(observation('Patient?identifier=urn:a|leaving')),
      ]);
      expect(json.entry.map(({ response }) => response?.status)).toEqual(['201 Created', '201 Created']);
    });

    test.each(['deleted-before', 'never-there'])(
      'that makes %s, which it deletes: it is deleted after all',
      async (id) => {
        const patient = `/${version}/Patient/${id}`;
        if (id === 'deleted-before') await put(version, { ...identified('Patient', id), id });
        await server.send('DELETE', patient);
        interfere(() => put(version, { ...identified('Patient', id), id }));
        const { status } = await transaction(version, [
          entry('DELETE', `Patient/${id}`),
          post(observation('Patient/kept')),
        ]);
        expect([status, (await server.send('GET', patient)).status]).toEqual([200, 410]);
      },
    );

    test('again and again: 409, nothing is written', async () => {
      const before = await state();
      jest.spyOn(server.servers[version].store, 'commit').mockResolvedValue({ committed: false, conflicts: [0] });
      const { status, json } = await transaction(version, good());
      expect([status, json.issue[0].code]).toEqual([409, 'conflict']);
      jest.restoreAllMocks();
      expect(await state()).toEqual(before);
    });
  });
});
