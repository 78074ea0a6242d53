import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { OperationOutcomeError } from '../../fhir/outcome.js';
import {
  type FilterExpression,
  type FilterPath,
  operators,
  parseFilterSyntax,
  withSystem,
} from '../../search/filter-syntax.js';

/** An expression without doubt: every join in brackets. */
function shown(expression: FilterExpression): string {
  switch (expression.kind) {
    case 'test':
      return `${shownPath(expression.path)} ${expression.operator} ${expression.value}`;
    case 'not':
      return `not (${shown(expression.expression)})`;
    default:
      return expression.expressions
        .map((each) => `(${shown(each)})`)
        .join(expression.kind === 'all' ? ' and ' : ' or ');
  }
}

const shownPath = ({ name, filter, rest }: FilterPath): string =>
  name + (filter === undefined ? '' : `[${shown(filter)}]`) + (rest === undefined ? '' : `.${shownPath(rest)}`);

describe('the syntax of _filter', () => {
  test.each([
    ['name co "pet"', 'name co pet'],
    ['given eq "peter" and birthdate ge 2014-10-10', '(given eq peter) and (birthdate ge 2014-10-10)'],
    ['code eq http://loinc.org|1234-5', 'code eq http://loinc.org|1234-5'],
    ['subject.name co "pet"', 'subject.name co pet'],
    ['related[type eq "has-component"].target pr true', 'related[type eq has-component].target pr true'],
    [
      'related[type eq has-component].target re Observation/4',
      'related[type eq has-component].target re Observation/4',
    ],
    ['subject:Patient.name eq a', 'subject:Patient.name eq a'],
    ['a eq 1 or b eq 2 and c eq 3', '((a eq 1) or (b eq 2)) and (c eq 3)'],
    ['a eq 1 and b eq 2 or c eq 3', '((a eq 1) and (b eq 2)) or (c eq 3)'],
    ['a eq 1 or (b eq 2 and c eq 3)', '(a eq 1) or ((b eq 2) and (c eq 3))'],
    ['a eq 1 and b eq 2 and c eq 3', '(a eq 1) and (b eq 2) and (c eq 3)'],
    ['not (a eq 1) and b eq 2', '(not (a eq 1)) and (b eq 2)'],
    ['(name eq smith)or(name eq jones)', '(name eq smith) or (name eq jones)'],
    ['  ( a   eq\t1 )  ', 'a eq 1'],
    ['not eq 1', 'not eq 1'],
    ['and eq or and or eq and', '(and eq or) and (or eq and)'],
    ['name eq "a \\"b\\" ) ] \\u00e9"', 'name eq a "b" ) ] é'],
    ['_id eq 1', '_id eq 1'],
    ['part-of.x2 eq 1', 'part-of.x2 eq 1'],
    ['a[b eq 1 or c[d eq 2].e eq 3].f eq 4', 'a[(b eq 1) or (c[d eq 2].e eq 3)].f eq 4'],
  ])('%s', (text, meaning) => {
    expect(shown(parseFilterSyntax(text))).toBe(meaning);
  });

  test.each([
    ['', 1],
    ['name', 5],
    ['name eq', 8],
    ['name eq smith))', 14],
    ['(name eq smith', 15],
    ['name is smith', 6],
    ['name eq smith name eq jones', 15],
    ['name eq smith and', 18],
    ['not name eq smith', 5],
    ['a[b eq 1] eq 2', 10],
    ['a[b eq 1.c eq 2', 12],
    ['1a eq 2', 1],
    ['a.b. eq 2', 5],
    ['a eq "b', 6],
    ['name:exact eq b', 5],
  ])('%s goes wrong at character %i', (text, place) => {
    expect(() => parseFilterSyntax(text)).toThrow(new RegExp(`at character ${String(place)}$`));
  });

  test('is limited in length and depth', () => {
    const status = (text: string): number => {
      try {
        parseFilterSyntax(text);
      } catch (error) {
        if (error instanceof OperationOutcomeError) return error.status;
      }
      return 200;
    };
    const many = (count: number): string => Array.from({ length: count }, () => 'a eq 1').join(' and ');
    expect([status(many(200)), status(many(201))]).toEqual([200, 413]);
    const deep = (depth: number): string => `${'('.repeat(depth)}a eq 1${')'.repeat(depth)}`;
    expect([status(deep(50)), status(deep(51)), status(deep(100_000))]).toEqual([200, 413, 413]);
    const chain = (links: number): string => `${'a.'.repeat(links)}b eq 1`;
    expect([status(chain(50)), status(chain(51)), status(chain(100_000))]).toEqual([200, 413, 413]);
  });

  test('what is written in brackets is read as it was meant', () => {
    const name = fc.constantFrom('a', 'b-c', '_id');
    const { expression } = fc.letrec<{ expression: FilterExpression }>((tie) => ({
      expression: fc.oneof(
        { maxDepth: 4 },
        fc.record({
          kind: fc.constant('test' as const),
          path: fc.record({ name }),
          operator: fc.constantFrom(...operators),
          value: fc.constantFrom('1', 'x|y', 'and'),
          text: fc.constant(''),
        }),
        fc.record({ kind: fc.constant('not' as const), expression: tie('expression') }),
        fc.record({
          kind: fc.constantFrom('all' as const, 'any' as const),
          expressions: fc.tuple(tie('expression'), tie('expression')),
        }),
      ),
    }));
    fc.assert(
      fc.property(expression, (each) => {
        const text = shown(each);
        expect(shown(parseFilterSyntax(shown(parseFilterSyntax(text))))).toBe(shown(parseFilterSyntax(text)));
        expect(flat(parseFilterSyntax(text))).toEqual(flat(each));
      }),
    );
  });

  test('knows short names of code systems', () => {
    expect(['loinc|1', '5.4|ucum|mg', 'other|1', 'loinc', 'toString|1'].map(withSystem)).toEqual([
      'http://loinc.org|1',
      '5.4|http://unitsofmeasure.org|mg',
      'other|1',
      'loinc',
      'toString|1',
    ]);
  });
});

/** Joins of the same kind in each other as one, and without the text. */
function flat(expression: FilterExpression): unknown {
  switch (expression.kind) {
    case 'test':
      return [shownPath(expression.path), expression.operator, expression.value];
    case 'not':
      return { not: flat(expression.expression) };
    default: {
      const { kind } = expression;
      const parts = expression.expressions.flatMap((each, i) =>
        i === 0 && each.kind === kind ? (flat(each) as { parts: unknown[] }).parts : [flat(each)],
      );
      return { kind, parts };
    }
  }
}
