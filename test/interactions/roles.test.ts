import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { fhirVersions, type FhirVersion } from '../../fhir/version.js';
import { startTestServer, type TestServer } from '../support/server.js';

// Who may do what, written down here once more and by hand: the rules are compared with it, over HTTP.

const roles = ['practitioner', 'non-practitioner', 'auditor', 'patient-1', 'patient-2', 'nobody'] as const;
type Role = (typeof roles)[number];

/** Everything here but the Organization is about patient p1. */
const types = ['Patient', 'Observation', 'Coverage', 'AuditEvent', 'Organization'] as const;
type Type = (typeof types)[number];

const changed = { create: 201, update: 200, delete: 204 } as const;
type Interaction = 'read' | 'vread' | 'history' | 'search' | 'search by POST' | keyof typeof changed;

/** Whose eyes the resource is for: the role's by its type, or the patient's by its compartment. */
const seenBy: Readonly<Record<Role, readonly Type[]>> = {
  practitioner: types,
  'non-practitioner': ['Coverage'],
  auditor: ['Patient', 'AuditEvent'],
  'patient-1': types,
  'patient-2': ['Organization'],
  nobody: [],
};
const isPatient = (role: Role): boolean => role.startsWith('patient');

function expected(role: Role, interaction: Interaction, type: Type): number {
  if (interaction in changed) return role === 'practitioner' ? changed[interaction as keyof typeof changed] : 403;
  if (seenBy[role].includes(type)) return 200;
  // A patient may ask for every type, and is told of others' resources what is told of those that do not exist.
  if (!isPatient(role)) return 403;
  return interaction.startsWith('search') ? 200 : 404;
}

const about = { reference: 'Patient/p1' };
const id = (type: Type): string => (type === 'Patient' ? 'p1' : 'x1');

function resourceOf(version: FhirVersion, type: Type): object {
  const isR4 = version === 'r4';
  const content: Readonly<Record<Type, object>> = {
    Patient: {},
    Observation: { status: 'final', code: { text: 'x' }, subject: about },
    Coverage: { status: 'active', beneficiary: about, payor: [{ display: 'x' }] },
    AuditEvent: {
      type: { code: 'rest' },
      recorded: '2020-01-01T00:00:00Z',
      source: isR4 ? { observer: { display: 'x' } } : { identifier: { value: 'x' } },
      agent: [isR4 ? { requestor: true, who: about } : { requestor: true, reference: about }],
      entity: [isR4 ? { what: about } : { reference: about }],
    },
    Organization: { name: 'x' },
  };
  return { resourceType: type, id: id(type), ...content[type] };
}

/** Method and path below the base, and whether the resource goes along. */
const requests: Readonly<Record<Interaction, (type: Type) => readonly [string, string]>> = {
  read: (type) => ['GET', `${type}/${id(type)}`],
  vread: (type) => ['GET', `${type}/${id(type)}/_history/1`],
  history: (type) => ['GET', `${type}/${id(type)}/_history`],
  search: (type) => ['GET', `${type}?_id=${id(type)}`],
  'search by POST': (type) => ['POST', `${type}/_search`],
  create: (type) => ['POST', type],
  update: (type) => ['PUT', `${type}/${id(type)}`],
  delete: (type) => ['DELETE', `${type}/${id(type)}`],
};
const interactions = Object.keys(requests) as Interaction[];
const hasBody = (interaction: Interaction): boolean => interaction === 'create' || interaction === 'update';

describe.each(fhirVersions)('%s', (version) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    for (const type of types) {
      const body = resourceOf(version, type);
      const { status } = await server.send('PUT', `/${version}/${type}/${id(type)}`, { body });
      expect([200, 201]).toContain(status);
    }
  });

  const stateOf = async (type: Type): Promise<readonly unknown[]> => {
    const { json } = await server.send('GET', `/${version}/${type}/${id(type)}/_history?_count=1000`);
    const all = await server.send('GET', `/${version}/${type}?_summary=count`);
    return [json.total, json.entry.map(({ resource }) => resource?.meta.versionId), all.json.total];
  };

  describe.each(roles)('%s', (role) => {
    test.each(types)('and %s: may do by single requests what the role says, and no more', async (type) => {
      const before = await stateOf(type);
      for (const interaction of interactions) {
        const [method, path] = requests[interaction](type);
        const { status, json } = await server.send(method, `/${version}/${path}`, {
          as: role,
          ...(hasBody(interaction) ? { body: resourceOf(version, type) } : {}),
          ...(interaction === 'search by POST'
            ? { body: `_id=${id(type)}`, headers: { 'content-type': 'application/x-www-form-urlencoded' } }
            : {}),
        });
        expect([interaction, status]).toEqual([interaction, expected(role, interaction, type)]);
        if (interaction.startsWith('search') && status === 200) {
          expect(json.total).toBe(seenBy[role].includes(type) ? 1 : 0);
        }
      }
      if (role !== 'practitioner') expect(await stateOf(type)).toEqual(before);
    });

    test.each(types)('and %s: may do in a batch what single requests may', async (type) => {
      const before = await stateOf(type);
      const asked = interactions.filter((interaction) => interaction !== 'search by POST');
      for (const interaction of asked) {
        const [method, url] = requests[interaction](type);
        const resource = hasBody(interaction) ? { resource: resourceOf(version, type) } : {};
        const { status, json } = await server.send('POST', `/${version}`, {
          as: role,
          body: { resourceType: 'Bundle', type: 'batch', entry: [{ ...resource, request: { method, url } }] },
        });
        if (role === 'nobody') expect(status).toBe(403);
        else {
          const answered = Number.parseInt(json.entry[0]?.response?.status ?? '');
          expect([interaction, answered]).toEqual([interaction, expected(role, interaction, type)]);
        }
      }
      if (role !== 'practitioner') expect(await stateOf(type)).toEqual(before);
    });

    test('may post a transaction only as a practitioner, even one that only reads', async () => {
      const entry = [{ request: { method: 'GET', url: 'Organization/x1' } }];
      const body = { resourceType: 'Bundle', type: 'transaction', entry };
      const { status } = await server.send('POST', `/${version}`, { as: role, body });
      expect(status).toBe(role === 'practitioner' ? 200 : 403);
    });

    test('may read metadata', async () => {
      expect((await server.send('GET', `/${version}/metadata`, { as: role })).status).toBe(200);
    });
  });
});
