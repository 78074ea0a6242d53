import { chanceOf, seed } from '../seed.js';
import { playRound, type Target } from './round.js';

/**
 * Plays rounds of eight clients, and prints what they did.
 * @throws Error telling what is wrong in the first round in which something is.
 */
export async function playRounds(target: Target, rounds: number, steps = 15): Promise<void> {
  const outcomes: Record<string, number> = {};
  let operations = 0;
  for (let at = 0; at < rounds; at += 1) {
    const name = `${target.version}-${String(at)}`;
    const round = await playRound(target, name, { clients: 8, steps, chanceOf });
    if (round.wrong.length > 0)
      throw new Error(`Round ${name} of CHAOS_SEED=${String(seed)}:\n${round.wrong.join('\n')}`);
    operations += round.operations;
    for (const [what, count] of Object.entries(round.outcomes)) outcomes[what] = (outcomes[what] ?? 0) + count;
  }
  const told = Object.entries(outcomes).map(([what, count]) => `${what} ${String(count)}`);
  process.stdout.write(
    `CHAOS_SEED=${String(seed)} ${target.version}: rounds ${String(rounds)}, operations ${String(operations)}, ${told.join(', ')}\n`,
  );
}
