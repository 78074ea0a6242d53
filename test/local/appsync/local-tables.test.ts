import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  addNumbers,
  compareNumbers,
  normalNumber,
  subtractNumbers,
} from '../../../local/appsync/data-sources/dynamodb/decimal.js';
import { localTables } from '../../../local/appsync/data-sources/dynamodb/local-tables.js';
import { contractTables, describeDynamoDbApi } from '../../contract/dynamodb-api.js';

describeDynamoDbApi('tables in memory', () =>
  Promise.resolve({ api: localTables(contractTables()), suffix: '', close: () => Promise.resolve() }),
);

describe('numbers of DynamoDB', () => {
  test.each([
    ['1.500', '1.5'],
    ['-0', '0'],
    ['0100', '100'],
    ['1E3', '1000'],
    ['12.5e-4', '0.00125'],
    ['.5', '0.5'],
  ])('%s is %s', (text, normal) => {
    expect(normalNumber(text)).toBe(normal);
  });

  test.each(['', 'x', '1.2.3', '1e200', '1e-200'])('%j is refused', (text) => {
    expect(() => normalNumber(text)).toThrow(Error);
  });

  test('keep every digit when they are added and taken away again', () => {
    const decimal = fc
      .tuple(fc.bigInt({ min: -(10n ** 16n), max: 10n ** 16n }), fc.integer({ min: -9, max: 9 }))
      .map(([digits, power]) => `${String(digits)}e${String(power)}`);
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        expect(subtractNumbers(addNumbers(a, b), b)).toBe(normalNumber(a));
        expect(Math.sign(compareNumbers(a, b))).toBe(Math.sign(-compareNumbers(b, a)));
        expect(compareNumbers(addNumbers(a, '1'), a)).toBe(1);
      }),
    );
  });
});
