/** What a run spends its time on, in milliseconds by what it does: so that it is known what makes a long one long. */
export interface Spent {
  /** Does something, and adds how long it took. */
  on<Result>(what: string, work: () => Promise<Result>): Promise<Result>;
  /** `starting 12.3 s, looking 4.5 s`, the longest first. */
  told(): string;
}

export function newSpent(): Spent {
  const spent = new Map<string, number>();
  return {
    async on(what, work) {
      const begun = performance.now();
      try {
        return await work();
      } finally {
        spent.set(what, (spent.get(what) ?? 0) + performance.now() - begun);
      }
    },
    told: () =>
      [...spent]
        .toSorted(([, a], [, b]) => b - a)
        .map(([what, milliseconds]) => `${what} ${(milliseconds / 1_000).toFixed(1)} s`)
        .join(', '),
  };
}
