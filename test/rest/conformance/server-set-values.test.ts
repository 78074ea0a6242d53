import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestServer, type TestServer } from '../../support/server.js';

// "If an id is provided, the server SHALL ignore it", likewise meta.versionId and meta.lastUpdated:
// https://hl7.org/fhir/R4/http.html#create https://hl7.org/fhir/R4/http.html#update

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const metas = [{ versionId: 'not an id', lastUpdated: 'yesterday' }, { lastUpdated: 5 }];

describe.each(['r4', 'stu3'])('what the server sets itself, %s', (version) => {
  test.each(['no_id', '', 5, 'urn:uuid:1'])('the id %j of a create is ignored', async (id) => {
    const resource = { resourceType: 'Patient', id };
    const created = await server.send('POST', `/${version}/Patient`, { body: resource });
    expect(created.status).toBe(201);
    const entry = [{ resource, request: { method: 'POST', url: 'Patient' } }];
    const body = { resourceType: 'Bundle', type: 'transaction', entry };
    expect((await server.send('POST', `/${version}`, { body })).status).toBe(200);
  });

  test.each(metas)('the version of meta %j is ignored', async (meta) => {
    const body = { resourceType: 'Patient', id: 'p', meta: { ...meta, tag: [{ code: 'kept' }] } };
    for (const [method, target] of [
      ['POST', 'Patient'],
      ['PUT', 'Patient/p'],
    ] as const) {
      const written = await server.send(method, `/${version}/${target}`, { body });
      expect(written.json).toMatchObject({
        resourceType: 'Patient',
        meta: {
          versionId: expect.stringMatching(/^\d+$/),
          lastUpdated: expect.stringMatching(/Z$/),
          tag: [{ code: 'kept' }],
        },
      });
    }
  });

  test.each([
    ['POST', 'Patient', { meta: {} }],
    ['POST', 'Patient', { meta: 'x' }],
    ['POST', 'Patient', { meta: { lastUpdated: 'yesterday', nonsense: 1 } }],
    ['PUT', 'Patient/no_id', { id: 'no_id' }],
  ])('all else is not: %s %s %j', async (method, target, members) => {
    const { status } = await server.send(method, `/${version}/${target}`, {
      body: { resourceType: 'Patient', ...members },
    });
    expect([400, 422]).toContain(status);
  });
});
