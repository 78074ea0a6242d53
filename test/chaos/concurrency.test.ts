import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { fhirVersions } from '../../fhir/version.js';
import { playRounds } from './support/concurrency/rounds.js';
import { countTogether } from './support/concurrency/counters.js';
import { runs, seed } from './support/seed.js';
import { type ServerProcess, startServerProcess } from './support/server-process.js';

// Clients work on the same resources of the built server at the same time, and are answered as if one after the other.

let server: ServerProcess;
let token: string;
beforeAll(async () => {
  server = await startServerProcess({ LOG_LEVEL: 'error' });
  token = server.token('practitioner');
});
afterAll(() => server.close());

test.each(fhirVersions)(
  `%s: what clients see has an order (CHAOS_SEED=${String(seed)})`,
  async (version) => {
    const target = { version, servers: [{ port: server.port, token }], isStrict: true };
    await playRounds(target, 24 * runs); // what went wrong once did so in one of a hundred
    expect(server.printed()).not.toContain('"level":50');
  },
  7_200_000,
);

test.each(fhirVersions)('%s: eight writers of two counters lose nothing', async (version) => {
  const target = { version, servers: [{ port: server.port, token }], isStrict: true };
  await countTogether(target, `counters-${version}`, 4 * runs);
});
