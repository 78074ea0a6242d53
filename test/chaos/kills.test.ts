import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { killAgainAndAgain, type StoreLife } from './support/kills/store-life.js';
import { chanceOf, runs, seed } from './support/seed.js';

// The built server, as `npm start` runs it, is killed at any moment of commits of 1 to 500 entries, of its start and of
// its jobs. What it answered is there afterwards, the rest is there as a whole or not at all.

/** How often the server of one store is killed before another store begins. */
const killsOfStore = 25;
const kills = 6 * runs;

const columns = ['kills', 'answered', 'entries', 'unknown', 'unknownThere', 'jobs', 'told'] as const;
const row = (name: string, life: StoreLife): string =>
  `${name}: ${columns.map((each) => `${each} ${String(life[each])}`).join(', ')}`;

let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(() => receiver.close());

test(`a server killed ${String(kills)} times keeps what it answered, whole (CHAOS_SEED=${String(seed)})`, async () => {
  const all: StoreLife[] = [];
  for (let left = kills; left > 0; left -= killsOfStore) {
    receiver.received.length = 0;
    const options = { kills: Math.min(left, killsOfStore), receiver, chanceOf };
    const life = await killAgainAndAgain(`s${String(all.length)}`, options);
    all.push(life);
    process.stdout.write(`${row(`store ${String(all.length)}`, life)}\n`);
  }
  const sum = (of: keyof StoreLife): number => all.reduce((total, each) => total + each[of], 0);
  process.stdout.write(
    `CHAOS_SEED=${String(seed)} ${row('all', Object.fromEntries(columns.map((each) => [each, sum(each)])) as unknown as StoreLife)}\n`,
  );
  expect(sum('kills')).toBeGreaterThanOrEqual(kills);
  expect(sum('answered') + sum('unknown')).toBeGreaterThan(0); // of a few kills, each may come before the first answer
}, 7_200_000);
