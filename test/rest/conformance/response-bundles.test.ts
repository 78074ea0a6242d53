import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestServer, type TestServer } from '../../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

describe.each(['r4', 'stu3'])('response bundles of %s', (version) => {
  test('say a fullUrl once per version (bdl-7): https://hl7.org/fhir/R4/bundle.html#Bundle.entry.fullUrl', async () => {
    const resource = { resourceType: 'Patient', id: 'p1' };
    const entry = [
      { request: { method: 'GET', url: 'Patient/p1' } },
      { request: { method: 'GET', url: 'Patient/p1' } },
      { request: { method: 'GET', url: 'Patient/p1/_history/1' } },
      { resource, request: { method: 'PUT', url: 'Patient/p1' } },
    ];
    await server.send('PUT', `/${version}/Patient/p1`, { body: resource });
    const headers = { prefer: 'return=representation' };
    const body = { resourceType: 'Bundle', type: 'batch', entry };
    const answer = await server.send('POST', `/${version}`, { body, headers });
    const entries = answer.json.entry;
    expect(entries.map(({ resource: found }) => found?.meta.versionId)).toEqual(['2', '2', '1', '2']);
    const url = `${server.base(version as 'r4' | 'stu3')}/Patient/p1`;
    expect(entries.map(({ fullUrl }) => fullUrl)).toEqual([url, undefined, url, undefined]);
  });
});
