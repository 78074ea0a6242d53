import { describe, expect, test } from '@jest/globals';
import { overBudget, readBudget, timesReference } from '../../bench/cold-start/budget.js';
import type { FunctionRun } from '../../bench/cold-start/function.js';

/** A process whose answers were given when it had taken so much of the processor, in milliseconds. */
const run = (memory: number, ...processor: readonly number[]): FunctionRun => ({
  node: 40,
  init: 100,
  answers: processor.map((each) => ({ status: 200, body: '', milliseconds: 1, processor: each, memory })),
});

describe('the budget of functions', () => {
  const references = [
    { first: 100, warm: 2 },
    { first: 80, warm: 4 },
  ];

  test('is held against the least of all processes, times the least of the reference', () => {
    const found = timesReference([run(70, 320, 324, 328), run(60, 160, 168, 176)], references);
    expect(found).toEqual({ first: 2, warm: 2, memory: 60 });
  });

  test('names each figure that is over it, and what has none', () => {
    const budget = { read: { first: 2, warm: 2, memory: 60 } };
    expect(overBudget('read', { first: 2, warm: 2, memory: 60 }, budget)).toEqual([]);
    expect(overBudget('read', { first: 2.1, warm: 1, memory: 61 }, budget)).toEqual([
      'read: first is 2.1, 2 are allowed',
      'read: memory is 61, 60 are allowed',
    ]);
    expect(overBudget('write', { first: 1, warm: 1, memory: 1 }, budget)).toEqual(['write has no budget']);
  });

  test('is over when nothing was measured', () => {
    expect(overBudget('r4 read', timesReference([], references), readBudget().times)).not.toEqual([]);
  });
});
