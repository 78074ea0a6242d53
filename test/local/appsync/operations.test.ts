import { describe, expect, test } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import { parseJson } from '../../../fhir/json.js';
import { giving, handlers, type RunningTinyApi, type TinyApi, tinyApi, unit } from './tiny-api.js';

const schema = `
  interface Resource { id: ID }
  type Patient implements Resource { id: ID  birthDate: AWSDate  friends: [Patient] }
  type Group implements Resource { id: ID  size: Int }
  union Any = Patient | Group
  enum Color { red green }
  input Quantity { value: String  unit: String = "kg"  parts: [Quantity]  tags: [String]  color: Color  count: Int  ratio: Float  flag: Boolean  id: ID  json: AWSJSON }
  type Query { args(q: Quantity, qs: [Quantity!], text: String, texts: [String], n: Int, color: Color, id: ID, json: AWSJSON, must: String): AWSJSON
    need(text: String!): AWSJSON  resource: Resource  resources: [Resource]  any: [Any]  me: Patient  deep: Patient  other: String }
  type Mutation { add(n: Int): AWSJSON }`;
const person = "{ __typename: 'Patient', id: 'p' }";
const tiny = (options: TinyApi['options'] = {}): RunningTinyApi =>
  tinyApi({
    schema,
    resolvers: ['args', 'need', 'resource', 'resources', 'any', 'me', 'deep', 'other']
      .map((name) => unit(`Query.${name}`))
      .concat(unit('Mutation.add'), unit('Patient.friends')),
    code: {
      'Query.args': giving('ctx.args'),
      'Query.need': giving('ctx.args'),
      'Query.resource': giving(person),
      'Query.resources': giving(`[${person}, { __typename: 'Group', id: 'g', size: 2 }]`),
      'Query.any': giving("[{ __typename: 'Group', size: 2 }, { id: 'nameless' }]"),
      'Query.me': giving(person),
      'Query.deep': giving("{ id: 'd' }"),
      'Query.other': giving("'other'"),
      'Mutation.add': giving('ctx.args'),
      'Patient.friends': handlers("return { payload: [{ id: '1' }, { id: '2' }, { id: '3' }] };"),
    },
    options,
  });
const { ask } = tiny();

/** The arguments a resolver gets of variables written as JSON text. */
async function received(declared: string, used: string, variables: string): Promise<unknown> {
  const { data, errors } = await ask(`query (${declared}) { args(${used}) }`, {
    variables: parseJson(variables) as Record<string, unknown>,
  });
  expect(errors).toBeUndefined();
  return JSON.parse((data as { args: string }).args) as unknown;
}

