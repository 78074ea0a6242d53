import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { buildSchema, getNamedType, type GraphQLSchema, isObjectType, Kind, parse, print, validate } from 'graphql';
import { readFileSync } from 'node:fs';
import {
  fragmentStep,
  operationsOf,
  rootOf,
  selectedAt,
  tidied,
  toggled,
  typedOf,
  valueOf,
  withArgument,
} from '../../console/fhir/graphql-edit.js';
import { graphqlExamples } from '../../console/fhir/graphql-examples.js';
import { operationSchema } from '../../graphql/print-schema.js';

const appsync = (version: string): string => {
  const sdl = readFileSync(`schema/${version}/schema.graphql`, 'utf8');
  return `${sdl}\n${[...new Set(sdl.match(/\bAWS[A-Z]\w+/g))].map((name) => `scalar ${name}`).join('\n')}`;
};
const built = (sdl: string): GraphQLSchema => buildSchema(sdl, { assumeValid: true, assumeValidSDL: true });

const type = (schema: GraphQLSchema, name: string) => schema.getType(name);
const argument = (schema: GraphQLSchema, field: string, name: string) => {
  const fields = rootOf(schema, 'query')?.getFields() ?? {};
  const found = fields[field]?.args.find((each) => each.name === name);
  if (found === undefined) throw new Error(`${field} has no ${name}`);
  return found;
};

const schema = built(`
  type Query { Person(id: ID!): Person PersonList(name: [String!], _count: Int, sex: Sex): [Person] thing: Thing }
  enum Sex { male female }
  interface Thing { id: ID }
  type Person implements Thing { id: ID name: [Name] born: String mother: Person }
  type Name { family: String given: [String] }
  type Mutation { make(person: PersonInput!): Person }
  input PersonInput { born: String }
`);
const errors = (text: string): readonly string[] => validate(schema, parse(text)).map(({ message }) => message);

describe('a query that is changed by ticking fields', () => {
  test('what is ticked is selected, with something inside where it needs it, and is valid', () => {
    let text = toggled('', 0, 'query', ['PersonList'], type(schema, 'Person'));
    expect(text).toBe('{\n  PersonList {\n    id\n  }\n}\n');
    text = toggled(text, 0, 'query', ['PersonList', 'name'], type(schema, 'Name'));
    text = toggled(text, 0, 'query', ['PersonList', 'mother'], type(schema, 'Person'));
    text = toggled(text, 0, 'query', ['PersonList', 'mother', 'born'], type(schema, 'String'));
    expect(errors(text)).toEqual([]);
    expect(text.replace(/\s+/g, ' ').trim()).toBe('{ PersonList { id name { family } mother { id born } } }');
  });

  test('an interface is entered by fragments on its types', () => {
    let text = toggled('', 0, 'query', ['thing'], type(schema, 'Thing'));
    text = toggled(text, 0, 'query', ['thing', fragmentStep('Person')], type(schema, 'Person'));
    expect(errors(text)).toEqual([]);
    expect(text).toContain('... on Person');
    expect(toggled(text, 0, 'query', ['thing', fragmentStep('Person')], type(schema, 'Person'))).not.toContain('on');
  });

  test('one of several operations is changed; the others stay as they are', () => {
    const text = 'query A { thing { id } } mutation B { make(person: {}) { id } }';
    const next = toggled(text, 1, 'query', ['make', 'born'], type(schema, 'String'));
    const [a, b] = operationsOf(next) ?? [];
    expect(a && print(a)).toBe(print(parse('query A { thing { id } }')));
    expect(selectedAt(selectedAt(b?.selectionSet, 'make')?.selectionSet, 'born')).toBeDefined();
  });

  test('ticking twice gives the query it was, whatever the query', () => {
    const names = Object.values(type(schema, 'Person') === undefined ? {} : fieldsOf('Person'));
    const paths = fc
      .tuple(fc.constantFrom('PersonList', 'thing'), fc.constantFrom(...names.map(({ name }) => name)))
      .map((path) => path.filter((_, place) => place === 0 || path[0] === 'PersonList'));
    fc.assert(
      fc.property(fc.array(paths, { maxLength: 6 }), paths, (ticked, path) => {
        const tick = (text: string, at: readonly string[]): string => toggled(text, 0, 'query', at, typeAt(at));
        const text = ticked.reduce(tick, '{\n  PersonList {\n    id\n  }\n  thing {\n    id\n  }\n}\n');
        fc.pre(path.length === 1 || hasParent(text, path));
        // What is ticked for the first time comes last, so that it goes without a trace.
        if (isTicked(text, path)) return;
        expect(tick(tick(text, path), path)).toBe(text);
      }),
    );
  });

  test('a text with a mistake has no operations to change, and is not laid out anew', () => {
    expect(operationsOf('{ PersonList {')).toBeUndefined();
    expect(tidied('{ PersonList {')).toBe('{ PersonList {');
    expect(tidied('{thing{id}}')).toBe('{\n  thing {\n    id\n  }\n}\n');
  });
});

