import { beforeAll, expect, test } from '@jest/globals';
import { afterPowerCut, type Kept } from './support/power/after-cut.js';
import { canTrace, traceRun, type TracedRun, wrongAfter } from './support/power/cut-again-and-again.js';
import { chanceOf, runs, seed } from './support/seed.js';

// The power goes at any moment of a server's life, from its first start on: what no flush has brought to the disk is lost,
// sector by sector, or is not. What was answered is there. All that the server does to its files is known from its calls.

const traced = canTrace() ? test : test.skip; // where there is no strace, or none is allowed, nothing is known
const cuts = 12 * runs;
const kinds: readonly Kept[] = ['none', 'some', 'some', 'all'];

let run: TracedRun;
beforeAll(async () => {
  if (canTrace()) run = await traceRun(12, chanceOf);
});

traced('the calls tell all that is in the files', () => {
  const { log, left } = run;
  const told = afterPowerCut(log, Infinity, 'all', chanceOf('all', 0));
  expect([...log.mapped].filter((file) => !file.endsWith('lock.mdb'))).toEqual([]); // that one says nothing after a restart
  for (const [file, bytes] of left) {
    if (!log.mapped.has(file)) expect([file, told.get(file)?.equals(bytes)]).toEqual([file, true]);
  }
  expect(log.answers.size).toBe(run.asked.flatMap(({ commits }) => commits).length);
});

traced(`what was answered survives ${String(cuts)} power cuts (CHAOS_SEED=${String(seed)})`, async () => {
  const answers = [...run.log.answers.values()];
  let answered = 0;
  for (let at = 0; at < cuts; at += 1) {
    const chance = chanceOf('cut', at);
    const line = chance.once(3) ? chance.pick(answers) : chance.below(run.log.lines);
    const kept = chance.pick(kinds);
    const found = await wrongAfter(run, line, kept, chance);
    expect([line, kept, found.wrong]).toEqual([line, kept, []]);
    answered += found.answered;
  }
  expect(answered).toBeGreaterThan(0);
});

traced('a server that flushed nothing would be found out', async () => {
  const { log } = run;
  const unflushed = { ...run, log: { ...log, steps: log.steps.filter(({ kind }) => kind !== 'sync') } };
  const looked = wrongAfter(unflushed, Math.max(...log.answers.values()), 'none', chanceOf('unflushed', 0));
  const found = await looked.then(
    ({ wrong }) => wrong.length > 0,
    () => true, // it does not even start
  );
  expect(found).toBe(true);
});
