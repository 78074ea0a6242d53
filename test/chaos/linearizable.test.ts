import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { linearizable, type Model, type Timed } from './support/concurrency/linearizable.js';
import { type Operation as Told, resources, type ResourceWrite } from './support/concurrency/model.js';

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

describe('a history of resources', () => {
  const done = (...writes: ResourceWrite[]): Told => {
    return { kind: 'write', outcome: 'done', writes, slots: [], references: [], told: '' };
  };
  const put = (id: string, label: string, versionId: number, more: Partial<ResourceWrite> = {}): ResourceWrite => {
    return { id, kind: 'put', label, versionId, ...more };
  };
  const read = (id: string, versionId: number, label?: string): Told => ({ kind: 'read', id, versionId, label });
  const created = (id: string): Told => {
    const slot = { slot: 's', label: 'l', kind: 'create' as const, id, isCreated: true };
    return { kind: 'write', outcome: 'done', writes: [], slots: [slot], references: [], told: '' };
  };
  const referring = (id: string): Told => {
    return { kind: 'write', outcome: 'done', writes: [], slots: [], references: [{ slot: 's', id }], told: '' };
  };
  const together: readonly (readonly [string, string, ...Told[]])[] = [
    [
      'in which a transaction is seen whole',
      'linearisable',
      done(put('a', 'x', 1), put('b', 'x', 1)),
      read('a', 1, 'x'),
    ],
    ['in which a write is lost', 'not linearisable', done(put('a', 'x', 1)), done(put('a', 'y', 1))],
    [
      'in which two hold the same version by If-Match',
      'not linearisable',
      done(put('a', 'w', 1)),
      done(put('a', 'x', 2, { ifMatch: 1 })),
      done(put('a', 'y', 3, { ifMatch: 1 })),
    ],
    [
      'in which a deleted resource is seen',
      'not linearisable',
      done(put('a', 'x', 1)),
      done({ id: 'a', kind: 'delete', label: 'deleted', versionId: 2 }),
      read('a', 2, 'x'),
    ],
    ['in which a conditional create is done twice', 'not linearisable', created('a'), created('b')],
    [
      'in which a conditional reference leads to what has not the criteria',
      'not linearisable',
      created('a'),
      referring('b'),
    ],
  ];
  test.each(together)('%s is %s', (_, verdict, ...operations) => {
    const history = operations.map((operation) => ({ operation, began: 1, ended: 2 }));
    expect(linearizable(resources, history).kind).toBe(verdict);
  });
  test('in which one who saw a part of a transaction does not see the rest of it is not linearisable', () => {
    const history = [
      { operation: done(put('a', 'x', 1), put('b', 'x', 1)), began: 1, ended: 9 },
      { operation: read('a', 1, 'x'), began: 2, ended: 3 },
      { operation: read('b', 0), began: 4, ended: 5 },
    ];
    expect(linearizable(resources, history).kind).toBe('not linearisable');
  });
});
