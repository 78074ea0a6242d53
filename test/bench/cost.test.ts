import { expect, test } from '@jest/globals';
import { operations, together } from '../../bench/cost/operations.js';
import { pages, readPage } from '../../bench/cost/page.js';
import { heatOf, historyShards } from '../../bench/cost/scale.js';

test.each(pages)('docs/%s.md has the tables that are reckoned: npm run bench:cost -- --write', async (name, blocks) => {
  const reckoned = blocks();
  const { now, made } = await readPage(name, reckoned);
  expect([...now.matchAll(/<!-- block (\w+) -->/g)].map(([, block]) => block).sort()).toEqual(
    Object.keys(reckoned).sort(),
  );
  expect(made).toBe(now);
});

test('larger resources cost more, where units go by size', () => {
  const costs = ([1, 9] as const).map((kilobytes) => operations(kilobytes).map(together));
  const [small = [], large = []] = costs;
  expect(large.every((cost, at) => cost >= (small[at] ?? Infinity))).toBe(true);
  const tableOf = (kilobytes: number): number | undefined =>
    operations(kilobytes).find(({ name }) => name === 'creates by REST')?.table;
  expect([tableOf(1), tableOf(9)]).toEqual([1.25, 6.25]);
});

test('no partition of the history index is hot at half of what they give together, all are at twice', () => {
  const whole = historyShards * 1_000;
  expect(heatOf(whole / 2, 4)).toMatchObject({ hot: 0, late: 0 });
  const { hot, late } = heatOf(whole * 2, 4);
  expect([hot, Math.round(late)]).toEqual([100, 50]);
});
