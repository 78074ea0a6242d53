/* eslint-disable @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-argument -- tests look into answers freely */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { issueCode, staleStatus } from '../support/server.js';
import { fhirVersions } from '../../fhir/version.js';
import { startGraphqlServer, type Answer, type GraphqlServer } from './graphql-server.js';

describe.each(fhirVersions)('GraphQL of %s', (version) => {
  let graphql: GraphqlServer;
  beforeAll(async () => {
    graphql = await startGraphqlServer(version);
  });
  afterAll(async () => {
    expect(graphql.failures).toEqual([]);
    await graphql.close();
  });
  beforeEach(() => {
    graphql.invocations.length = 0;
  });

  const put = async (type: string, id: string, res: Record<string, unknown>): Promise<void> => {
    const query = `mutation($id: ID!, $res: ${type}_Input!) { it: ${type}Update(id: $id, res: $res) { location } }`;
    const { errors } = await graphql.execute(query, { id, res });
    expect(errors).toEqual([]);
  };
  const data = async (query: string, variables?: Record<string, unknown>, as?: string): Promise<Answer['data']> => {
    const answer = await graphql.execute(query, variables, as);
    expect(answer.errors).toEqual([]);
    return answer.data;
  };
  const failure = async (query: string, as?: string): Promise<Answer['errors'][number] & { data: unknown }> => {
    const answer = await graphql.execute(query, {}, as);
    expect(answer.errors).toHaveLength(1);
    const [error] = answer.errors;
    if (error === undefined) throw new Error('there is no error');
    return { ...error, data: answer.data };
  };
  const observation = (
    subject: string,
    value: string,
    more: Record<string, unknown> = {},
  ): Record<string, unknown> => ({
    status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code: '8302-2' }] },
    subject: { reference: subject },
    valueQuantity: { value, unit: 'cm' },
    ...more,
  });

  describe('reads', () => {
    beforeAll(async () => {
      await put('Patient', 'p1', {
        active: true,
        birthDate: '1970-03',
        name: [{ family: 'Chalmers', given: ['Peter', 'James'] }],
      });
      await put('Patient', 'p2', { name: [{ family: 'Windsor' }] });
      await put('Observation', 'o1', observation('Patient/p1', '185.50'));
      await put('Observation', 'o2', observation('Patient/p2', '170'));
      await put('List', 'l1', { status: 'current', mode: 'working', title: 'Problems' });
    });
    test('aliases, fragments and selections behind each other show what is stored', async () => {
      const query = `{
        PatientList(_id: "p1") { gender: birthDate ...Active ... on Patient { name { given } } ... { id } }
        ObservationConnection(_id: "o1") { page: edges { it: resource { ...Subject } } edges { resource { status } } }
        Patient(id: "p1") { ObservationList(_reference: subject) { value: valueQuantity { value } subject { resource {
          ... on Patient { birthDate: active ObservationList(_reference: subject) { id } } } } } }
      }
      fragment Active on Patient { active }
      fragment Subject on Observation { subject { resource { ... on Patient { family: name { family } } ... on Group { name } } } }`;
      expect(await data(query)).toEqual({
        PatientList: [{ gender: '1970-03', active: true, name: [{ given: ['Peter', 'James'] }], id: 'p1' }],
        ObservationConnection: {
          page: [{ it: { subject: { resource: { family: [{ family: 'Chalmers' }] } } } }],
          edges: [{ resource: { status: 'final' } }],
        },
        Patient: {
          ObservationList: [
            {
              value: { value: '185.50' },
              subject: { resource: { birthDate: true, ObservationList: [{ id: 'o1' }] } },
            },
          ],
        },
      });
    });
    test('what is not selected does not come from the Lambda', async () => {
      const members = await graphql.answered('{ PatientList(_id: "p1") { birthDate } }');
      expect(members).toEqual([{ resourceType: 'Patient', id: 'p1', birthDate: '1970-03', __typename: 'Patient' }]);
    });

    test('come from the item itself, without the Lambda, decimals with their digits', async () => {
      const read = await data(
        '{ Observation(id: "o1") { resourceType id meta { versionId } valueQuantity { value unit } } }',
      );
      expect(read.Observation).toMatchObject({
        resourceType: 'Observation',
        id: 'o1',
        meta: { versionId: '1' },
        valueQuantity: { value: '185.50', unit: 'cm' },
      });
      expect(graphql.invocations).toEqual([]);
    });

    test('are served by one code for every type, a type named List included', async () => {
      const read = await data('{ List(id: "l1") { title } Patient(id: "p1") { birthDate name { given } } }');
      expect(read).toEqual({
        List: { title: 'Problems' },
        Patient: { birthDate: '1970-03', name: [{ given: ['Peter', 'James'] }] },
      });
    });

    test('of an id nobody knows are an error with an OperationOutcome', async () => {
      const error = await failure('{ Patient(id: "nobody") { id } }');
      expect(error).toMatchObject({
        data: { Patient: null },
        path: ['Patient'],
        errorType: 'not-found',
        errorInfo: {
          status: 404,
          resource: { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'not-found' }] },
        },
      });
    });

    test.each(['', 'a b', 'p1#current', '-#Patient#p1', 'x'.repeat(3000)])(
      'of the id %j are no key: not found',
      async (id) => {
        const answer = await graphql.execute('query($id: ID!) { Patient(id: $id) { id } }', { id });
        expect(answer.errors[0]).toMatchObject({ errorType: 'not-found' });
      },
    );

    test('of what the role may not read are refused', async () => {
      expect(await failure('{ Observation(id: "o1") { id } }', 'auditor')).toMatchObject({
        errorType: 'forbidden',
        errorInfo: { status: 403 },
        data: { Observation: null },
      });
    });

    test.each(['nobody', 'wrong scope'])('by %s are refused', async (as) => {
      expect(await failure('{ Patient(id: "p1") { id } }', as)).toMatchObject({ errorType: 'forbidden' });
    });

    test('by who did not sign in with the user pool are refused', async () => {
      expect(await failure('{ Patient(id: "p1") { id } }', 'iam')).toMatchObject({
        errorType: 'login',
        errorInfo: { status: 401 },
      });
    });

    test("by a patient reach their own compartment, through the Lambda, and nobody else's", async () => {
      const own = await data('{ Patient(id: "p1") { id } Observation(id: "o1") { id } }', {}, 'patient');
      expect(own).toEqual({ Patient: { id: 'p1' }, Observation: { id: 'o1' } });
      expect(graphql.invocations).toHaveLength(2);
      expect(await failure('{ Patient(id: "p2") { id } }', 'patient')).toMatchObject({ errorType: 'not-found' });
      expect(await failure('{ Observation(id: "o2") { id } }', 'patient')).toMatchObject({ errorType: 'not-found' });
    });

    test('of a long body are left to the Lambda, which has no limit of steps', async () => {
      await put('Patient', 'long', {
        name: Array.from({ length: 8_000 }, (_, at) => ({ given: ['', String(at)].slice(1) })),
      });
      const read = await data('{ Patient(id: "long") { name { given } } }');
      expect(read.Patient.name).toHaveLength(8_000);
      expect(graphql.invocations.at(-1)).toMatchObject({ interaction: 'read', id: 'long' });
    });
  });

  describe('contained resources', () => {
    beforeAll(async () => {
      const author = { resourceType: 'Practitioner', id: 'a', name: [{ family: 'Careful' }] };
      const quantity = {
        resourceType: 'Observation',
        id: 'q',
        status: 'final',
        code: { text: 'height' },
        valueQuantity: { value: '1.80' },
      };
      await put('Patient', 'with-contained', {
        contained: [JSON.stringify(author), JSON.stringify(quantity)],
        generalPractitioner: [{ reference: '#a' }, { reference: '#missing' }],
      });
    });

    test('name their types, so that fragments select them, and keep their decimals', async () => {
      const read = await data(
        '{ Patient(id: "with-contained") { contained { __typename id ... on Practitioner { name { family } } ... on Observation { valueQuantity { value } } } } }',
      );
      expect(read.Patient.contained).toEqual([
        { __typename: 'Practitioner', id: 'a', name: [{ family: 'Careful' }] },
        { __typename: 'Observation', id: 'q', valueQuantity: { value: '1.80' } },
      ]);
      const stored = await graphql.server.store.read({ type: 'Patient', id: 'with-contained' });
      expect(stored?.body).toContain('"value":1.80');
    });

    test('are what references into the resource resolve to', async () => {
      const read = await data(
        '{ Patient(id: "with-contained") { generalPractitioner { reference resource(optional: true) { id ... on Practitioner { name { family } } } } } }',
      );
      expect(read.Patient.generalPractitioner).toEqual([
        { reference: '#a', resource: { id: 'a', name: [{ family: 'Careful' }] } },
        { reference: '#missing', resource: null },
      ]);
    });

    test('may be missing where a resource refers to itself', async () => {
      await put('Patient', 'itself', { active: true, link: [{ other: { reference: '#' }, type: 'seealso' }] });
      for (const as of ['practitioner', 'patient-itself']) {
        const read = await data('{ Patient(id: "itself") { link { other { resource { id } } } } }', {}, as);
        expect(read.Patient.link).toEqual([{ other: { resource: { id: 'itself' } } }]);
      }
    });

    test('that are no JSON are refused with their place', async () => {
      const query = 'mutation($res: Patient_Input!) { PatientCreate(res: $res) { location } }';
      const { errors } = await graphql.execute(query, { res: { contained: ['{"resourceType":'] } });
      expect(errors).toHaveLength(1);
    });
  });

  describe('references', () => {
    beforeAll(async () => {
      await put('Patient', 'r1', { active: true });
      for (const id of ['a', 'b', 'c'])
        await put('Observation', `ref-${id}`, observation('Patient/r1', '1', { effectiveDateTime: '2001' }));
      await put('Observation', 'ref-missing', observation('Patient/never-there', '1'));
    });

    test('of one level are resolved by one invocation', async () => {
      const read = await data(
        '{ ObservationList(subject: "Patient/r1", _sort: "_id") { id subject { reference resource { ... on Patient { id active } } } } }',
      );
      expect(read.ObservationList).toHaveLength(3);
      expect(read.ObservationList[2].subject).toEqual({
        reference: 'Patient/r1',
        resource: { id: 'r1', active: true },
      });
      expect(graphql.invocations).toHaveLength(2);
      expect(graphql.invocations[1]).toHaveLength(3);
    });

    test('that lead nowhere are an error, or null when they are optional', async () => {
      const error = await failure('{ Observation(id: "ref-missing") { subject { resource { id } } } }');
      expect(error).toMatchObject({
        errorType: 'not-found',
        path: ['Observation', 'subject', 'resource'],
        data: { Observation: { subject: { resource: null } } },
      });
      const read = await data('{ Observation(id: "ref-missing") { subject { resource(optional: true) { id } } } }');
      expect(read.Observation.subject.resource).toBeNull();
    });

    test('are only followed to the type that is wanted', async () => {
      const read = await data(
        '{ Observation(id: "ref-a") { subject { p: resource(type: Patient) { id } g: resource(type: Group) { id } } } }',
      );
      expect(read.Observation.subject).toEqual({ p: { id: 'r1' }, g: null });
    });

    test('do not lead into what the caller may not see', async () => {
      await put('Observation', 'of-p1', observation('Patient/p1', '1', { performer: [{ reference: 'Patient/r1' }] }));
      const answer = await graphql.execute(
        '{ Observation(id: "of-p1") { performer { resource { id } } } }',
        {},
        'patient',
      );
      expect(answer.data.Observation.performer).toEqual([{ resource: null }]);
      expect(answer.errors).toMatchObject([{ errorType: 'not-found' }]);
    });

    test("to a version give that version, and by the server's own URL the resource", async () => {
      await put('Patient', 'r1', { active: false });
      const versioned = { reference: 'Patient/r1/_history/1' };
      const absolute = { reference: `http://localhost/${version}/Patient/r1` };
      const foreign = { reference: 'http://example.org/Patient/r1' };
      await put(
        'Observation',
        'ref-kinds',
        observation('Patient/r1', '1', { performer: [versioned, absolute, foreign, { display: 'x' }] }),
      );
      const read = await data(
        '{ Observation(id: "ref-kinds") { performer { resource(optional: true) { ... on Patient { active } } } } }',
      );
      expect(read.Observation.performer).toEqual([
        { resource: { active: true } },
        { resource: { active: false } },
        { resource: null },
        { resource: null },
      ]);
    });
  });

  describe('searches', () => {
    beforeAll(async () => {
      const given = ['Ann', 'Bob', 'Cy', 'Dee', 'Eve'];
      for (const [at, name] of given.entries()) {
        await put('Patient', `s${String(at)}`, {
          name: [{ family: 'Searched', given: [name] }],
          gender: at % 2 === 0 ? 'female' : 'male',
          address: [{ city: at < 3 ? 'Ulm' : 'Bern' }],
        });
      }
    });

    test('take one string or several, which must all hold; a comma means or', async () => {
      const read = await data(`{
        one: PatientList(family: "Searched", gender: "male", _sort: "given") { name { given } }
        all: PatientList(family: "Searched", given: ["A", "Ann"]) { name { given } }
        none: PatientList(family: "Searched", given: ["Ann", "Bob"]) { name { given } }
        or: PatientList(family: "Searched", given: "Ann,Bob", _sort: "-given") { name { given } }
        dash: PatientList(family: "Searched", address_city: "Bern", _sort: "given") { name { given } }
      }`);
      const names = (list: { name: { given: string[] }[] }[]): unknown[] => list.map(({ name }) => name[0]?.given[0]);
      expect(names(read.one)).toEqual(['Bob', 'Dee']);
      expect(names(read.all)).toEqual(['Ann']);
      expect(names(read.none)).toEqual([]);
      expect(names(read.or)).toEqual(['Bob', 'Ann']);
      expect(names(read.dash)).toEqual(['Dee', 'Eve']);
    });

    test('of a list without _count give everything, with it the part asked for', async () => {
      const read = await data(`{
        all: PatientList(family: "Searched") { id }
        some: PatientList(family: "Searched", _count: 2, _offset: 1, _sort: "given") { id }
        none: PatientList(family: "Searched", _count: 0) { id }
      }`);
      expect(read.all).toHaveLength(5);
      expect(read.some).toEqual([{ id: 's1' }, { id: 's2' }]);
      expect(read.none).toEqual([]);
    });

    test('of a connection page by cursors in both directions, with the number of all matches', async () => {
      const page = (more: string): string =>
        `{ it: PatientConnection(${more}) { count offset pagesize first previous next last edges { mode score resource { id } } } }`;
      const ids = (it: { edges: { resource: { id: string } }[] }): string[] =>
        it.edges.map(({ resource }) => resource.id);
      const first = (await data(page('family: "Searched", _count: 2, _sort: "given"'))).it;
      expect(first).toMatchObject({ count: 5, offset: 0, pagesize: 2, previous: null });
      expect(first.edges[0]).toEqual({ mode: 'match', score: null, resource: { id: 's0' } });
      const second = (await data(page(`_cursor: "${String(first.next)}"`))).it;
      expect(ids(second)).toEqual(['s2', 's3']);
      expect(second).toMatchObject({ count: 5, offset: 2, pagesize: 2 });
      const third = (await data(page(`_cursor: "${String(second.next)}"`))).it;
      expect(ids(third)).toEqual(['s4']);
      expect(third.next).toBeNull();
      expect(ids((await data(page(`_cursor: "${String(third.previous)}"`))).it)).toEqual(['s2', 's3']);
      expect(ids((await data(page(`_cursor: "${String(second.first)}"`))).it)).toEqual(['s0', 's1']);
    });

    test('of connection pages by one query with a cursor variable: the same search may stand beside the cursor', async () => {
      const query = (count: number, cursor: string): string =>
        `{ it: PatientConnection(_sort: "given", family: "Searched", _count: ${String(count)}, _cursor: ${cursor}) { count pagesize next edges { resource { id } } } }`;
      const seen: string[] = [];
      let cursor = 'null';
      for (const count of [2, 2, 1]) {
        const { it } = await data(query(count, cursor));
        expect(it).toMatchObject({ count: 5, pagesize: count });
        seen.push(...(it.edges as { resource: { id: string } }[]).map(({ resource }) => resource.id));
        cursor = JSON.stringify(it.next);
      }
      expect(seen).toEqual(['s0', 's1', 's2', 's3', 's4']);
      expect(cursor).toBe('null');
    });

    test('refuse a cursor beside another search, and beside an offset', async () => {
      const { it } = await data('{ it: PatientConnection(family: "Searched", _count: 2) { next } }');
      const next = JSON.stringify(it.next);
      for (const other of ['family: "Other"', 'family: "Searched", given: "x"', '_sort: "family"', '_offset: 1']) {
        const error = await failure(`{ PatientConnection(_cursor: ${next}, ${other}) { count } }`);
        expect(error.errorInfo?.status).toBe(400);
      }
    });

    test.each([
      ['an empty list, which would widen the search', '{ PatientList(family: []) { id } }'],
      ['a null in a list', '{ PatientList(family: ["Searched", null]) { id } }'],
      ['a negative _count', '{ PatientList(_count: -1) { id } }'],
      ['a date that is none', '{ PatientList(birthdate: "yesterday") { id } }'],
      ['a _sort by what is no parameter', '{ PatientList(_sort: "shoe-size") { id } }'],
      ['a cursor nobody gave', '{ PatientConnection(_cursor: "abc") { count } }'],
    ])('refuse %s', async (_, query) => {
      const error = await failure(query);
      expect(error.errorInfo?.status).toBeGreaterThanOrEqual(400);
      expect(error.errorInfo?.status).toBeLessThan(500);
      expect(error.errorInfo?.resource.issue).not.toHaveLength(0);
    });

    test('refuse arguments that are no search parameters: GraphQL validates them', async () => {
      const { data: nothing, errors } = await graphql.execute('{ PatientList(shoe_size: "42") { id } }');
      expect(nothing).toBeNull();
      expect(errors[0]?.message).toContain('shoe_size');
    });

    test('show a caller only what they may see', async () => {
      expect(await data('{ PatientList { id } PatientConnection { count } }', {}, 'patient')).toEqual({
        PatientList: [{ id: 'p1' }],
        PatientConnection: { count: 1 },
      });
      expect(await failure('{ ObservationList { id } }', 'auditor')).toMatchObject({ errorType: 'forbidden' });
    });
  });

  describe('reverse lists', () => {
    beforeAll(async () => {
      await put('Patient', 'v1', {});
      await put('Patient', 'v2', {});
      for (const at of [1, 2, 3]) await put('Observation', `v1-${String(at)}`, observation('Patient/v1', String(at)));
      await put('Observation', 'v2-1', observation('Patient/v2', '9'));
      await put('List', 'v1-list', { status: 'current', mode: 'working', subject: { reference: 'Patient/v1' } });
    });

    test('hold what refers to the resource by the parameter named', async () => {
      const read = await data(`{ Patient(id: "v1") {
        ObservationList(_reference: subject, _sort: "_id") { id }
        heavy: ObservationList(_reference: patient, code: "http://loinc.org|8302-2", _count: 1) { id }
        ObservationConnection(_reference: subject, _count: 2) { count next edges { resource { id } } }
        performed: ObservationList(_reference: performer) { id }
        ListList(_reference: subject) { id }
      } }`);
      expect(read.Patient.ObservationList).toEqual([{ id: 'v1-1' }, { id: 'v1-2' }, { id: 'v1-3' }]);
      expect(read.Patient.heavy).toHaveLength(1);
      expect(read.Patient.ObservationConnection).toMatchObject({ count: 3 });
      expect(read.Patient.performed).toEqual([]);
      expect(read.Patient.ListList).toEqual([{ id: 'v1-list' }]);
      const next = String(read.Patient.ObservationConnection.next);
      const rest = await data(`{ ObservationConnection(_cursor: "${next}") { edges { resource { id } } } }`);
      expect(rest.ObservationConnection.edges).toHaveLength(1);
    });

    test('work where the id was not selected, and need the parameter', async () => {
      const { errors } = await graphql.execute('{ Patient(id: "v1") { ObservationList { id } } }');
      expect(errors[0]?.message).toContain('_reference');
      const read = await data('{ PatientList(_id: "v2") { ObservationList(_reference: subject) { id } } }');
      expect(read.PatientList).toEqual([{ ObservationList: [{ id: 'v2-1' }] }]);
    });
  });

  describe('reverse lists of a resource inside another one', () => {
    const inside = '... on Patient { id ObservationList(_reference: subject) { id } }';
    beforeAll(async () => {
      const patient = JSON.stringify({ resourceType: 'Patient', id: 'v1' });
      await put('Observation', 'holds-v1', {
        ...observation('#v1', '1'),
        contained: [patient],
      });
      await put('Bundle', 'holds-v1', { type: 'collection', entry: [{ resource: patient }] });
    });

    test.each([
      ['contained', `{ it: Observation(id: "holds-v1") { contained { ${inside} } } }`],
      ['referred to', `{ it: Observation(id: "holds-v1") { subject { resource { ${inside} } } } }`],
      ['in a bundle', `{ it: Bundle(id: "holds-v1") { entry { resource { ${inside} } } } }`],
    ])('do not hold what refers to the stored one of the same id: %s', async (_, query) => {
      const answer = await graphql.execute(query);
      expect(answer.errors).toMatchObject([{ errorType: 'not-found' }]);
      expect(JSON.stringify(answer.data)).toContain('{"id":"v1","ObservationList":null}');
    });
  });

  describe('mutations', () => {
    test('create, update and delete, and say where the resource is and what was done', async () => {
      const created = await data(
        'mutation($res: Patient_Input!) { PatientCreate(res: $res) { location resource { id active } information { issue { severity code diagnostics } } } }',
        { res: { resourceType: 'Patient', id: 'not-mine', active: true, gender: null } },
      );
      const { id } = created.PatientCreate.resource;
      expect(id).not.toBe('not-mine');
      expect(created.PatientCreate.location).toBe(`http://localhost/${version}/Patient/${String(id)}/_history/1`);
      expect(created.PatientCreate.information.issue).toMatchObject([
        { severity: 'information', code: 'informational' },
      ]);

      const updated = await data(
        'mutation($id: ID!) { PatientUpdate(id: $id, versionId: "1", res: { active: false }) { location resource { id active meta { versionId } } } }',
        { id },
      );
      expect(updated.PatientUpdate.resource).toEqual({ id, active: false, meta: { versionId: '2' } });

      const deleted = await data(
        'mutation($id: ID!) { PatientDelete(id: $id, versionId: "2") { location resource { id } information { issue { diagnostics } } } }',
        { id },
      );
      expect(deleted.PatientDelete).toMatchObject({ location: expect.stringMatching(/_history\/3$/), resource: null });
      expect(await failure(`{ Patient(id: "${String(id)}") { id } }`)).toMatchObject({
        errorType: issueCode(version, 'deleted'),
        errorInfo: { status: 410, resource: { issue: [{ code: issueCode(version, 'deleted') }] } },
      });
    });

    test('keep the digits of decimals, given as text; a JSON number will do as well', async () => {
      await put('Observation', 'number', { ...observation('Patient/x', '1'), valueQuantity: { value: 0.5 } });
      expect((await graphql.server.store.read({ type: 'Observation', id: 'number' }))?.body).toContain('"value":0.5}');
      await put('Observation', 'digits', observation('Patient/x', '0.10'));
      const stored = await graphql.server.store.read({ type: 'Observation', id: 'digits' });
      expect(stored?.body).toContain('"value":0.10,');
    });

    test.each([
      [
        'a version that is not the current one',
        staleStatus[version],
        '{ PatientUpdate(id: "p1", versionId: "77", res: {}) { location } }',
      ],
      [
        'to delete a version that is not the current one',
        staleStatus[version],
        '{ PatientDelete(id: "p1", versionId: "77") { location } }',
      ],
      [
        'to delete a version of what is not there',
        staleStatus[version],
        '{ PatientDelete(id: "none", versionId: "1") { location } }',
      ],
      ['to delete by a versionId that is none', 400, '{ PatientDelete(id: "p1", versionId: "x") { location } }'],
      ['a versionId that is none', 400, '{ PatientUpdate(id: "p1", versionId: "x", res: {}) { location } }'],
      [
        'an id that is another one than the argument',
        400,
        '{ PatientUpdate(id: "p1", res: { id: "p2" }) { location } }',
      ],
      ['a resourceType that is another one', 400, '{ PatientCreate(res: { resourceType: "Group" }) { location } }'],
      ['a code that does not exist', 422, '{ PatientCreate(res: { gender: "green" }) { location } }'],
      ['a date that is none', 422, '{ PatientCreate(res: { birthDate: "soon" }) { location } }'],
      [
        'a decimal that is none',
        422,
        '{ ObservationCreate(res: { status: "final", code: { text: "x" }, valueQuantity: { value: "many" } }) { location } }',
      ],
    ])('refuse %s', async (_, status, selection) => {
      const error = await failure(`mutation ${selection}`);
      expect(error.errorInfo).toMatchObject({ status, resource: { issue: [{ severity: 'error' }] } });
    });

    test('name the place of what is wrong', async () => {
      const error = await failure(
        'mutation { PatientCreate(res: { name: [{ family: "x" }, { use: "wrong" }] }) { location } }',
      );
      expect(error.errorInfo?.resource.issue[0]?.expression).toEqual(['Patient.name[1].use']);
    });

    test('that are refused delete nothing', async () => {
      await failure('mutation { PatientDelete(id: "p1", versionId: "77") { location } }');
      expect((await data('{ Patient(id: "p1") { id } }')).Patient.id).toBe('p1');
    });

    test('name the argument that a stale version stands in', async () => {
      const error = await failure('mutation { u: PatientUpdate(id: "p1", versionId: "77", res: {}) { location } }');
      expect(error.errorInfo?.resource.issue[0]?.expression).toEqual(['Mutation.PatientUpdate(versionId)']);
      const deleting = await failure('mutation { PatientDelete(id: "p1", versionId: "77") { location } }');
      expect(deleting.errorInfo?.resource.issue[0]?.expression).toEqual(['Mutation.PatientDelete(versionId)']);
    });

    test('are refused by role', async () => {
      for (const as of ['auditor', 'patient', 'nobody']) {
        expect(await failure('mutation { PatientCreate(res: {}) { location } }', as)).toMatchObject({
          errorType: 'forbidden',
        });
        expect(await failure('mutation { PatientDelete(id: "p1") { location } }', as)).toMatchObject({
          errorType: 'forbidden',
        });
      }
    });
  });
});
