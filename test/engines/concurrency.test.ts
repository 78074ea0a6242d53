import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { fhirVersions } from '../../fhir/version.js';
import { countTogether } from '../chaos/support/concurrency/counters.js';
import { playRounds } from '../chaos/support/concurrency/rounds.js';
import { runs, seed } from '../chaos/support/seed.js';
import { type ServerProcess, startServerProcess } from '../chaos/support/server-process.js';

// Two servers, each a process of its own, on the same tables and indices: clients of either see one order.

let servers: readonly ServerProcess[] = [];
let targets: readonly { readonly port: number; readonly token: string }[];
beforeAll(async () => {
  const environment = {
    ENGINES: 'aws',
    TABLE_PREFIX: `test-${randomUUID()}`,
    LOG_LEVEL: 'error',
  };
  const first = await startServerProcess(environment); // makes the tables
  servers = [first, await startServerProcess(environment)];
  targets = servers.map((server) => ({ port: server.port, token: server.token('practitioner') }));
});
afterAll(() => Promise.all(servers.map((server) => server.close())));

test.each(fhirVersions)(`%s: what clients see has an order (CHAOS_SEED=${String(seed)})`, async (version) => {
  await playRounds({ version, servers: targets, isStrict: false }, 2 * runs);
  for (const server of servers) expect(server.printed()).not.toContain('"level":50');
});

test('eight writers of two counters lose nothing', async () => {
  await countTogether({ version: 'r4', servers: targets, isStrict: false }, 'counters', 3 * runs);
});
