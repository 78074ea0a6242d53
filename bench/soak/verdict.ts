/** What was measured in a part of a soak. */
export interface Measured {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Milliseconds of processor time of each operation: what else the machine does changes it less than latency. */
  readonly processor: number;
  /** MiB: what the process holds after a collection, and its memory without mapped files. */
  readonly heap: number;
  readonly own: number | undefined;
  readonly errors: number;
}

/** A run that is shorter says nothing about slopes: it is still filling its caches. */
const leastToJudge = 30;
/** How much may be more in an hour: what a collection leaves differs by some MiB from one to the next. */
const mostGrowth = 0.1;
const mostMiB = 10;
/** How much more processor time an operation may take in the last third than in the first. */
const mostWork = 1.5;

/**
 * What is wrong with a soak: errors, and where it was long enough, memory or work that grows.
 * @param minutes one measurement for each minute, in order.
 * @returns a sentence for each; none when all is well.
 */
export function judge(minutes: readonly Measured[]): readonly string[] {
  const wrong: string[] = [];
  const errors = minutes.reduce((sum, each) => sum + each.errors, 0);
  if (errors > 0) wrong.push(`${String(errors)} requests failed`);
  if (minutes.length < leastToJudge) return wrong;
  const warm = minutes.slice(Math.ceil(minutes.length / 5)); // the rest has filled its caches
  const grows = (what: string, values: readonly number[]): void => {
    const hourly = slope(values) * 60;
    if (hourly > Math.max(mostMiB, median(values) * mostGrowth))
      wrong.push(`${what} grows by ${hourly.toFixed(1)} MiB an hour`);
  };
  grows(
    'the heap',
    warm.map(({ heap }) => heap),
  );
  grows(
    'memory',
    warm.flatMap(({ own }) => own ?? []),
  );
  const third = Math.floor(warm.length / 3);
  const work = (part: readonly Measured[]): number => median(part.map(({ processor }) => processor));
  const [first, last] = [work(warm.slice(0, third)), work(warm.slice(-third))];
  if (last > first * mostWork)
    wrong.push(`an operation takes ${last.toFixed(1)} ms of processor time instead of ${first.toFixed(1)}`);
  return wrong;
}

/** How much is added by each step, by least squares; 0 for less than two values. */
export function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let [above, below] = [0, 0];
  for (const [at, value] of values.entries()) {
    above += (at - middle) * (value - mean);
    below += (at - middle) ** 2;
  }
  return below === 0 ? 0 : above / below;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