describe('variables', () => {
  test.each([
    ['185.50', '"185.50"'],
    ['1e3', '"1e3"'],
    ['0.10', '"0.10"'],
    ['-0', '"-0"'],
    ['12345678901234567890', '"12345678901234567890"'],
    ['7', '"7"'],
    ['true', '"true"'],
    ['"as it is"', '"as it is"'],
    ['null', 'null'],
  ])('a String given as %s arrives as %s, digits kept, however deep it is', async (written, arrived) => {
    const expected = JSON.parse(arrived) as unknown;
    expect(await received('$v: String', 'text: $v', `{"v":${written}}`)).toEqual({ text: expected });
    expect(await received('$v: Quantity', 'q: $v', `{"v":{"value":${written},"unit":null}}`)).toEqual({
      q: { value: expected, unit: null },
    });
    expect(
      await received('$v: [Quantity!]', 'qs: $v', `{"v":[{"parts":[{"value":${written},"unit":"g"}],"unit":"g"}]}`),
    ).toEqual({ qs: [{ parts: [{ value: expected, unit: 'g' }], unit: 'g' }] });
    expect(await received('$v: String', 'q: { value: $v, unit: "g" }', `{"v":${written}}`)).toEqual({
      q: { value: expected, unit: 'g' },
    });
  });

  test('numbers of number types stay numbers', async () => {
    expect(await received('$v: Quantity', 'q: $v', '{"v":{"count":3,"ratio":1.5,"flag":true,"unit":"g"}}')).toEqual({
      q: { count: 3, ratio: 1.5, flag: true, unit: 'g' },
    });
    expect(await received('$n: Int', 'n: $n', '{"n":3}')).toEqual({ n: 3 });
    expect(await received('$v: Quantity', 'q: $v', '{"v":{"ratio":1.50,"unit":"g"}}')).toEqual({
      q: { ratio: 1.5, unit: 'g' },
    });
  });

  test('one value stands for a list of it', async () => {
    expect(await received('$v: [String]', 'texts: $v', '{"v":1.0}')).toEqual({ texts: ['1.0'] });
    expect(await received('$v: Quantity', 'q: $v', '{"v":{"parts":{"value":2.0},"tags":"x"}}')).toEqual({
      q: { unit: 'kg', parts: [{ value: '2.0', unit: 'kg' }], tags: ['x'] },
    });
  });

  test('enums, ids and AWSJSON are taken as their types say', async () => {
    expect(await received('$c: Color', 'color: $c', '{"c":"red"}')).toEqual({ color: 'red' });
    expect(await received('$i: ID', 'id: $i', '{"i":7}')).toEqual({ id: '7' });
    expect(await received('$j: AWSJSON', 'json: $j', '{"j":"{\\"a\\":1}"}')).toEqual({ json: '{"a":1}' });
  });

  test('defaults count where nothing is given, null where null is', async () => {
    expect(await received('$v: String = "standard"', 'text: $v', '{}')).toEqual({ text: 'standard' });
    expect(await received('$v: String = "standard"', 'text: $v', '{"v":null}')).toEqual({ text: null });
    expect(await received('$v: String', 'text: $v', '{}')).toEqual({});
    expect(await received('$v: String', 'text: $v', '{"v":"a","unused":[1.5]}')).toEqual({ text: 'a' });
  });

  test.each([
    ['an unknown member', '$v: Quantity', 'q: $v', '{"v":{"colour":"red"}}', 'colour'],
    ['an unknown member deep inside', '$v: [Quantity!]', 'qs: $v', '{"v":[{"parts":[{"x":1}]}]}', 'v[0].parts[0]'],
    ['a member named __proto__', '$v: Quantity', 'q: $v', '{"v":{"__proto__":{"a":1}}}', '__proto__'],
    ['a code that is none', '$c: Color', 'color: $c', '{"c":"blue"}', 'blue'],
    ['a text for a number', '$n: Int', 'n: $n', '{"n":"3"}', 'Int'],
    ['a fraction for an Int', '$n: Int', 'n: $n', '{"n":1.5}', 'Int'],
    ['an object for a String', '$v: String', 'text: $v', '{"v":{"a":1}}', 'String'],
    ['a text for an object', '$v: Quantity', 'q: $v', '{"v":"q"}', 'Quantity'],
    ['null in a list of values', '$v: [Quantity!]', 'qs: $v', '{"v":[null]}', 'null'],
    ['nothing for a required one', '$v: String!', 'text: $v', '{}', 'required'],
    ['null for a required one', '$v: String!', 'text: $v', '{"v":null}', 'null'],
    ['AWSJSON that is no JSON', '$j: AWSJSON', 'json: $j', '{"j":"{"}', 'AWSJSON'],
  ])('%s is refused, and says where', async (_, declared, used, variables, named) => {
    const { answer, errors } = await ask(`query (${declared}) { args(${used}) }`, {
      variables: parseJson(variables) as Record<string, unknown>,
    });
    expect(answer.data).toBeNull();
    expect(errors).toHaveLength(1);
    expect(errors?.[0]?.message).toContain(named);
  });
});

describe('requests that cannot be executed', () => {
  test.each([
    ['InvalidSyntax', '{ args('],
    ['FieldUndefined', '{ nothing }'],
    ['UnknownArgument', '{ args(none: 1) }'],
    ['UnknownDirective', '{ args @nope }'],
    ['UndefinedFragment', '{ me { ...F } }'],
    ['UnknownType', '{ me { ... on Nobody { id } } }'],
    ['UndefinedVariable', '{ args(text: $v) }'],
    ['UnusedVariable', 'query ($v: Int) { args }'],
    ['VariableTypeMismatch', 'query ($v: Int) { args(text: $v) }'],
    ['UnusedFragment', '{ args } fragment F on Patient { id }'],
    ['SubSelectionRequired', '{ me }'],
    ['SubSelectionNotAllowed', '{ args { id } }'],
    ['MissingFieldArgument', '{ need }'],
    ['FieldsConflict', '{ me { a: id a: birthDate } }'],
    ['WrongType', '{ args(n: "x") }'],
  ])('%s: %s', async (kind, query) => {
    const { answer, errors } = await ask(query);
    expect(answer.data).toBeNull();
    expect(errors?.[0]).toMatchObject({
      path: null,
      locations: expect.arrayContaining([{ line: 1, column: expect.any(Number), sourceName: null }]),
    });
    expect(errors?.map(({ message }) => message).join()).toContain(`Validation error of type ${kind}: `);
  });

  test('fragments in a circle are refused, not followed', async () => {
    const { answer } = await ask(
      '{ me { ...A } } fragment A on Patient { friends { ...B } } fragment B on Patient { friends { ...A } }',
    );
    expect(answer).toMatchObject({
      data: null,
      errors: [{ message: expect.stringContaining('Cannot spread fragment "A" within itself') }],
    });
  });

  test('are told with at most twenty problems', async () => {
    const { errors } = await ask(`{ ${Array.from({ length: 500 }, (_, at) => `no${String(at)}`).join(' ')} }`);
    expect(errors?.length).toBeLessThanOrEqual(21);
  });
});

