import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Kind, parse, print, type SelectionSetNode } from 'graphql';
import { maySelect, selectedMembers } from '../../resolvers/lambda/selected-members.js';

const membersOf = (
  text: string | undefined,
  path: readonly string[] = [],
  paths: readonly string[] = [],
): readonly string[] | undefined => {
  const members = selectedMembers(text === undefined ? undefined : { text, paths }, path);
  return members && [...members];
};

describe('the members a selection may show are', () => {
  test.each([
    ['fields by their own names', '{ a: birthDate name { family } }', [], ['birthDate', 'name']],
    [
      'those behind a path, of all its selections',
      '{ x: edges { resource { id } } edges { resource { active } } count }',
      ['edges', 'resource'],
      ['id', 'active'],
    ],
    [
      'those of fragments on any type',
      '{ ... on Patient { name { use } } ... on Group @include(if: $g) { code { text } } ... { id } }',
      [],
      ['name', 'code', 'id'],
    ],
    ['none where the path is not selected', '{ count }', ['edges', 'resource'], []],
    ['those of several sets', '{\n  id\n}\n{\n  name {\n    id\n  }\n}', [], ['id', 'name']],
    [
      'not arguments or directives, whatever stands in them',
      '{ ObservationList(_reference: subject, code: "a) { b: \\"c\\"", _sort: ["-date"], x: {y: ")"}) @skip(if: $no) { id } on: status t(a: """ ") } """) }',
      [],
      ['ObservationList', 'status', 't'],
    ],
  ] as const)('%s', (_, text, path, expected) => {
    expect(membersOf(text, path)).toEqual(expected);
  });

  test.each([
    ['without a selection', undefined, []],
    ['where a named fragment stands', '{ id ...Name }', []],
    ['where one stands on the way', '{ edges { resource { id } ...More } }', ['edges', 'resource']],
    ['of what is no selection', '{ id', []],
    ['of what is none at all', 'null', []],
  ] as const)('all %s', (_, text, path) => {
    expect(membersOf(text, path)).toBeUndefined();
  });

  test('all where the text does not have what the paths have', () => {
    const text = '{ a: birthDate edges { it: resource { id } } }';
    expect(membersOf(text, [], ['a', 'edges', 'edges/it', 'edges/it/id'])).toEqual(['birthDate', 'edges']);
    expect(membersOf(text, [], ['a', 'name'])).toBeUndefined();
    expect(membersOf(text, ['edges', 'resource'], ['a', 'edges/it/id'])).toEqual(['id']);
    expect(membersOf(text, ['edges', 'resource'], ['edges/resource/id'])).toBeUndefined();
  });

  const name = fc.constantFrom('id', 'name', 'on', 'edges', 'resource', 'fragment');
  const argument = fc.constantFrom('', '(a: ")}")', '(b: [{c: $d}], e: on)', '(s: """x " ( { """)');
  const directive = fc.constantFrom('', ' @include(if: $x)', ' @a @b(c: "{")');
  const { set } = fc.letrec<{ set: string; selection: string }>((tie) => ({
    set: fc.array(tie('selection'), { minLength: 1, maxLength: 4 }).map((each) => `{ ${each.join(' ')} }`),
    selection: fc.oneof(
      { maxDepth: 4 },
      fc.tuple(fc.constantFrom('', 'x: ', 'on: '), name, argument, directive).map((each) => each.join('')),
      fc.tuple(name, argument, directive, tie('set')).map((each) => each.join('')),
      fc.tuple(fc.constantFrom('...', '... on A', '... on on'), directive, tie('set')).map((each) => each.join(' ')),
    ),
  }));
  test('those that a parser finds', () => {
    fc.assert(
      fc.property(set, (text) => {
        const [definition] = parse(text).definitions;
        if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error('no operation');
        const names = (at: SelectionSetNode): string[] =>
          at.selections.flatMap((each) =>
            each.kind === Kind.FIELD
              ? [each.name.value]
              : each.kind === Kind.INLINE_FRAGMENT
                ? names(each.selectionSet)
                : [],
          );
        const expected = [...new Set(names(definition.selectionSet))];
        expect(membersOf(text)).toEqual(expected);
        expect(membersOf(print(definition.selectionSet))).toEqual(expected);
      }),
    );
  });
});

test.each([
  ['by its name', '{ count next }', ['count', 'next'], true],
  ['by another name', '{ n: count }', ['n'], true],
  ['in a fragment without a name', '{ ... on PatientConnection { n: count } }', ['n'], true],
  ['perhaps in a named fragment', '{ next ...page }', ['next', 'n'], true],
  ['not in a named fragment of which nothing is left to know', '{ next ...page }', ['next'], false],
  ['not where another field has its name', '{ count: next }', ['count'], false],
  ['not below', '{ edges { count } }', ['edges', 'edges/count'], false],
])('a field is selected %s', (_, text, paths, expected) => {
  expect(maySelect({ text, paths }, 'count')).toBe(expected);
});
