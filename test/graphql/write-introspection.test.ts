import { describe, expect, test } from '@jest/globals';
import { buildSchema, executeSync, getIntrospectionQuery, type GraphQLSchema, Kind, parse } from 'graphql';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import { makeSchema } from '../../graphql/schema.js';
import { TimeSlice } from '../../graphql/time-slice.js';
import { writeIntrospection } from '../../graphql/write-introspection.js';

const library = buildSchema(`
  "What can be lent."
  interface Item { id: ID! title: String }
  union Found = Book | Film
  enum Shelf { HIGH "near the floor" LOW OLD @deprecated(reason: "torn down") }
  scalar Day @specifiedBy(url: "https://example.org/day")
  input Period { from: Day = "2026-01-01", until: Day, of: [Shelf!]! = [LOW] @deprecated }
  directive @once(why: String = "\\"so\\"") repeatable on FIELD | QUERY
  type Book implements Item { id: ID! title: String isbn: String @deprecated pages(from: Int = 1): [String!]! }
  type Film implements Item { id: ID! title: String }
  type Query { find(in: Period, text: String!): [Found!] item(id: ID!): Item }
  type Mutation { lend(id: ID!): Boolean }
`);

/** What graphql-js answers, and what the writer does. */
async function both(schema: GraphQLSchema, query: string, variables: Record<string, unknown> = {}) {
  const document = parse(query);
  const operation = document.definitions.find((each) => each.kind === Kind.OPERATION_DEFINITION);
  if (operation === undefined) throw new Error('no operation');
  const { data } = executeSync({ schema, document, variableValues: variables });
  return [await writeIntrospection(schema, { document, operation, variables }), JSON.stringify(data)] as const;
}

describe('introspection is told as graphql-js tells it', () => {
  const whole = getIntrospectionQuery({
    schemaDescription: true,
    specifiedByUrl: true,
    directiveIsRepeatable: true,
    inputValueDeprecation: true,
  });
  test.each([
    ['all of a schema', whole, {}],
    ['a type by a variable', 'query ($n: String!) { __type(name: $n) { name fields { name } } }', { n: 'Book' }],
    ['a type that is not there', '{ __type(name: "Nothing") { name } }', {}],
    [
      'what is deprecated',
      '{ __type(name: "Book") { fields(includeDeprecated: true) { name deprecationReason } } }',
      {},
    ],
    ['names for the fields of the answer', '{ a: __schema { b: types { c: name __typename } } t: __typename }', {}],
    [
      'fragments, merged',
      '{ ...A __schema { queryType { kind } } } fragment A on Query { __schema { queryType { name } ... on __Type { kind } ... { __typename } } }',
      {},
    ],
    [
      '@skip and @include',
      'query ($yes: Boolean!) { __schema { types @skip(if: $yes) { name } directives @include(if: $yes) { name args { defaultValue } } } }',
      { yes: true },
    ],
  ])('%s', async (_, query, variables) => {
    const [written, expected] = await both(library, query, variables);
    expect(written).toBe(expected);
  });

  test('the schema of STU3', async () => {
    const schema = await makeSchema(await loadDefinitions('stu3'));
    const [written, expected] = await both(
      schema,
      '{ __schema { types { name possibleTypes { name } fields { name type { ...T } } inputFields { name type { ...T } } } } } fragment T on __Type { kind name ofType { name } }',
    );
    expect(written === expected).toBe(true);
  });
});

test('a slice that is over lets others go on, one that is not does not', async () => {
  const heard: string[] = [];
  setImmediate(() => heard.push('another request'));
  await new TimeSlice(Infinity).goOn();
  heard.push('one slice');
  await new TimeSlice(0).goOn();
  heard.push('the next');
  expect(heard).toEqual(['one slice', 'another request', 'the next']);
});
