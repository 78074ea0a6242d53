import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type Interval,
  intervalMatches,
  intervalRanges,
  intervalTerms,
  type Prefix,
  prefixes,
  readSortableNumber,
  sortableNumber,
} from '../../search/interval.js';
import { inRange } from '../../search/term.js';

const numbers = fc.double({ noNaN: true });
const interval = fc.oneof(
  fc
    .tuple(fc.integer({ min: -5, max: 5 }), fc.integer({ min: 0, max: 3 }))
    .map(([low, length]) => ({ low, high: low + length })),
  fc.tuple(numbers, numbers).map(([a, b]) => ({ low: Math.min(a, b), high: Math.max(a, b) })),
  fc.integer({ min: -5, max: 5 }).map((low) => ({ low, high: Infinity })),
  fc.integer({ min: -5, max: 5 }).map((high) => ({ low: -Infinity, high })),
);
const matches = (prefix: Prefix, value: Interval, query: Interval): boolean =>
  intervalMatches(value, { prefix, ...query });

describe('intervals', () => {
  test('numbers keep their order as text, and come back from it', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        expect(sortableNumber(a) < sortableNumber(b)).toBe(a < b);
        expect(readSortableNumber(sortableNumber(a))).toBe(a === 0 ? 0 : a);
      }),
    );
  });

  test('the prefixes hold together as the specification defines them, ge and le wider', () => {
    fc.assert(
      fc.property(interval, interval, (value, query) => {
        const holds = Object.fromEntries(prefixes.map((each) => [each, matches(each, value, query)])) as Record<
          Prefix,
          boolean
        >;
        expect(holds.ne).toBe(!holds.eq);
        expect(holds.ge).toBe(!holds.eb);
        expect(holds.le).toBe(!holds.sa);
        if (holds.gt || holds.eq) expect(holds.ge).toBe(true);
        if (holds.lt || holds.eq) expect(holds.le).toBe(true);
        expect(holds.ap).toBe(!holds.sa && !holds.eb);
        if (holds.sa) expect(holds.gt).toBe(true);
        if (holds.eb) expect(holds.lt).toBe(true);
        if (holds.eq) expect(holds.ap && !holds.gt && !holds.lt).toBe(true);
        expect(holds.eq || holds.gt || holds.lt).toBe(true);
        expect(matches('sa', value, query)).toBe(matches('eb', query, value));
        expect(matches('ap', value, query)).toBe(matches('ap', query, value));
      }),
      { numRuns: 1_000 },
    );
  });

  test('the index finds an interval by its terms exactly when it matches, whatever counts as usual', () => {
    fc.assert(
      fc.property(
        interval,
        interval,
        fc.constantFrom(...prefixes),
        fc.constantFrom(0, 1, 2, 1e9),
        (value, query, prefix, usual) => {
          const terms = intervalTerms(value, usual);
          const { ranges } = intervalRanges({ prefix, ...query }, usual);
          expect(terms.some((term) => ranges.some((range) => inRange(term, range)))).toBe(
            matches(prefix, value, query),
          );
        },
      ),
      { numRuns: 5_000 },
    );
  });
});
