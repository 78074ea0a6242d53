import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../../fhir/version.js';
import { ask, dataOf, mistakesOf } from '../../support/graphql.js';
import { startTestServer, type TestServer } from '../../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const patient = {
  resourceType: 'Patient',
  id: 'p1',
  active: true,
  identifier: [
    { system: 'urn:a', value: '1' },
    { system: 'urn:b', value: '2' },
  ],
  name: [
    { use: 'official', family: 'Chalmers', given: ['Peter', 'James'] },
    { use: 'usual', given: ['Jim'] },
    { use: 'maiden', family: 'Windsor', given: ['Peter'] },
  ],
  telecom: [
    { system: 'phone', value: '555', use: 'work', rank: 1 },
    { system: 'email', value: 'a@b.c', use: 'home', rank: 2 },
  ],
  birthDate: '1974-12-25',
  _birthDate: { extension: [{ url: 'urn:time', valueDateTime: '1974-12-25T14:35:45-05:00' }] },
  multipleBirthInteger: 2,
};

describe.each(fhirVersions)('elements of a resource, %s', (version) => {
  const place = `/${version}/Patient/p1`;
  const data = (query: string) => dataOf(server, place, query);
  const mistakes = (query: string) => mistakesOf(server, place, query);

  beforeAll(async () => {
    await server.send('PUT', `/${version}/Patient/p1`, { body: patient });
    const body = {
      resourceType: 'Observation',
      id: 'o1',
      status: 'final',
      code: { text: 'weight' },
      valueQuantity: { value: 185, unit: 'lbs' },
      component: [{ code: { text: 'a' }, valueString: 'x' }, { code: { text: 'b' } }],
    };
    await server.send('PUT', `/${version}/Observation/o1`, {
      body: JSON.stringify(body).replace('185', '185.50'),
      headers: { 'content-type': 'application/fhir+json' },
    });
  });

  test('are fields by their JSON names; what is not there is left out', async () => {
    expect(await data('{ resourceType id active name { family given } address { city } }')).toEqual({
      resourceType: 'Patient',
      id: 'p1',
      active: true,
      name: [
        { family: 'Chalmers', given: ['Peter', 'James'] },
        { given: ['Jim'] },
        { family: 'Windsor', given: ['Peter'] },
      ],
    });
  });

  test('stand beside what extends primitives', async () => {
    expect(await data('{ birthDate _birthDate { extension { valueDateTime } } }')).toEqual({
      birthDate: '1974-12-25',
      _birthDate: { extension: [{ valueDateTime: '1974-12-25T14:35:45-05:00' }] },
    });
  });

  test('of a choice have the name of their type; decimals keep their digits', async () => {
    const { text } = await ask(server, `/${version}/Observation/o1`, '{ valueQuantity { value unit } valueString }');
    expect(text).toBe('{"data":{"valueQuantity":{"value":185.50,"unit":"lbs"}}}');
    expect(
      await dataOf(
        server,
        `/${version}/Observation/o1`,
        '{ component(fhirpath: "value is string") { code { text } } }',
      ),
    ).toEqual({
      component: [{ code: { text: 'a' } }],
    });
  });

  test('have aliases and __typename', async () => {
    expect(await data('{ __typename n: name(_count: 1) { __typename f: family } multipleBirthInteger }')).toEqual({
      __typename: 'Patient',
      n: [{ __typename: 'HumanName', f: 'Chalmers' }],
      multipleBirthInteger: 2,
    });
  });

  test('selected twice are merged', async () => {
    expect(
      await data('{ name(_count: 1) { family } ...More } fragment More on Patient { name(_count: 1) { use } }'),
    ).toEqual({
      name: [{ family: 'Chalmers', use: 'official' }],
    });
  });

  test.each([
    ['name(fhirpath: "family.exists()") { use }', ['official', 'maiden']],
    ['name(fhirpath: "$index = 1 or given.count() > 1") { use }', ['official', 'usual']],
    ['name(fhirpath: "given.where($this = \'Jim\').exists()") { use }', ['usual']],
    ['name(use: official) { use }', ['official']],
    ['name(use: "official", given: "Jim") { use }', []],
    ['name(given: Peter) { use }', ['official', 'maiden']],
    ['name(use: [usual, maiden]) { use }', ['usual', 'maiden']],
    ['name(_offset: 1, _count: 1) { use }', ['usual']],
    ['name(_offset: 1) { use }', ['usual', 'maiden']],
    ['name(_count: 0) { use }', []],
    ['name(fhirpath: "family.exists()", _offset: 1, _count: 5) { use }', ['maiden']],
    ['name: telecom(rank: 2) { use }', ['home']],
    ['name: telecom(rank: "2.0") { use }', ['home']],
    ['name @first { use }', ['official']],
  ])('are chosen: %s', async (selection, uses) => {
    const found = (await data(`{ ${selection} }`)) as { readonly name?: readonly { readonly use: string }[] };
    expect((found.name ?? []).map(({ use }) => use)).toEqual(uses);
  });

  test('are left out and in by @skip and @include', async () => {
    const query = `query ($no: Boolean, $yes: Boolean = true) {
      a: active @skip(if: $no) b: active @include(if: $no) c: active @include(if: $yes)
      ... on Patient @include(if: $no) { id }
    }`;
    expect(await dataOf(server, place, query, { variables: { no: false } })).toEqual({ a: true, c: true });
    expect((await mistakes(query))[0]).toBe(400);
  });

  test.each([
    ['{ name { famly } }', 'name.famly', 'famly is no field of HumanName; did you mean family?'],
    ['{ nonsense }', 'nonsense', 'nonsense is no field of Patient'],
    ['{ name }', 'name', 'name is an object: select fields of it'],
    ['{ active { x } }', 'active', 'active has no fields'],
    ['{ active(x: 1) }', 'active', 'active has no argument x'],
    ['{ name(foo: 1) { use } }', 'name', 'name has no argument foo'],
    ['{ name(period: "2020") { use } }', 'name', 'name has no argument period'],
    ['{ name(_count: -1) { use } }', 'name', '_count must be a whole number from 0'],
    ['{ name(_count: "x") { use } }', 'name', '_count must be a whole number from 0'],
    ['{ name(use: {a: 1}) { use } }', 'name', 'use must be a text'],
    ['{ name(fhirpath: "given.") { use } }', 'name', 'is no FHIRPath'],
    ['{ name(fhirpath: "given.matches(\'a*\')") { use } }', 'name', 'matches() is not served'],
    ['{ name(fhirpath: "given.where($index = 0)") { use } }', 'name', '$index is not served inside of functions'],
    ['{ name(use: official, use: usual) { use } }', 'name', 'The argument use stands twice'],
    ['{ a: name(use: official) { use } a: name { use } }', 'a', 'a is selected in different ways'],
    ['{ a: birthDate a: active }', 'a', 'a is selected in different ways'],
    ['{ active @include }', 'active', '@include needs "if"'],
    ['{ active @nonsense }', 'active', 'There is no directive @nonsense'],
    ['{ ... on Nonsense { id } }', '', 'There is no type Nonsense'],
    ['{ ...Nonsense }', '', 'There is no fragment Nonsense'],
    [
      '{ ...A } fragment A on Patient { ...B } fragment B on Patient { name { ...C } ...A } fragment C on HumanName { use }',
      '',
      'The fragment A contains itself',
    ],
    ['{ name { use }', '', 'Syntax Error'],
    ['query A { id } query B { id }', '', 'operationName says which one'],
    ['query ($x: String!) { id }', '', 'The variable $x is needed'],
    ['{ name(use: $use) { given } }', 'name', 'The variable $use is not declared'],
    ['query ($a: Boolean) { id @skip(if: $b) }', 'id', 'The variable $b is not declared'],
    ['mutation { PatientDelete(id: "p1") { location } }', '', 'Mutations are sent to [base]/$graphql'],
    ['subscription { id }', '', '$graphql has no subscriptions'],
  ])('refuses %s', async (query, path, message) => {
    const [status, ...found] = await mistakes(query);
    expect(status).toBe(400);
    expect(found).toHaveLength(1);
    expect(found[0]).toEqual([path, expect.stringContaining(message)]);
  });

  test('tells every mistake, each with its path, its place and an OperationOutcome', async () => {
    const { status, answer } = await ask(server, place, '{ nonsense name { famly } }');
    expect(status).toBe(400);
    expect(answer).toMatchObject({
      data: null,
      errors: [
        { path: ['nonsense'], locations: [{ line: 1, column: 3 }] },
        {
          message: 'famly is no field of HumanName; did you mean family?',
          path: ['name', 'famly'],
          extensions: {
            resource: {
              resourceType: 'OperationOutcome',
              issue: [{ severity: 'error', code: 'not-supported', expression: ['name.famly'] }],
            },
          },
        },
      ],
    });
  });

  test('an expression that asks one value of several is refused, naming the field', async () => {
    expect(await mistakes('{ n: name(fhirpath: "given.length() > 3") { use } }')).toEqual([
      400,
      ['n', expect.stringContaining('several values where one is expected')],
    ]);
  });
});
