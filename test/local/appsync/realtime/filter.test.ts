import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FilterError, passes, passesArguments, readFilter } from '../../../../local/appsync/realtime/filter.js';

const event = {
  title: 'Fever, high',
  severity: 7,
  open: true,
  tags: ['a', 'b', 'c'],
  owner: { name: 'Ann', groups: ['admin'] },
  nothing: null,
};
const holds = (fieldName: string, operator: string, value: unknown): boolean =>
  passes(readFilter({ filterGroup: [{ filters: [{ fieldName, operator, value }] }] }), event);

describe('an operator of a subscription filter', () => {
  test.each([
    ['eq', 'title', 'Fever, high', 'Fever'],
    ['eq', 'severity', 7, '7'],
    ['eq', 'open', true, false],
    ['ne', 'title', 'x', 'Fever, high'],
    ['ne', 'missing', 'x', undefined],
    ['le', 'severity', 7, 6],
    ['lt', 'severity', 8, 7],
    ['ge', 'severity', 7, 8],
    ['gt', 'severity', 6, 7],
    ['gt', 'title', 'Fever', 'Fewer'],
    ['gt', 'severity', 6, '6'],
    ['contains', 'title', 'high', 'low'],
    ['contains', 'tags', 'b', 'd'],
    ['notContains', 'title', 'low', 'high'],
    ['notContains', 'tags', 'd', 'b'],
    ['beginsWith', 'title', 'Fev', 'fev'],
    ['in', 'severity', [6, 7], [1, 2]],
    ['in', 'title', ['Fever, high'], ['Fever']],
    ['notIn', 'severity', [1, 2], [6, 7]],
    ['between', 'severity', [7, 9], [8, 9]],
    ['between', 'title', ['F', 'G'], ['G', 'H']],
    ['containsAny', 'tags', ['x', 'c'], ['x', 'y']],
    ['contains', 'owner.groups', 'admin', 'nurse'],
    ['eq', 'owner.name', 'Ann', 'Bob'],
    ['ne', 'nothing', 'x', undefined],
  ])('%s of %s holds of %j, not of %j', (operator, fieldName, right, wrong) => {
    expect(holds(fieldName, operator, right)).toBe(true);
    if (wrong !== undefined) expect(holds(fieldName, operator, wrong)).toBe(false);
  });

  test.each(['eq', 'le', 'lt', 'ge', 'gt', 'contains', 'beginsWith'])(
    '%s holds of no field that is not there',
    (each) => {
      expect(holds('missing', each, 'x')).toBe(false);
      expect(holds('title.missing', each, 'x')).toBe(false);
      expect(holds('toString', each, 'x')).toBe(false);
    },
  );

  test('orders and their negations are complete over numbers', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (a, b) => {
        const of = (operator: string, value: unknown): boolean =>
          passes(readFilter({ filterGroup: [{ filters: [{ fieldName: 'n', operator, value }] }] }), { n: a });
        expect(of('le', b)).toBe(a <= b);
        expect(of('ge', b)).toBe(a >= b);
        expect(of('lt', b)).toBe(!of('ge', b));
        expect(of('gt', b)).toBe(!of('le', b));
        expect(of('eq', b)).toBe(!of('ne', b));
        expect(of('in', [b])).toBe(!of('notIn', [b]));
        expect(of('between', [b, b])).toBe(of('eq', b));
      }),
    );
  });
});

describe('a subscription filter', () => {
  test('passes an event of which all rules of one filter hold', () => {
    const value = fc.integer({ min: 0, max: 2 });
    const rule = fc.record({
      fieldName: fc.constantFrom('a', 'b'),
      operator: fc.constantFrom('eq', 'ne', 'lt', 'gt'),
      value,
    });
    const group = fc.array(fc.record({ filters: fc.array(rule, { maxLength: 3 }) }), { maxLength: 3 });
    const isTrue = { eq: (x: number, y: number) => x === y, ne: (x: number, y: number) => x !== y } as const;
    const all = { ...isTrue, lt: (x: number, y: number) => x < y, gt: (x: number, y: number) => x > y };
    fc.assert(
      fc.property(group, fc.record({ a: value, b: value }), (filterGroup, told) => {
        const expected = filterGroup.some(({ filters }) =>
          filters.every((each) => all[each.operator](told[each.fieldName], each.value)),
        );
        expect(passes(readFilter({ filterGroup }), told)).toBe(expected);
      }),
    );
  });

  test.each([
    ['no object', 'x', 'filterGroup'],
    ['no group', {}, 'filterGroup'],
    ['a group without filters', { filterGroup: [{}] }, '"filters"'],
  ])('that is %s is refused', (_, given, why) => {
    expect(() => readFilter(given)).toThrow(FilterError);
    expect(() => readFilter(given)).toThrow(why);
  });

  test.each([
    ['more than 5 values of in', 'in', [1, 2, 3, 4, 5, 6], '1 to 5'],
    ['more than 5 values of notIn', 'notIn', [1, 2, 3, 4, 5, 6], '1 to 5'],
    ['more than 20 values of containsAny', 'containsAny', Array.from({ length: 21 }, (__, n) => n), '1 to 20'],
    ['no values of in', 'in', [], '1 to 5'],
    ['one end of between', 'between', [1], 'a list of two'],
    ['a number for beginsWith', 'beginsWith', 1, 'a string'],
    ['a boolean for lt', 'lt', true, 'a string or a number'],
    ['an operator that is none', 'like', 'x', 'is no operator'],
    ['an operator of objects', 'toString', 'x', 'is no operator'],
  ])('with %s is refused', (_, operator, value, why) => {
    expect(() => holds('f', operator, value)).toThrow(why);
  });

  test('reads fields nested up to five levels', () => {
    expect(() => holds('a.b.c.d.e', 'eq', 1)).not.toThrow();
    expect(() => holds('a.b.c.d.e.f', 'eq', 1)).toThrow('deeper than 5 levels');
    expect(() => holds('a'.repeat(257), 'eq', 1)).toThrow('256 characters');
  });
});

test('without a filter each argument that was given equals the field of its name', () => {
  expect(passesArguments({}, event)).toBe(true);
  expect(passesArguments({ severity: 7, title: 'Fever, high' }, event)).toBe(true);
  expect(passesArguments({ severity: 7, title: 'x' }, event)).toBe(false);
  expect(passesArguments({ missing: null, nothing: null }, event)).toBe(true);
  expect(passesArguments({ severity: null }, event)).toBe(false);
});
