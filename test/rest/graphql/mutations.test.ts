import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../../fhir/version.js';
import { ask, dataOf, mistakesOf } from '../../support/graphql.js';
import { staleStatus, startTestServer, type TestServer } from '../../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

describe.each(fhirVersions)('mutations, %s', (version) => {
  const root = `/${version}`;

  test('create a resource under a new id', async () => {
    const query = `mutation ($given: [String]) {
      PatientCreate(res: { resourceType: "Patient", id: "ignored", active: true, name: [{ family: "New", given: $given, use: null }] }) {
        location resource { id meta { versionId } name { family given } } information { issue { severity } }
      }
    }`;
    const made = (await dataOf(server, root, query, { variables: { given: ['A', 'B'] } })) as {
      readonly PatientCreate: { readonly location: string; readonly resource: { readonly id: string } };
    };
    const { id } = made.PatientCreate.resource;
    expect(id).not.toBe('ignored');
    expect(made.PatientCreate).toEqual({
      location: `${server.base(version)}/Patient/${id}/_history/1`,
      resource: { id, meta: { versionId: '1' }, name: [{ family: 'New', given: ['A', 'B'] }] },
      information: { issue: [{ severity: 'information' }] },
    });
    const { json } = await server.send('GET', `${root}/Patient/${id}`);
    expect(json).toMatchObject({ active: true, name: [{ family: 'New', given: ['A', 'B'] }] });
  });

  test('take one value where a list may stand, at any depth, and nothing else for another', async () => {
    const query = `mutation ($name: HumanName_Input) {
      PatientUpdate(id: "one", res: {
        name: $name
        _birthDate: { extension: { url: "urn:x", valueString: "y" } }
        contact: { relationship: { coding: { code: "C" } }, gender: "male", name: { given: "D" } }
        managingOrganization: { reference: "#o" }
        contained: { resourceType: "Organization", id: "o", name: "O", alias: "A", address: { line: ["1", "2"] } }
      }) { location }
    }`;
    await dataOf(server, root, query, { variables: { name: { family: 'One', given: 'Bob', prefix: null } } });
    const { json } = await server.send('GET', `${root}/Patient/one`);
    expect(json).toMatchObject({
      name: [{ family: 'One', given: ['Bob'] }],
      _birthDate: { extension: [{ url: 'urn:x', valueString: 'y' }] },
      contact: [{ relationship: [{ coding: [{ code: 'C' }] }], gender: 'male', name: { given: ['D'] } }],
      contained: [{ resourceType: 'Organization', id: 'o', alias: ['A'], address: [{ line: ['1', '2'] }] }],
    });
    const listed = 'mutation { PatientUpdate(id: "one", res: { gender: ["male"] }) { location } }';
    expect((await mistakesOf(server, root, listed))[0]).toBe(422);
    const unknown =
      'mutation { PatientUpdate(id: "one", res: { contained: { resourceType: "Nothing" } }) { location } }';
    expect((await mistakesOf(server, root, unknown))[0]).toBe(422);
  });

  test('keep the digits of decimals, written in the query or in variables', async () => {
    const res = (value: string) => `{ status: "final", code: { text: "x" }, valueQuantity: { value: ${value} } }`;
    const written = await ask(
      server,
      root,
      `mutation { ObservationCreate(res: ${res('1.50')}) { resource { valueQuantity { value } } } }`,
    );
    expect(written.text).toContain('"value":1.50');
    const body =
      '{"query":"mutation ($v: decimal) { ObservationCreate(res: QUANTITY) { resource { valueQuantity { value } } } }","variables":{"v":2.00}}';
    const sent = await server.send('POST', `${root}/$graphql`, {
      body: body.replace('QUANTITY', res('$v').replaceAll('"', '\\"')),
      headers: { 'content-type': 'application/json' },
    });
    expect(sent.text).toContain('"value":2.00');
  });

  test('update a resource, on the version the client has seen if it says so', async () => {
    const update = (family: string, more = '') =>
      `mutation { PatientUpdate(id: "u1", res: { name: [{ family: "${family}" }] }${more}) { resource { meta { versionId } name { family } } } }`;
    expect(await dataOf(server, root, update('One'))).toEqual({
      PatientUpdate: { resource: { meta: { versionId: '1' }, name: [{ family: 'One' }] } },
    });
    expect(await dataOf(server, root, update('Two', ', versionId: "1"'))).toMatchObject({
      PatientUpdate: { resource: { meta: { versionId: '2' } } },
    });
    const { status, answer } = await ask(server, root, update('Three', ', versionId: 1'));
    expect(status).toBe(staleStatus[version]);
    expect(answer.errors?.map(({ extensions }) => extensions.resource.issue)).toMatchObject([
      [{ code: 'conflict', expression: ['PatientUpdate(versionId)'] }],
    ]);
    expect((await server.send('GET', `${root}/Patient/u1`)).json.name[0].family).toBe('Two');
  });

  test('delete a resource', async () => {
    await server.send('PUT', `${root}/Patient/d1`, { body: { resourceType: 'Patient', id: 'd1' } });
    const query =
      'mutation { PatientDelete(id: "d1") { location resource { id } information { issue { diagnostics } } } }';
    expect(await dataOf(server, root, query)).toEqual({
      PatientDelete: {
        location: expect.stringContaining('/Patient/d1/_history/2'),
        information: { issue: [{ diagnostics: 'Patient/d1 is deleted' }] },
      },
    });
    expect((await server.send('GET', `${root}/Patient/d1`)).status).toBe(410);
  });

  test('that fail alone are errors with the status REST has', async () => {
    const broken = 'mutation { PatientCreate(res: { nam: [{ family: "x" }] }) { location } }';
    const { status, answer } = await ask(server, root, broken);
    expect([status, answer.data, answer.errors?.[0]?.path]).toEqual([422, null, ['PatientCreate']]);
    expect(answer.errors?.[0]?.extensions.resource.issue[0]).toMatchObject({
      code: 'structure',
      expression: ['Patient.nam'],
    });
    const object =
      'mutation { PatientCreate(res: { birthDate: { a: 1 }, name: [{ family: [{ a: [{}] }] }] }) { location } }';
    const wrong = await ask(server, root, object);
    expect(wrong.status).toBe(422);
    expect(wrong.answer.errors?.[0]?.extensions.resource.issue.flatMap(({ expression }) => expression)).toEqual(
      expect.arrayContaining(['Patient.birthDate']),
    );
    const refused = await ask(server, root, 'mutation { PatientCreate(res: { active: true }) { location } }', {
      as: 'auditor',
    });
    expect([refused.status, refused.answer.errors?.[0]?.extensions.resource.issue[0]?.code]).toEqual([
      403,
      'forbidden',
    ]);
  });

  test('that were done are told beside those that failed, in order', async () => {
    const query = `mutation {
      a: PatientUpdate(id: "m1", res: { active: true }) { resource { id } }
      b: PatientUpdate(id: "m2", res: { nonsense: true }) { resource { id } }
      c: PatientUpdate(id: "m1", res: { active: false }, versionId: "1") { resource { active } }
    }`;
    const { status, answer } = await ask(server, root, query);
    expect([status, answer.data]).toEqual([
      200,
      { a: { resource: { id: 'm1' } }, b: null, c: { resource: { active: false } } },
    ]);
    expect(answer.errors?.map(({ path }) => path)).toEqual([['b']]);
  });

  test('that were done are told though their result cannot be shown', async () => {
    const query = `mutation { PatientUpdate(id: "m3", res: { managingOrganization: { reference: "Organization/nobody" } }) {
      location resource { id managingOrganization { resource { id } } } } }`;
    const { status, answer } = await ask(server, root, query);
    expect([status, answer.data]).toEqual([
      200,
      {
        PatientUpdate: {
          location: expect.stringContaining('Patient/m3/_history/1'),
          resource: { id: 'm3', managingOrganization: { resource: null } },
        },
      },
    ]);
    expect(answer.errors?.[0]).toMatchObject({
      path: ['PatientUpdate', 'resource', 'managingOrganization', 'resource'],
    });
    expect(answer.errors?.[0]?.extensions.resource.issue.map(({ severity }) => severity)).toEqual([
      'error',
      'information',
    ]);
  });

  test.each([
    ['mutation { PatientCreate { location } }', 'PatientCreate', 'res must be an object'],
    [
      'mutation { PatientCreate(res: { resourceType: "Group" }) { location } }',
      'PatientCreate',
      'res.resourceType must be Patient',
    ],
    ['mutation { PatientUpdate(res: { active: true }) { location } }', 'PatientUpdate', 'needs the argument id'],
    ['mutation { PatientDelete(id: "x", versionId: "0") { location } }', 'PatientDelete', 'versionId must be'],
    [
      'mutation { PatientCreate(res: { active: true, active: false }) { location } }',
      'PatientCreate',
      'active stands twice',
    ],
    ['mutation { PatientPatch(id: "x") { location } }', 'PatientPatch', 'is no field of Mutation'],
    [
      'mutation { PatientDelete(id: "x") { resource @first { id } } }',
      'PatientDelete.resource',
      'Queries are laid out',
    ],
  ])('refuse %s before anything is done', async (query, path, message) => {
    expect(await mistakesOf(server, root, query)).toEqual([400, [path, expect.stringContaining(message)]]);
  });
});
