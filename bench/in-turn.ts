import { percentile } from './measure.js';

/** Milliseconds of one call: median of the clock, mean of the processor of what is called. */
export interface Cost {
  readonly clock: number;
  readonly processor: number;
}

/** What is measured of each. */
export interface Calls<Each, Asked> {
  /** Makes the call number `n`, which does not count. */
  readonly prepare: (each: Each, n: number) => Asked;
  readonly call: (each: Each, asked: Asked) => Promise<unknown>;
  /** Milliseconds of processor time that what is called has had. */
  readonly processorTime: (each: Each) => number;
}

/** Calls each in turn, so that what else the machine does meets all of them; the first fifth does not count. */
export async function costsInTurn<Each, Asked>(
  all: readonly Each[],
  times: number,
  { prepare, call, processorTime }: Calls<Each, Asked>,
): Promise<readonly Cost[]> {
  const measured = all.map((each) => ({ each, clock: [] as number[], processor: 0 }));
  const ahead = Math.ceil(times / 5);
  for (let n = 0; n < times + ahead; n += 1) {
    for (const of of measured) {
      const asked = prepare(of.each, n);
      const before = processorTime(of.each);
      const begun = performance.now();
      await call(of.each, asked);
      const milliseconds = performance.now() - begun;
      if (n < ahead) continue;
      of.clock.push(milliseconds);
      of.processor += (processorTime(of.each) - before) / times;
    }
  }
  return measured.map(({ clock, processor }) => ({
    clock: percentile(
      clock.sort((a, b) => a - b),
      0.5,
    ),
    processor,
  }));
}

/** One of a list, far from the one before. @throws Error when it is empty. */
export function spread<Item>(all: readonly Item[], n: number): Item {
  const item = all[(n * 7919) % all.length];
  if (item === undefined) throw new Error('Nothing to choose from');
  return item;
}
