import { conflict } from '../fhir/outcome.js';

/** So many lost races in a row mean that something else is wrong, or that the client should slow down. */
const attempts = 60;

/**
 * Tries a read-decide-commit cycle until it no longer loses the race against other writes, with growing jitter.
 * @param attempt gives its result, or `undefined` when its commit met another write and all must be decided again.
 * @throws OperationOutcomeError 409 after too many lost races; whatever `attempt` throws.
 */
export async function retryLostRaces<Result>(attempt: () => Promise<Result | undefined>): Promise<Result> {
  for (let lost = 0; lost < attempts; lost += 1) {
    const result = await attempt();
    if (result !== undefined) return result;
    await pause(Math.random() * Math.min(2 ** lost, 50));
  }
  throw conflict('Other writes kept getting in between; nothing was written, try again');
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
