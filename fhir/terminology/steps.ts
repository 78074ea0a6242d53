import { unprocessable } from '../outcome.js';

/** About a second of work. */
const most = 40_000_000;

/** What each kind of work takes, in steps of about 25 nanoseconds. */
export const stepsOf = { include: 40, concept: 40, shared: 4, test: 10, instruction: 200 } as const;

/**
 * The steps that working out the value sets of one query may take: a short one may ask for a code system, or a regular expression, many
 * thousand times.
 */
export class Steps {
  private left = most;

  /** @throws OperationOutcomeError 422 `too-costly` when there are none left. */
  spend(steps: number): void {
    this.left -= steps;
    if (this.left < 0) throw unprocessable('too-costly', 'The value set takes more steps than this server works out');
  }
}
