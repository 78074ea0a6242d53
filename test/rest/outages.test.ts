import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { unavailable } from '../../fhir/outcome.js';
import type { ResourceKey } from '../../fhir/resource.js';
import { fhirVersions } from '../../fhir/version.js';
import type { FhirServer } from '../../interactions/server.js';
import type { ResourceWrite } from '../../persistence/resource-store.js';
import type { IndexQuery } from '../../search/search-index.js';
import { startTestServer, type TestServer } from '../support/server.js';

// What clients are told while DynamoDB, S3 or OpenSearch do not answer, as their adapters tell it.

let server: TestServer;
let isOut = { store: false, index: false };
beforeAll(async () => {
  server = await startTestServer({
    wrap: (whole): FhirServer => {
      const { store, index } = whole;
      const unless =
        <Request, Answer>(what: keyof typeof isOut, call: (request: Request) => Promise<Answer>) =>
        (request: Request): Promise<Answer> =>
          isOut[what] ? Promise.reject(unavailable('It does not answer for now. Try again')) : call(request);
      return {
        ...whole,
        store: {
          ...store,
          read: unless('store', (key: ResourceKey) => store.read(key)),
          commit: unless('store', (writes: readonly ResourceWrite[]) => store.commit(writes)),
        },
        index: { ...index, search: unless('index', (query: IndexQuery) => index.search(query)) },
      };
    },
  });
});
afterAll(() => server.close());

describe.each(fhirVersions)('%s', (version) => {
  const patient = { resourceType: 'Patient', id: 'a' };

  test.each([
    ['GET', 'Patient/a', undefined, 'store'],
    ['PUT', 'Patient/a', patient, 'store'],
    ['GET', 'Patient?name=x', undefined, 'index'],
    ['GET', 'Observation?code:in=urn:v', undefined, 'index'],
    ['GET', 'Observation?code:below=urn:s%7Ca', undefined, 'index'],
    [
      'POST',
      '',
      {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [{ resource: patient, request: { method: 'PUT', url: 'Patient/a' } }],
      },
      'store',
    ],
  ] as const)(
    '%s %s is 503 and says when to try again; it is no error of the server',
    async (method, path, body, what) => {
      isOut = { store: what === 'store', index: what === 'index' };
      const answer = await server.send(method, `/${version}/${path}`, body === undefined ? {} : { body });
      isOut = { store: false, index: false };
      expect([answer.status, answer.headers['retry-after'], answer.json.issue[0].code]).toEqual([
        503,
        '1',
        'transient',
      ]);
      expect(server.logged).toEqual([]);
    },
  );

  test('$graphql says when to try again as well', async () => {
    isOut = { store: false, index: true };
    const body = { query: '{ PatientList(name: "x") { id } }' };
    const { status, headers } = await server.send('POST', `/${version}/$graphql`, { body });
    isOut = { store: false, index: false };
    expect([status, headers['retry-after']]).toEqual([503, '1']);
  });

  test('an entry of a batch that meets it is 503 for itself', async () => {
    isOut = { store: true, index: false };
    const entry = [
      { request: { method: 'GET', url: 'Patient/a' } },
      { request: { method: 'GET', url: 'Patient?_count=1' } },
    ];
    const { status, json } = await server.send('POST', `/${version}`, {
      body: { resourceType: 'Bundle', type: 'batch', entry },
    });
    isOut = { store: false, index: false };
    expect(status).toBe(200);
    expect(json.entry.map(({ response }) => response?.status.slice(0, 3))).toEqual(['503', '200']);
  });
});
