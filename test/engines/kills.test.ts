import { expect, test } from '@jest/globals';
import { type EngineLife, killOnEngines } from '../chaos/support/kills/engine-life.js';
import { chanceOf, runs, seed } from '../chaos/support/seed.js';

// The built server on DynamoDB and OpenSearch is killed at any call of commits of 1 to 500 entries, and of its start. What
// it answered is there afterwards, the rest is there as a whole or not at all: at once for readers, and in the tables once
// the next server has ended what was left.

const kills = 4 * runs;

test(`a server on the engines killed ${String(kills)} times keeps what it answered, whole (CHAOS_SEED=${String(seed)})`, async () => {
  const life = await killOnEngines({ kills, chanceOf });
  const columns = ['kills', 'answered', 'entries', 'unknown', 'unknownThere', 'leftOpen'] as const;
  const told = columns.map((each: keyof EngineLife) => `${each} ${String(life[each])}`).join(', ');
  process.stdout.write(`CHAOS_SEED=${String(seed)} ${told}\n`);
  expect(life.kills).toBeGreaterThanOrEqual(kills);
  expect(life.unknown).toBeGreaterThan(0);
}, 7_200_000);