describe('the operation', () => {
  const two = 'query A { other } query B { me { id } }';
  test('is the one that is named', async () => {
    expect((await ask(two, { operationName: 'B' })).answer).toEqual({ data: { me: { id: 'p' } } });
    expect((await ask(two, { operationName: 'A' })).answer).toEqual({ data: { other: 'other' } });
    expect((await ask('query A { other }')).answer).toEqual({ data: { other: 'other' } });
  });

  test('must be named when there are several, and be there', async () => {
    expect((await ask(two)).errors).toMatchObject([
      { message: expect.stringContaining('Must provide operation name') },
    ]);
    expect((await ask(two, { operationName: 'C' })).errors).toMatchObject([
      { message: expect.stringContaining("Unknown operation named 'C'") },
    ]);
  });

  test('may be a mutation, whose fields run one after another', async () => {
    const { data } = await ask('mutation { a: add(n: 1) b: add(n: 2) }');
    expect(data).toEqual({ a: '{"n":1}', b: '{"n":2}' });
  });

  test('is remembered without its variables', async () => {
    const query = 'query ($v: String) { args(text: $v) }';
    for (const v of ['a', 'b', 'a'])
      expect((await ask(query, { variables: { v } })).data).toEqual({ args: JSON.stringify({ text: v }) });
  });
});

describe('types', () => {
  test('of interfaces and unions are told by __typename of the value', async () => {
    const { data } = await ask(
      '{ resources { __typename id ... on Group { size } ... on Patient { birthDate } } resource { __typename } }',
    );
    expect(data).toEqual({
      resources: [
        { __typename: 'Patient', id: 'p', birthDate: null },
        { __typename: 'Group', id: 'g', size: 2 },
      ],
      resource: { __typename: 'Patient' },
    });
  });

  test('that are not told fail their field only', async () => {
    const { data, errors } = await ask('{ any { __typename } other }');
    expect(data).toEqual({ any: [{ __typename: 'Group' }, null], other: 'other' });
    expect(errors).toMatchObject([{ path: ['any', 1] }]);
  });

  test('are introspected, AppSync’s scalars among them', async () => {
    const { data } = await ask(
      '{ __schema { queryType { name } mutationType { name } } __type(name: "Patient") { fields { name type { name } } interfaces { name } } scalar: __type(name: "AWSDateTime") { kind } }',
    );
    expect(data).toMatchObject({
      __schema: { queryType: { name: 'Query' }, mutationType: { name: 'Mutation' } },
      __type: {
        interfaces: [{ name: 'Resource' }],
        fields: expect.arrayContaining([{ name: 'birthDate', type: { name: 'AWSDate' } }]),
      },
      scalar: { kind: 'SCALAR' },
    });
  });
});

