import { GraphQLError } from 'graphql';
import type { OperationLimits } from './limits.js';

/** A limit of the operation was passed. */
export class LimitError extends GraphQLError {
  override readonly name = 'LimitError';
}

/** What one operation has used of its limits. The first limit passed ends the whole operation, not a field of it. */
export interface Budget {
  /** The limit that was passed, if any. */
  exceeded(): LimitError | undefined;
  /** Counts one run of a resolver. @throws LimitError when a limit is passed, now or before. */
  run(): void;
  /** Counts what a resolver gave, in characters of its JSON. @throws LimitError likewise. */
  took(characters: number): void;
}

/**
 * The budget of one operation, which begins now.
 * @param now the clock in milliseconds.
 */
export function createBudget(limits: OperationLimits, now: () => number = Date.now): Budget {
  const deadline = now() + limits.maxMilliseconds;
  let runs = 0;
  let characters = 0;
  let passed: LimitError | undefined;
  const check = (): void => {
    if (passed === undefined && runs > limits.maxResolvers) {
      passed = new LimitError(`Resolver count exceeds the limit of ${String(limits.maxResolvers)}`);
    } else if (passed === undefined && characters > limits.maxCharacters) {
      passed = new LimitError(`The resolvers gave more than ${String(limits.maxCharacters)} characters`);
    } else if (passed === undefined && now() > deadline) {
      passed = new LimitError(`Execution exceeds the limit of ${String(limits.maxMilliseconds)} ms`);
    }
    if (passed !== undefined) throw passed;
  };
  return {
    exceeded: () => passed,
    run() {
      runs += 1;
      check();
    },
    took(count) {
      characters += count;
      check();
    },
  };
}
