import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Principal } from '../../auth/principal.js';
import { fhirVersions } from '../../fhir/version.js';
import type { FhirServer } from '../../interactions/server.js';
import { currentKey } from '../../persistence/keys.js';
import type { StoredVersion } from '../../persistence/resource-store.js';
import { UnreadableVersion } from '../../persistence/unreadable-version.js';
import { startTestServer, type TestResponse, type TestServer } from '../support/server.js';

// Content that S3 lost is told as that, to who may see the resource, and to nobody else.

const lostIds = new Set(['o-lost']);
/** Of these what was written first is lost, and nothing that takes its place. */
const firstLost = /^w-/;

/** A store that lost the content of some resources: what is read of them fails as it does when the object is gone. */
function losing(server: FhirServer): FhirServer {
  const { store } = server;
  const found = (version: StoredVersion | undefined): StoredVersion | undefined => {
    if (version === undefined || version.deleted) return version;
    if (!lostIds.has(version.id) && (!firstLost.test(version.id) || version.versionId > 1)) return version;
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

describe('what writes over lost content', () => {
  const application = (scope: string, patient?: string): Principal => ({
    subject: scope,
    username: 'app',
    groups: [],
    scopes: scope.split(' '),
    clientId: 'app',
    ...(patient === undefined ? { isApplication: true } : { patient }),
  });
  const principals = {
    everything: application('system/*.cruds'),
    'own record': application('patient/*.cruds', 'Patient/p1'),
    'own final ones': application('patient/Observation.cruds?status=final', 'Patient/p1'),
    'other record': application('patient/*.cruds', 'Patient/p2'),
  } as const;
  type Name = keyof typeof principals;

  let writes: TestServer;
  beforeAll(async () => {
    writes = await startTestServer({ wrap: losing, authorization: 'smart', principals });
  });
  afterAll(async () => {
    expect(writes.logged).toEqual([]);
    await writes.close();
  });

  const observation = (id: string, text: string): object => ({
    resourceType: 'Observation',
    id,
    status: 'final',
    code: { text },
    subject: { reference: 'Patient/p1' },
  });
  const patchBody = JSON.stringify([{ op: 'replace', path: '/status', value: 'amended' }]);
  const bundle = (type: string, entry: object): object => ({ resourceType: 'Bundle', type, entry: [entry] });

  describe.each(fhirVersions)('%s', (version) => {
    const send = (method: string, path: string, as: Name, body?: unknown): Promise<TestResponse> =>
      writes.send(method, `/${version}${path}`, {
        as,
        ...(body === undefined ? {} : { body }),
        ...(method === 'PATCH' ? { headers: { 'content-type': 'application/json-patch+json' } } : {}),
      });
    /** Stores a resource whose content is lost then, and makes sure that it is. */
    async function lose(name: string): Promise<string> {
      const id = `w-${name}`;
      expect((await send('PUT', `/Observation/${id}`, 'everything', observation(id, 'lost'))).status).toBe(201);
      expect((await send('GET', `/Observation/${id}`, 'everything')).status).toBe(500);
      return id;
    }

    test.each([
      ['everything', (id: string) => send('PUT', `/Observation/${id}`, 'everything', observation(id, 'new'))],
      ['own record', (id: string) => send('PUT', `/Observation/${id}`, 'own record', observation(id, 'new'))],
      [
        'a transaction',
        (id: string) => {
          const request = { method: 'PUT', url: `Observation/${id}` };
          return send('POST', '', 'everything', bundle('transaction', { resource: observation(id, 'new'), request }));
        },
      ],
    ])('an update of it stores the next version, and it can be read again: %s', async (as, update) => {
      const id = await lose(`put-${as.replace(' ', '-')}`);
      expect((await update(id)).status).toBe(200);
      const read = await send('GET', `/Observation/${id}`, 'everything');
      expect([read.status, read.json.meta.versionId, read.text]).toEqual([200, '2', expect.stringContaining('"new"')]);
      expect((await send('GET', `/Observation/${id}/_history/1`, 'everything')).status).toBe(500);
    });

    test.each([
      ['by itself', (id: string) => send('DELETE', `/Observation/${id}`, 'own record')],
      [
        'in a transaction',
        (id: string) =>
          send(
            'POST',
            '',
            'everything',
            bundle('transaction', { request: { method: 'DELETE', url: `Observation/${id}` } }),
          ),
      ],
    ])('it can be deleted %s', async (how, remove) => {
      const id = await lose(`delete-${how.replaceAll(' ', '-')}`);
      expect((await remove(id)).status).toBeLessThan(300);
      expect((await send('GET', `/Observation/${id}`, 'everything')).status).toBe(410);
    });

    test('what needs the content tells who may see it that it is missing', async () => {
      const id = await lose('patch');
      const request = { method: 'PATCH', url: `Observation/${id}` };
      const part = [
        { name: 'type', valueCode: 'replace' },
        { name: 'path', valueString: 'Observation.status' },
        { name: 'value', valueCode: 'amended' },
      ];
      const operation = { resourceType: 'Parameters', parameter: [{ name: 'operation', part }] };
      const answers = [
        await send('PATCH', `/Observation/${id}`, 'own record', patchBody),
        ...(version === 'r4'
          ? [await send('POST', '', 'everything', bundle('transaction', { request, resource: operation }))]
          : []),
      ];
      for (const { status, json } of answers) {
        expect(status).toBe(500);
        expect(json.issue[0].diagnostics).toContain(`Observation/${id} is stored, but its content is missing`);
      }
    });

    test.each(['other record', 'own final ones'] as const)(
      'to whom it is not open, or only its content could tell, nothing tells that it is there: %s',
      async (as) => {
        const id = await lose(`hidden-${as.replaceAll(' ', '-')}`);
        const without = (answer: TestResponse, name: string): unknown[] => [
          answer.status,
          answer.text.replaceAll(name, 'x'),
        ];
        for (const [method, body] of [['PATCH', patchBody], ['DELETE']] as const) {
          const lost = await send(method, `/Observation/${id}`, as, body);
          const never = await send(method, '/Observation/none', as, body);
          expect([method, without(lost, id)]).toEqual([method, without(never, 'none')]);
        }
        expect((await send('PUT', `/Observation/${id}`, as, observation(id, 'new'))).status).toBe(403);
        expect((await send('GET', `/Observation/${id}/_history`, as)).status).toBe(404);
        expect((await send('GET', `/Observation/${id}`, 'everything')).status).toBe(500);
      },
    );
  });
});
