/* eslint-disable @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-call -- tests look into answers freely */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../fhir/version.js';
import { type GraphqlServer, startGraphqlServer } from './graphql-server.js';

describe.each(fhirVersions)('what a patient sees by GraphQL of %s', (version) => {
  let graphql: GraphqlServer;
  const put = async (type: string, id: string, res: Record<string, unknown>): Promise<void> => {
    const query = `mutation($id: ID!, $res: ${type}_Input!) { ${type}Update(id: $id, res: $res) { location } }`;
    const { errors } = await graphql.execute(query, { id, res });
    expect(errors).toEqual([]);
  };
  const observation = (subject: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
    status: 'final',
    code: { text: 'x' },
    subject: { reference: subject },
    performer: [{ reference: 'Practitioner/gp' }],
    ...more,
  });

  beforeAll(async () => {
    graphql = await startGraphqlServer(version);
    const gp = { generalPractitioner: [{ reference: 'Practitioner/gp' }] };
    await put('Practitioner', 'gp', { active: true });
    await put('Patient', 'p1', gp);
    await put('Patient', 'other', gp);
    await put('Observation', 'mine', observation('Patient/p1'));
    await put('Observation', 'others', observation('Patient/other'));
    // Once the patient's, by mistake; and once another's.
    await put('Observation', 'went', observation('Patient/p1'));
    await put('Observation', 'went', observation('Patient/other'));
    await put('Observation', 'came', observation('Patient/other'));
    await put('Observation', 'came', observation('Patient/p1'));
    const items = ['others', 'nowhere', 'went', 'others/_history/1', 'went/_history/1', 'came/_history/1', 'mine'];
    await put('List', 'mixed', {
      status: 'current',
      mode: 'working',
      subject: { reference: 'Patient/p1' },
      entry: items.map((item) => ({ item: { reference: `Observation/${item}` } })),
    });
  });
  afterAll(async () => {
    expect(graphql.failures).toEqual([]);
    await graphql.close();
  });

  test('is not where a reference leads to another patient, as if nothing were there', async () => {
    const query = '{ List(id: "mixed") { entry { item { reference resource { id } } } } }';
    const { data, errors } = await graphql.execute(query, {}, 'patient');
    const items: { reference: string; resource: unknown }[] = data.List.entry.map(
      ({ item }: { item: { reference: string; resource: unknown } }) => item,
    );
    expect(items.map(({ resource }) => resource)).toEqual([null, null, null, null, null, null, { id: 'mine' }]);
    // Nothing tells what is there from what is not: the message is the same but for the reference itself.
    expect(errors.map(({ message }) => message)).toEqual(
      items.slice(0, 6).map(({ reference }) => `The target of ${reference} is not known`),
    );
    expect(new Set(errors.map(({ errorType, errorInfo }) => JSON.stringify([errorType, errorInfo?.status]))).size).toBe(
      1,
    );
  });

  test('is their own part of what refers to a practitioner everybody may see', async () => {
    const query = `{ Practitioner(id: "gp") {
      PatientList(_reference: general_practitioner) { id }
      PatientConnection(_reference: general_practitioner) { count edges { resource { id } } }
      ObservationList(_reference: performer) { id }
      ObservationConnection(_reference: performer, _count: 1) { count next edges { resource { id } } }
    } }`;
    const { data, errors } = await graphql.execute(query, {}, 'patient');
    expect(errors).toEqual([]);
    const { PatientList, PatientConnection, ObservationList, ObservationConnection } = data.Practitioner;
    expect(PatientList).toEqual([{ id: 'p1' }]);
    expect(PatientConnection).toEqual({ count: 1, edges: [{ resource: { id: 'p1' } }] });
    expect(ObservationList.map(({ id }: { id: string }) => id).sort()).toEqual(['came', 'mine']);
    expect(ObservationConnection.count).toBe(2);
    const rest = 'query($next: String) { ObservationConnection(_cursor: $next) { next edges { resource { id } } } }';
    const page = await graphql.execute(rest, { next: ObservationConnection.next }, 'patient');
    expect(page.data.ObservationConnection).toMatchObject({ next: null, edges: [{ resource: {} }] });
  });

  test('is nothing by the cursor of somebody else, of another type, or one that was changed', async () => {
    const started = await graphql.execute('{ ObservationConnection(_count: 1) { first next last } }');
    const { first, next, last } = started.data.ObservationConnection as Record<string, string>;
    const own = await graphql.execute('{ ObservationConnection(_count: 1) { next } }', {}, 'patient');
    const ownNext = String(own.data.ObservationConnection.next);
    const page = (type: string): string => `query($it: String) { ${type}Connection(_cursor: $it) { count } }`;
    const given = [first, next, last].map((it) => ['Observation', it] as const);
    const wrong = [['List', ownNext] as const, ['Observation', `${ownNext}A`] as const, ['Observation', ''] as const];
    for (const [type, it] of [...given, ...wrong]) {
      const { data, errors } = await graphql.execute(page(type), { it }, 'patient');
      expect(data).toEqual({ [`${type}Connection`]: null });
      expect(errors[0]?.errorInfo?.status).toBe(400);
    }
    expect((await graphql.execute(page('Observation'), { it: ownNext }, 'patient')).errors).toEqual([]);
  });

  test.each(['p1', 'other', 'nowhere'])('does not show in how a mutation of Patient %s is refused', async (id) => {
    const query = `mutation { u: PatientUpdate(id: "${id}", res: {}) { location } v: PatientUpdate(id: "${id}", res: {}, versionId: "1") { location }
      d: PatientDelete(id: "${id}") { location information { issue { diagnostics } } } }`;
    const { data, errors } = await graphql.execute(query, {}, 'patient');
    expect(data).toEqual({ u: null, v: null, d: null });
    expect(errors.map(({ message }) => message)).toEqual([
      'patient (patient) may not update Patient',
      'patient (patient) may not update Patient',
      'patient (patient) may not delete Patient',
    ]);
  });
});
