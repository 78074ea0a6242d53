import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { orderKey } from '../../../search/opensearch/order-key.js';

const id = fc.stringMatching(/^[A-Za-z0-9.-]{1,64}$/);

test('Keys never contradict the order of ids, and are numbers that JSON holds', () => {
  fc.assert(
    fc.property(id, id, (a, b) => {
      const [first = '', second = ''] = [a, b].toSorted();
      expect(orderKey(first)).toBeLessThanOrEqual(orderKey(second));
      expect(Number.isSafeInteger(orderKey(a))).toBe(true);
      expect(orderKey(a)).toBeGreaterThanOrEqual(0);
    }),
  );
});

test('Ids that differ in their first eight characters have keys that differ', () => {
  expect(orderKey('0a1b2c3d-1')).not.toBe(orderKey('0a1b2c3e-1'));
  expect(orderKey('0a1b2c3d-1')).toBe(orderKey('0a1b2c3d-2'));
});
