import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { linearizable, type Model, type Timed } from './support/concurrency/linearizable.js';

/** A register: what was written last is read. */
type Operation = { readonly write: number } | { readonly read: number };
const register: Model<{ readonly value: number }, Operation> = {
  initial: { value: 0 },
  step(state, operation) {
    if ('write' in operation) return { value: operation.write };
    return operation.read === state.value ? state : undefined;
  },
  key: ({ value }) => String(value),
};
const at = (began: number, ended: number, operation: Operation): Timed<Operation> => ({ began, ended, operation });
const verdict = (...history: Timed<Operation>[]): string => linearizable(register, history).kind;

describe('a history of a register', () => {
  test('that one after the other made is linearisable', () => {
    expect(verdict(at(1, 2, { write: 1 }), at(3, 4, { read: 1 }))).toBe('linearisable');
  });
  test('in which a read during a write has the old value, and another the new one, is linearisable', () => {
    const write = at(1, 9, { write: 1 });
    expect(verdict(write, at(2, 3, { read: 0 }), at(4, 5, { read: 1 }))).toBe('linearisable');
  });
  test('in which a value comes and goes again is not', () => {
    const write = at(1, 9, { write: 1 });
    expect(verdict(write, at(2, 3, { read: 1 }), at(4, 5, { read: 0 }))).toBe('not linearisable');
  });
  test('that has a read of what was written over before it began is not', () => {
    expect(verdict(at(1, 2, { write: 1 }), at(3, 4, { write: 2 }), at(5, 6, { read: 1 }))).toBe('not linearisable');
  });
  test('with a write that was never answered is linearisable, whether it was done or not', () => {
    const write = at(1, Infinity, { write: 1 });
    expect(verdict(write, at(2, 3, { read: 0 }))).toBe('linearisable');
    expect(verdict(write, at(2, 3, { read: 0 }), at(4, 5, { read: 1 }))).toBe('linearisable');
    expect(verdict(write, at(2, 3, { read: 1 }), at(4, 5, { read: 0 }))).toBe('not linearisable');
  });
});

test('the search says what trying all orders says', () => {
  const operation: fc.Arbitrary<Operation> = fc.oneof(
    fc.record({ write: fc.integer({ min: 1, max: 2 }) }),
    fc.record({ read: fc.integer({ min: 0, max: 2 }) }),
  );
  const timed = fc
    .tuple(operation, fc.integer({ min: 0, max: 12 }), fc.integer({ min: 1, max: 6 }))
    .map(([each, began, took]) => at(began, began + took, each));
  const anyOrder = (left: readonly Timed<Operation>[], state: { readonly value: number }): boolean =>
    left.length === 0 ||
    left.some((each) => {
      if (left.some(({ ended }) => ended < each.began)) return false;
      const after = register.step(state, each.operation);
      return (
        after !== undefined &&
        anyOrder(
          left.filter((other) => other !== each),
          after,
        )
      );
    });
  fc.assert(
    fc.property(fc.array(timed, { maxLength: 7 }), (history) => {
      expect(verdict(...history) === 'linearisable').toBe(anyOrder(history, register.initial));
    }),
    { numRuns: 2_000 },
  );
});
