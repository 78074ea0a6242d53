/** A patient of the load, and what is there of it. */
export interface Known {
  readonly id: string;
  /** References to what refers to it, by which it is deleted together with them. */
  readonly others: string[];
  /** The newest version whose write was answered. */
  versionId: number;
  /** Whether a write of it is under way: others leave it alone meanwhile. */
  busy: boolean;
}

/** The patients of the load: so many at most, so that it is the time that grows and not what is searched. */
export class Population {
  readonly #known: Known[] = [];
  readonly most: number;

  constructor(most: number) {
    this.most = most;
  }

  get isFull(): boolean {
    return this.#known.length > this.most;
  }

  get size(): number {
    return this.#known.length;
  }

  add(known: Known): void {
    this.#known.push(known);
  }

  /** Any of them that no write is under way to; undefined when there is none. */
  any(random: () => number): Known | undefined {
    for (let tries = 0; tries < 20; tries += 1) {
      const known = this.#known[Math.floor(random() * this.#known.length)];
      if (known !== undefined && !known.busy) return known;
    }
    return undefined;
  }

  /** Takes the oldest one out; undefined when a write to it is under way. */
  takeOldest(): Known | undefined {
    return this.#known[0]?.busy === false ? this.#known.shift() : undefined;
  }
}
