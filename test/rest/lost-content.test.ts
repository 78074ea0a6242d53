import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../fhir/version.js';
import type { FhirServer } from '../../interactions/server.js';
import { currentKey } from '../../persistence/keys.js';
import type { StoredVersion } from '../../persistence/resource-store.js';
import { UnreadableVersion } from '../../persistence/unreadable-version.js';
import { startTestServer, type TestServer } from '../support/server.js';

// Content that S3 lost is told as that, to who may see the resource, and to nobody else.

const lostIds = new Set(['o-lost']);

/** A store that lost the content of some resources: what is read of them fails as it does when the object is gone. */
function losing(server: FhirServer): FhirServer {
  const { store } = server;
  const found = (version: StoredVersion | undefined): StoredVersion | undefined => {
    if (version === undefined || !lostIds.has(version.id)) return version;
    throw new UnreadableVersion({ pk: version.id, sk: currentKey }, 'its body is not there', version);
  };
  return {
    ...server,
    store: {
      ...store,
      read: async (key) => found(await store.read(key)),
      vread: async (key, versionId) => found(await store.vread(key, versionId)),
      readMany: async (keys) => (await store.readMany(keys)).map(found),
    },
  };
}

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ wrap: losing });
  for (const version of fhirVersions) {
    for (const id of ['o-lost', 'o-whole']) {
      const subject = { reference: 'Patient/p1' };
      const body = { resourceType: 'Observation', id, status: 'final', code: { text: 'x' }, subject };
      lostIds.delete(id);
      expect((await server.send('PUT', `/${version}/Observation/${id}`, { body })).status).toBe(201);
    }
    lostIds.add('o-lost');
  }
});
afterAll(() => server.close());

describe.each(fhirVersions)('%s', (version) => {
  const url = `/${version}/Observation/o-lost`;
  const told = { severity: 'fatal', code: 'exception' };

  test.each(['practitioner', 'patient-1'])('%s, who may see it, is told that its content is missing', async (as) => {
    for (const [target, what] of [
      [url, 'Observation/o-lost'],
      [`${url}/_history/1`, 'Observation/o-lost/_history/1'],
    ] as const) {
      const { status, json } = await server.send('GET', target, { as });
      expect([status, json.issue[0]]).toMatchObject([500, told]);
      expect(json.issue[0].diagnostics).toContain(`${what} is stored, but its content is missing`);
    }
    expect(server.logged).toEqual([]);
  });

  test('to another patient it does not exist', async () => {
    for (const target of [url, `${url}/_history/1`]) {
      const lost = await server.send('GET', target, { as: 'patient-2' });
      const never = await server.send('GET', target.replace('o-lost', 'o-none'), { as: 'patient-2' });
      expect([lost.status, lost.text]).toEqual([404, never.text.replace('o-none', 'o-lost')]);
    }
  });

  test('in a batch its entry fails, the others do not', async () => {
    const entry = ['o-lost', 'o-whole'].map((id) => ({ request: { method: 'GET', url: `Observation/${id}` } }));
    const { json } = await server.send('POST', `/${version}`, {
      body: { resourceType: 'Bundle', type: 'batch', entry },
    });
    expect(json.entry.map(({ response }) => response?.status.slice(0, 3))).toEqual(['500', '200']);
  });

  test('a search that finds it fails and says why: a page without it would look whole', async () => {
    const { status, json } = await server.send('GET', `/${version}/Observation?code:text=x`);
    expect([status, json.issue[0]]).toMatchObject([500, told]);
    expect(json.issue[0].diagnostics).toMatch(/^The content of a resource that this request needs is stored no more/);
    const logged = server.logged.splice(0);
    expect(logged).toMatchObject([{ fields: { name: 'UnreadableVersion' } }]);
    expect(JSON.stringify(logged)).not.toContain('o-lost');
    const other = await server.send('GET', `/${version}/Observation?_id=o-whole`);
    expect(other.json.total).toBe(1);
  });
});