const fieldsOf = (name: string) => {
  const found = type(schema, name);
  return isObjectType(found) ? found.getFields() : {};
};
const typeAt = (path: readonly string[]) => {
  const of = path.length === 1 ? rootOf(schema, 'query')?.getFields() : fieldsOf('Person');
  const found = of?.[path.at(-1) ?? ''];
  return found === undefined ? undefined : getNamedType(found.type);
};
const setAt = (text: string, path: readonly string[]) => {
  const root = operationsOf(text)?.[0]?.selectionSet;
  return path.length === 1 ? root : selectedAt(root, path[0] ?? '')?.selectionSet;
};
const hasParent = (text: string, path: readonly string[]): boolean => setAt(text, path) !== undefined;
const isTicked = (text: string, path: readonly string[]): boolean =>
  selectedAt(setAt(text, path), path.at(-1) ?? '') !== undefined;

describe('an argument that is typed', () => {
  const set = (name: string, typed: string, text = '{ PersonList { id } }'): string =>
    withArgument(text, 0, 'query', ['PersonList'], argument(schema, 'PersonList', name), typed);

  test.each([
    ['name', 'Ada', 'name: "Ada"'],
    ['name', '["a", "b"]', 'name: ["a", "b"]'],
    ['_count', '5', '_count: 5'],
    ['sex', 'male', 'sex: male'],
  ])('%s %s is written as its type is', (name, typed, written) => {
    const text = set(name, typed);
    expect(text).toContain(`(${written})`);
    expect(errors(text)).toEqual([]);
  });

  test('a variable is declared with its type, once', () => {
    const text = set('name', '$who');
    expect(text).toContain('query ($who: [String!])');
    expect(set('name', '$who', text)).toBe(text);
    expect(errors(text)).toEqual([]);
  });

  test('without a text it is taken away; what is no value changes nothing', () => {
    expect(set('name', ' ', set('name', 'Ada'))).toBe('{\n  PersonList {\n    id\n  }\n}\n');
    expect(set('sex', '{', '{ PersonList { id } }')).toBe('{ PersonList { id } }');
  });

  test('what is shown of it is what was typed', () => {
    const strings = fc.string({ minLength: 1 }).filter((text) => text.trim() === text && !/^["[$]/.test(text));
    fc.assert(
      fc.property(strings, (typed) => {
        const value = valueOf(argument(schema, 'PersonList', 'name').type, typed);
        expect(value?.kind).toBe(Kind.STRING);
        expect(value && typedOf(value)).toBe(typed);
      }),
    );
  });
});

describe.each(['r4', 'stu3'] as const)('the examples of GraphQL, %s,', (version) => {
  let schemas: Readonly<Record<'appsync' | 'operation', GraphQLSchema>>;
  beforeAll(async () => {
    schemas = { appsync: built(appsync(version)), operation: built(await operationSchema(version)) };
  });

  test.each(
    graphqlExamples(version, '1').flatMap((each) =>
      (each.surface === undefined ? (['appsync', 'operation'] as const) : [each.surface]).map(
        (surface) => [each.text, surface, each] as const,
      ),
    ),
  )('%s: is valid at %s', (_, surface, { query, variables }) => {
    expect(validate(schemas[surface], parse(query)).map(({ message }) => message)).toEqual([]);
    if (variables !== undefined) expect(() => JSON.parse(variables) as unknown).not.toThrow();
  });
});
