/** What chaos is made of: numbers that a seed gives, always the same ones. */
export interface Chance {
  /** A whole number from 0, below `end`. */
  below(end: number): number;
  /** One of the choices. */
  pick<Choice>(choices: readonly Choice[]): Choice;
  /** Whether something that happens once in so many times happens now. */
  once(inTimes: number): boolean;
}

/** The seed of this run: CHAOS_SEED, or a new one, printed so that the run can be had again. */
export const seed = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
/** How many times as long as usual a run is: CHAOS_RUNS. */
export const runs = Number(process.env['CHAOS_RUNS'] ?? 1);

/** The chance of one thing of a run: the same for the same seed, whatever else the run does. */
export function chanceOf(name: string, at: number): Chance {
  let state = seed ^ 0x9e3779b9;
  for (const letter of `${name} ${String(at)}`) state = Math.imul(state ^ letter.charCodeAt(0), 0x01000193) >>> 0;
  // mulberry32
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 3; i += 1) next();
  const below = (end: number): number => Math.floor(next() * end);
  return {
    below,
    pick<Choice>(choices: readonly Choice[]) {
      return choices[below(choices.length)] as Choice;
    },
    once: (inTimes) => below(inTimes) === 0,
  };
}
