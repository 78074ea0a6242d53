import { expect, test } from '@jest/globals';
import type { IndexingProblem } from '../../indexer/follow.js';
import { sweepTransactions } from '../../indexer/sweep-transactions.js';

test('sweeps again and again, also after one that failed, until it is stopped', async () => {
  const problems: IndexingProblem[] = [];
  let sweeps = 0;
  let third: () => void = () => undefined;
  const reached = new Promise<void>((resolve) => (third = resolve));
  const sweep = (): Promise<number> => {
    sweeps += 1;
    if (sweeps === 3) third();
    return sweeps === 1 ? Promise.reject(new Error('planted')) : Promise.resolve(0);
  };
  const sweeper = sweepTransactions(sweep, (problem) => void problems.push(problem), 1);
  await reached;
  await sweeper.stop();
  const swept = sweeps;
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(sweeps).toBe(swept);
  expect(problems.map(({ what }) => what)).toEqual(['a transaction cannot be ended']);
});

test('does not wait for the next sweep to be stopped', async () => {
  const sweeper = sweepTransactions(
    () => Promise.resolve(0),
    () => undefined,
    3_600_000,
  );
  await new Promise((resolve) => setImmediate(resolve));
  await sweeper.stop();
});
