import { describe, expect, test } from '@jest/globals';
import { judge, type Measured, slope } from '../../../bench/soak/verdict.js';

const minute = (more: Partial<Measured> = {}): Measured => ({
  perSecond: 20,
  p50: 10,
  p99: 50,
  processor: 10,
  heap: 60,
  own: 140,
  errors: 0,
  ...more,
});
const minutes = (count: number, of: (at: number) => Partial<Measured> = () => ({})): Measured[] =>
  Array.from({ length: count }, (_, at) => minute(of(at)));

describe('a soak', () => {
  test('that stays as it is has nothing wrong', () => {
    expect(judge(minutes(60, (at) => ({ heap: 60 + (at % 3), processor: 8 + (at % 5), p50: at })))).toEqual([]);
  });

  test('may fill its caches at its beginning', () => {
    expect(judge(minutes(60, (at) => ({ heap: Math.min(60, 30 + at * 3), own: Math.min(140, 90 + at * 5) })))).toEqual(
      [],
    );
  });

  test.each([
    ['a heap', (at: number) => ({ heap: 60 + at * 0.3 }), 'the heap grows by 18.0 MiB an hour'],
    ['memory', (at: number) => ({ own: 140 + at * 0.5 }), 'memory grows by 30.0 MiB an hour'],
  ])('with %s that grows has it said', (_, of, sentence) => {
    expect(judge(minutes(60, of))).toEqual([sentence]);
  });

  test('whose operations get dearer has it said', () => {
    expect(judge(minutes(60, (at) => ({ processor: 10 + at })))).toEqual([
      'an operation takes 62.0 ms of processor time instead of 30.0',
    ]);
  });

  test('that is short is judged by its errors alone', () => {
    expect(judge(minutes(9, (at) => ({ heap: 60 + at * 10, errors: at === 3 ? 2 : 0 })))).toEqual([
      '2 requests failed',
    ]);
  });
});

test('the slope of a line is what it grows by each step', () => {
  expect(slope([1, 3, 5, 7])).toBeCloseTo(2);
  expect(slope([4])).toBe(0);
});
