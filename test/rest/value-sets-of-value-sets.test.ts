import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../fhir/version.js';
import type { FhirServer } from '../../interactions/server.js';
import { startTestServer, type TestServer } from '../support/server.js';

// Value sets that name one another again and again are each looked for once in a request.

const depth = 12;
let server: TestServer;
let searches = 0;
beforeAll(async () => {
  server = await startTestServer({
    wrap: (whole): FhirServer => ({
      ...whole,
      index: {
        ...whole.index,
        search(query) {
          searches += 1;
          return whole.index.search(query);
        },
      },
    }),
  });
  for (const version of fhirVersions) {
    for (let at = 0; at < depth; at += 1) {
      const inner = at === depth - 1 ? { system: 'urn:s', concept: [{ code: 'a' }] } : { valueSet: [url(at + 1)] };
      await server.send('PUT', `/${version}/ValueSet/v${String(at)}`, {
        body: {
          resourceType: 'ValueSet',
          id: `v${String(at)}`,
          url: url(at),
          status: 'active',
          compose: { include: [inner, inner] },
        },
      });
    }
    await server.send('PUT', `/${version}/Observation/o`, {
      body: {
        resourceType: 'Observation',
        id: 'o',
        status: 'final',
        code: { coding: [{ system: 'urn:s', code: 'a' }] },
      },
    });
  }
});
afterAll(() => server.close());
beforeEach(() => {
  searches = 0;
});

const url = (at: number): string => `urn:v${String(at)}`;
/** One for each value set, one for the code system, and one that is the search itself. */
const most = depth + 2;

describe.each(fhirVersions)('%s', (version) => {
  test('in an expansion', async () => {
    const { status, json } = await server.send('GET', `/${version}/ValueSet/$expand?url=${url(0)}`);
    expect(status).toBe(200);
    expect(json).toMatchObject({ expansion: { contains: [{ system: 'urn:s', code: 'a' }] } });
    expect(searches).toBeLessThanOrEqual(most);
  });

  test('in a search that names all of them', async () => {
    const all = Array.from({ length: depth }, (_, at) => url(at)).join(',');
    const { status, json } = await server.send('GET', `/${version}/Observation?code:in=${all}&code:below=urn:none%7Ca`);
    expect([status, json.issue[0].expression]).toEqual([400, ['code:below']]);
    expect(searches).toBeLessThanOrEqual(most);
    const found = await server.send('GET', `/${version}/Observation?code:in=${all}`);
    expect(found.json.entry.map(({ resource }) => resource?.id)).toEqual(['o']);
  });
});
