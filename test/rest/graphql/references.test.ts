import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../../fhir/version.js';
import { ask, dataOf, mistakesOf } from '../../support/graphql.js';
import { startTestServer, type TestServer } from '../../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

interface Some {
  readonly resourceType: string;
  readonly id: string;
  readonly [element: string]: unknown;
}

describe.each(fhirVersions)('references, %s', (version) => {
  const put = async (body: Some): Promise<void> => {
    const { status, text } = await server.send('PUT', `/${version}/${body.resourceType}/${body.id}`, { body });
    if (status > 201) throw new Error(text);
  };
  const observation = (id: string, subject: object | undefined, more: object = {}): Some => ({
    resourceType: 'Observation',
    id,
    status: 'final',
    code: { text: 'x' },
    ...(subject === undefined ? {} : { subject }),
    ...more,
  });
  const of = (id: string, query: string) => dataOf(server, `/${version}/Observation/${id}`, query);

  beforeAll(async () => {
    await put({
      resourceType: 'Patient',
      id: 'p1',
      birthDate: '1970-01-01',
      identifier: [{ system: 'urn:s', value: 'a|b' }],
    });
    await put({
      resourceType: 'Patient',
      id: 'p1',
      birthDate: '1971-01-01',
      identifier: [{ system: 'urn:s', value: 'a|b' }],
    });
    for (const id of ['twin1', 'twin2']) {
      await put({ resourceType: 'Patient', id, identifier: [{ system: 'urn:s', value: 'twin' }] });
    }
    await put({ resourceType: 'Group', id: 'g1', type: 'person', actual: false, name: 'some' });
    await put(observation('current', { reference: 'Patient/p1' }));
    await put(observation('absolute', { reference: `${server.base(version)}/Patient/p1` }));
    await put(observation('version', { reference: 'Patient/p1/_history/1' }));
    await put(observation('group', { reference: 'Group/g1' }));
    await put(
      observation(
        'contained',
        { reference: '#c' },
        {
          contained: [
            { resourceType: 'Patient', id: 'c', birthDate: '1980-01-01', managingOrganization: { reference: '#o' } },
            { resourceType: 'Organization', id: 'o', name: 'Inside' },
          ],
        },
      ),
    );
    await put(observation('elsewhere', { reference: 'https://elsewhere.example/r4/Patient/p1' }));
    await put(observation('missing', { reference: 'Patient/nobody' }));
    await put(observation('none', { display: 'Somebody' }));
    await put(observation('urn', { reference: 'urn:uuid:7e3b8d0c-4cf5-4a09-92cd-9a4bd6a2e8a6' }));
  });

  test.each([
    ['current', '1971-01-01'],
    ['absolute', '1971-01-01'],
    ['version', '1970-01-01'],
    ['contained', '1980-01-01'],
  ])('of the kind "%s" lead to a resource', async (id, birthDate) => {
    expect(await of(id, '{ subject { resource { ... on Patient { birthDate } } } }')).toEqual({
      subject: { resource: { birthDate } },
    });
    expect(await of(id, '{ subject { resource(type: Patient) { birthDate } } }')).toEqual({
      subject: { resource: { birthDate } },
    });
  });

  test.each(['elsewhere', 'missing', 'none', 'urn'])(
    'of the kind "%s" lead nowhere: an error, or nothing if optional',
    async (id) => {
      expect(await mistakesOf(server, `/${version}/Observation/${id}`, '{ subject { r: resource { id } } }')).toEqual([
        404,
        ['subject.r', expect.stringContaining('is not known')],
      ]);
      expect(await of(id, '{ id subject { resource(optional: true) { id } } }')).toEqual({ id, subject: {} });
    },
  );

  test('that lead nowhere are null beside their errors for who takes GraphQL’s own media type; the rest is told', async () => {
    const query = `{
      Patient(id: "nobody") { id }
      found: Patient(id: "p1") { id }
      ObservationList(_id: ["missing", "current"], _sort: "_id") { id subject { resource { id } } }
    }`;
    const accept = 'application/graphql-response+json, application/json;q=0.9';
    const { status, answer } = await ask(server, `/${version}`, query, { accept });
    expect(status).toBe(200);
    expect(answer.data).toEqual({
      Patient: null,
      found: { id: 'p1' },
      ObservationList: [
        { id: 'current', subject: { resource: { id: 'p1' } } },
        { id: 'missing', subject: { resource: null } },
      ],
    });
    expect(answer.errors?.map(({ path }) => path?.join('.'))).toEqual([
      'Patient',
      'ObservationList.1.subject.resource',
    ]);
    expect((await ask(server, `/${version}`, query)).status).toBe(404);
  });

  test('that lead nowhere do not hide what else is wrong: nothing is told then, by its status', async () => {
    const query =
      '{ Patient(id: "nobody") { id } found: Patient(id: "p1") { id } ObservationList(date: "never") { id } }';
    for (const accept of ['application/graphql-response+json', 'application/json']) {
      const { status, answer } = await ask(server, `/${version}`, query, { accept });
      expect([status, answer.data ?? null]).toEqual([400, null]);
      expect(answer.errors?.map(({ path }) => path?.join('.'))).toEqual(['Patient', 'ObservationList']);
    }
  });

  test('of another type than asked for are passed over', async () => {
    expect(await of('group', '{ subject { reference resource(type: Patient) { birthDate } } }')).toEqual({
      subject: { reference: 'Group/g1' },
    });
    expect(
      await of('group', '{ subject { resource { ... on Patient { birthDate } ... on Group { name } } } }'),
    ).toEqual({
      subject: { resource: { name: 'some' } },
    });
  });

  test('of several types may have one name, as the page of the specification shows', async () => {
    const query = '{ subject { resource(type: Patient) { birthDate } resource(type: Group) { name } } }';
    expect(await of('group', query)).toEqual({ subject: { resource: { name: 'some' } } });
    expect(await of('current', query)).toEqual({ subject: { resource: { birthDate: '1971-01-01' } } });
  });

  test('of any type take the fields that some type has; what the one found lacks is left out', async () => {
    const query = '{ subject { resource { __typename id birthDate } } }';
    expect(await of('group', query)).toEqual({ subject: { resource: { __typename: 'Group', id: 'g1' } } });
    expect(await mistakesOf(server, `/${version}/Observation/group`, '{ subject { resource { birthDat } } }')).toEqual([
      400,
      ['subject.resource.birthDat', 'No resource has a field birthDat; did you mean birthDate?'],
    ]);
    const deep = '{ subject { resource { name { famly } } } }';
    expect(await mistakesOf(server, `/${version}/Observation/group`, deep)).toEqual([
      400,
      ['subject.resource.name.famly', expect.stringContaining('did you mean family?')],
    ]);
  });

  test('inside a contained resource lead to what is contained beside it', async () => {
    const query =
      '{ contained(resourceType: Patient) { ... on Patient { id managingOrganization { resource { ... on Organization { name } } } } } }';
    expect(await of('contained', query)).toEqual({
      contained: [{ id: 'c', managingOrganization: { resource: { name: 'Inside' } } }],
    });
  });

  test('inside a Bundle lead to its entry of that fullUrl', async () => {
    const uuid = 'urn:uuid:7e3b8d0c-4cf5-4a09-92cd-9a4bd6a2e8a6';
    await put({
      resourceType: 'Bundle',
      id: 'b1',
      type: 'collection',
      entry: [
        { fullUrl: uuid, resource: { resourceType: 'Patient', birthDate: '1990-01-01' } },
        {
          fullUrl: 'urn:uuid:0a3b8d0c-4cf5-4a09-92cd-9a4bd6a2e8a6',
          resource: { resourceType: 'Observation', status: 'final', code: { text: 'x' }, subject: { reference: uuid } },
        },
      ],
    });
    const query =
      '{ entry(_offset: 1) { resource { ... on Observation { subject { resource { ... on Patient { birthDate } } } } } } }';
    expect(await dataOf(server, `/${version}/Bundle/b1`, query)).toEqual({
      entry: [{ resource: { subject: { resource: { birthDate: '1990-01-01' } } } }],
    });
  });

  test('by identifier lead to the one resource that has it', async () => {
    const logical = (id: string, value: string) => put(observation(id, { identifier: { system: 'urn:s', value } }));
    await logical('logical', 'a|b');
    await logical('twins', 'twin');
    const query = '{ subject { resource(type: Patient, optional: true) { id } } }';
    expect(await of('logical', query)).toEqual({ subject: { resource: { id: 'p1' } } });
    expect(await of('twins', query)).toEqual({ subject: {} });
    // Without a type nobody knows where to look.
    expect(await of('logical', '{ subject { resource(optional: true) { id } } }')).toEqual({ subject: {} });
  });
});
