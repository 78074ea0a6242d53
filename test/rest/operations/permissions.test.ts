import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../../fhir/version.js';
import { principals, startTestServer, type TestServer } from '../../support/server.js';

const patient = principals['patient-1'];
if (patient === undefined) throw new Error('there is no patient');
const laboratory = { ...patient, groups: [], scopes: ['patient/Observation.rs?category=laboratory', 'user/Patient.u'] };

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ authorization: 'roles+smart', principals: { laboratory } });
});
afterAll(() => server.close());

interface Part {
  readonly name: string;
  readonly valueCode?: string;
  readonly valueString?: string;
}

describe.each(fhirVersions)('$permissions, %s', (version) => {
  const ask = async (as: string) => {
    const { status, json } = await server.send('GET', `/${version}/$permissions`, { as });
    const all = (json as unknown as { parameter?: (Part & { readonly part?: Part[] })[] }).parameter ?? [];
    const who = all.filter(({ part }) => part === undefined).map(({ name, valueString }) => [name, valueString]);
    const rules = all.flatMap(({ part }) => {
      if (part === undefined) return [];
      const of = (name: string) =>
        part.filter((each) => each.name === name).map(({ valueCode, valueString }) => valueCode ?? valueString);
      return [{ interaction: of('interaction')[0], types: of('type'), limits: of('limit') }];
    });
    return { status, who, rules };
  };

  test('says who one is by the token', async () => {
    const { who } = await ask('patient-1');
    expect(who).toEqual(
      expect.arrayContaining([
        ['username', 'patient'],
        ['group', 'patient'],
        ['scope', 'openid'],
        ['client', 'test'],
        ['fhirUser', 'Patient/p1'],
      ]),
    );
  });

  test('everything is open to a practitioner', async () => {
    const { rules } = await ask('practitioner');
    const types = server.servers[version].definitions.resourceTypes;
    for (const interaction of ['search', 'read', 'vread', 'history', 'create', 'update', 'patch', 'delete'])
      expect(rules).toContainEqual({ interaction, types, limits: [] });
    expect(rules).toContainEqual({ interaction: 'transaction', types: [], limits: [] });
    expect(rules.some(({ interaction }) => interaction === 'reindex')).toBe(false);
  });

  test('a patient may look at what is in their compartment, which is named, and change nothing', async () => {
    const { rules } = await ask('patient-1');
    const limited = rules.find(({ interaction, limits }) => interaction === 'read' && limits.length > 0);
    expect(limited?.limits).toEqual(['Patient/p1']);
    expect(limited?.types).toContain('Observation');
    const open = rules.find(({ interaction, limits }) => interaction === 'read' && limits.length === 0);
    expect(open?.types).toContain('Practitioner');
    expect(open?.types).not.toContain('Observation');
    expect(rules.some(({ interaction }) => interaction === 'create' || interaction === 'update')).toBe(false);
  });

  test('criteria of scopes are named beside the compartment', async () => {
    const { rules } = await ask('laboratory');
    expect(rules).toContainEqual({
      interaction: 'search',
      types: ['Observation'],
      limits: ['Patient/p1&category=laboratory'],
    });
  });

  test('an operator may make the index anew, and sees no type', async () => {
    const { rules } = await ask('operator');
    expect(rules.map(({ interaction }) => interaction)).toEqual(['batch', 'reindex']);
  });

  test('who is in no group is refused', async () => {
    expect((await ask('nobody')).status).toBe(403);
  });
});
