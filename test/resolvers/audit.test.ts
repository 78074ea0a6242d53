import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { storedAuditLog } from '../../interactions/audit.js';
import { searchType } from '../../interactions/search-type.js';
import { callerOf } from '../support/server.js';
import { type GraphqlServer, startGraphqlServer } from './graphql-server.js';

// What GraphQL on AppSync does is recorded as what REST does; resolvers leave what they could answer alone to the Lambda.

interface AuditEventJson {
  readonly id: string;
  readonly outcome: string;
  readonly subtype: readonly { readonly code: string }[];
  readonly agent: readonly { readonly name: string }[];
  readonly entity?: readonly {
    readonly what?: { readonly reference: string };
    readonly type?: { readonly code: string };
  }[];
}

describe('the audit trail of GraphQL', () => {
  let graphql: GraphqlServer;
  const unrecorded: unknown[] = [];
  beforeAll(async () => {
    graphql = await startGraphqlServer('r4', {}, undefined, undefined, { AUTHORIZATION: 'roles', AUDIT: 'on' });
    const put = (type: string, id: string, res: object) =>
      graphql.execute(`mutation($res: ${type}_Input!) { ${type}Update(id: "${id}", res: $res) { location } }`, { res });
    await put('Patient', 'p1', { name: [{ family: 'Secretson' }] });
    await put('Patient', 'other', {});
    await put('Observation', 'o1', { status: 'final', code: { text: 'x' }, subject: { reference: 'Patient/p1' } });
    Object.assign(graphql.server, { audit: storedAuditLog(graphql.server, (error) => unrecorded.push(error)) });
  });
  afterAll(async () => {
    await graphql.close();
    expect(unrecorded).toEqual([]);
  });

  const events = async (): Promise<AuditEventJson[]> => {
    const query = {
      parameters: [
        ['_sort', '_lastUpdated'],
        ['_count', '1000'],
      ] as const,
      handling: 'strict' as const,
    };
    const { matches } = await searchType(graphql.server, callerOf('auditor'), { type: 'AuditEvent', ...query });
    return matches.map(({ body }) => JSON.parse(body) as AuditEventJson);
  };

  test.each<readonly [string, string, readonly string[]]>([
    ['{ Patient(id: "p1") { id } }', 'practitioner', ['read Patient/p1: 0']],
    ['{ Patient(id: "other") { id } }', 'patient', ['read Patient/other: 4']],
    ['{ Observation(id: "o1") { id } }', 'auditor', ['read Observation/o1 Patient/p1: 4']],
    ['{ PatientList(family: "Secretson") { id } }', 'practitioner', ['search-type Patient: 0']],
    [
      '{ Observation(id: "o1") { subject { resource { ... on Patient { id } } } } }',
      'practitioner',
      ['read Observation/o1 Patient/p1: 0', 'read Patient/p1: 0'],
    ],
    [
      '{ Patient(id: "p1") { ObservationList(_reference: subject) { id } } }',
      'practitioner',
      ['read Patient/p1: 0', 'search-type Patient/p1 Observation: 0'],
    ],
    ['mutation { ObservationDelete(id: "none") { location } }', 'practitioner', ['delete Observation/none: 0']],
    ['mutation { PatientDelete(id: "p1") { location } }', 'auditor', ['delete Patient/p1: 4']],
  ])('tells of %s by %s', async (query, as, expected) => {
    const before = new Set((await events()).map(({ id }) => id));
    await graphql.execute(query, {}, as);
    const recorded = (await events()).filter(({ id }) => !before.has(id));
    expect(
      recorded.map(({ subtype, entity = [], outcome }) => {
        const names = entity.map(({ what, type }) => what?.reference ?? type?.code ?? '');
        return `${subtype[0]?.code ?? ''} ${names.join(' ')}: ${outcome}`;
      }),
    ).toEqual(expected);
    expect(recorded.every(({ agent }) => agent[0]?.name === as)).toBe(true);
    expect(JSON.stringify(recorded)).not.toContain('Secretson');
  });

  test('tells of a create what was made', async () => {
    const answer = await graphql.execute('mutation { PatientCreate(res: { active: true }) { resource { id } } }');
    const made = (answer.data as { PatientCreate: { resource: { id: string } } }).PatientCreate.resource.id;
    const last = (await events()).at(-1);
    expect([last?.subtype[0]?.code, last?.entity?.map(({ what }) => what?.reference)]).toEqual([
      'create',
      [`Patient/${made}`],
    ]);
  });
});
