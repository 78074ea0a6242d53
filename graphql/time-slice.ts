import { setImmediate } from 'node:timers/promises';

/** Work that is done in slices, other requests between them. */
export class TimeSlice {
  private readonly longest: number;
  private begun = performance.now();

  /** @param longest so long the event loop is kept, in milliseconds. */
  constructor(longest = 10) {
    this.longest = longest;
  }

  /** Lets others go on when the slice is over. */
  async goOn(): Promise<void> {
    if (performance.now() - this.begun < this.longest) return;
    await setImmediate();
    this.begun = performance.now();
  }
}