describe('the limits of a request', () => {
  const nested = (depth: number): string => `{ deep ${'{ friends '.repeat(depth - 2)}{ id }${' }'.repeat(depth - 2)} }`;
  const ofDepth = (depth: number): Promise<{ errors: readonly { message: string }[] | undefined }> =>
    tiny({ limits: { maxDepth: 4, maxResolvers: 10_000 } }).ask(nested(depth));

  test('are its depth, counted through fragments', async () => {
    expect((await ofDepth(4)).errors).toBeUndefined();
    expect((await ofDepth(5)).errors).toMatchObject([
      { message: expect.stringContaining('Query depth 5 exceeds the limit of 4') },
    ]);
    const hidden =
      '{ deep { ...A } } fragment A on Patient { friends { ...B } } fragment B on Patient { friends { ... { id } } }';
    expect((await tiny({ limits: { maxDepth: 3 } }).ask(hidden)).errors).toMatchObject([
      { message: expect.stringContaining('Query depth 4') },
    ]);
  });

  test('are 75 levels when nothing is set', async () => {
    expect((await tiny({ limits: { maxResolvers: 5 } }).ask(nested(75))).errors?.[0]?.message).toContain(
      'Resolver count',
    );
    expect((await ask(nested(76))).errors?.[0]?.message).toContain('Query depth 76 exceeds the limit of 75');
  });

  test('are the runs of resolvers: one more fails the operation, with one error', async () => {
    const { data, errors } = await tiny({ limits: { maxResolvers: 3 } }).ask('{ a: other b: other c: other d: other }');
    expect(data).toBeNull();
    expect(errors).toMatchObject([{ path: null, message: 'Resolver count exceeds the limit of 3' }]);
    const within = await tiny({ limits: { maxResolvers: 4 } }).ask('{ a: other b: other c: other d: other }');
    expect(within.errors).toBeUndefined();
  });

  test('are the characters that resolvers give', async () => {
    const query = '{ a: other b: other c: other }'; // "other" with its quotes is 7 characters
    expect((await tiny({ limits: { maxCharacters: 21 } }).ask(query)).errors).toBeUndefined();
    expect((await tiny({ limits: { maxCharacters: 20 } }).ask(query)).errors).toMatchObject([
      { path: null, message: 'The resolvers gave more than 20 characters' },
    ]);
  });

  test('are the time it takes', async () => {
    expect((await tiny({ limits: { maxMilliseconds: -1 } }).ask('{ a: other }')).errors).toMatchObject([
      { path: null, message: 'Execution exceeds the limit of -1 ms' },
    ]);
  });

  test('bound what grows with every level', async () => {
    const { errors } = await tiny({ limits: { maxResolvers: 100 } }).ask(nested(12));
    expect(errors?.[0]?.message).toContain('Resolver count exceeds the limit of 100');
    expect(errors).toHaveLength(1);
  });

  test('bound what fragments in fragments double: a resolver is told of each field', async () => {
    const fragments = Array.from(
      { length: 30 },
      (_, at) =>
        `fragment F${String(at)} on Patient { friends { ...F${String(at + 1)} } more: friends { ...F${String(at + 1)} } }`,
    );
    const query = `{ deep { ...F0 } } ${fragments.join(' ')} fragment F30 on Patient { id }`;
    const { data, errors } = await ask(query);
    expect([data, errors]).toEqual([
      null,
      [{ errorType: 'QueryTooLarge', message: expect.stringContaining('20000 are allowed') }],
    ]);
  });

  test('bound aliases: by the tokens of the query, by the runs of resolvers', async () => {
    const aliases = (count: number): string =>
      `{ ${Array.from({ length: count }, (_, at) => `a${String(at)}: other`).join(' ')} }`;
    expect((await tiny({ limits: { maxResolvers: 50 } }).ask(aliases(60))).errors).toHaveLength(1);
    const { answer } = await ask(aliases(6000));
    expect(answer).toMatchObject({ data: null, errors: [{ message: expect.stringContaining('token') }] });
  });

  test('leave the standard introspection query as it is, with whatever it may ask for', async () => {
    const query = getIntrospectionQuery({
      directiveIsRepeatable: true,
      schemaDescription: true,
      inputValueDeprecation: true,
      specifiedByUrl: true,
      oneOf: true,
    });
    const { data, errors } = await ask(query);
    expect(errors).toBeUndefined();
    expect(data).toMatchObject({
      __schema: { types: expect.arrayContaining([expect.objectContaining({ name: 'Group' })]) },
    });
  });

  test.each([
    ['fields', '{ a: __type(name: "Query") { fields { name } } b: __type(name: "Query") { fields { name } } }'],
    ['types', '{ a: __schema { types { name } } b: __schema { types { name } } }'],
    ['types', '{ __schema { a: types { name } } }'],
    ['fields', '{ __schema { types { fields { type { fields { name } } } } } }'],
    ['type', '{ __schema { types { fields { a: type { name } b: type { name } } } } }'],
    [
      'args',
      '{ __schema { types { ...A } } } fragment A on __Type { fields { ...B } } fragment B on __Field { a: args { name } }',
    ],
    [
      'fields',
      '{ ...A } fragment A on Query { me { id } __schema { types { ... { fields { name type { ofType { fields { name } } } } } } } }',
    ],
  ])('bound introspection: %s once more is refused in %s', async (name, query) => {
    const { data, errors } = await ask(query);
    expect(data).toBeNull();
    expect(errors).toMatchObject([
      { message: expect.stringContaining(`BadFaithIntrospection: Introspection of "${name}" is possible`) },
    ]);
  });

  test('measure fragments that refer to each other twice in no more than their number', async () => {
    const fragments = Array.from(
      { length: 60 },
      (_, at) =>
        `fragment F${String(at)} on Patient { ${at === 59 ? 'id' : `a: friends { ...F${String(at + 1)} } b: friends { ...F${String(at + 1)} }`} }`,
    );
    const { answer } = await tiny({ limits: { maxDepth: 20 } }).ask(`{ deep { ...F0 } } ${fragments.join(' ')}`);
    expect(answer).toMatchObject({
      data: null,
      errors: [{ message: expect.stringContaining('exceeds the limit of 20') }],
    });
  });
});
