import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Readable } from 'node:stream';
import { createJobs } from '../../bulk/jobs.js';
import { importKind } from '../../bulk/import-segment.js';
import { type JobSpace, workSegment } from '../../bulk/work-segment.js';
import { searchType } from '../../interactions/search-type.js';
import type { FhirServer } from '../../interactions/server.js';
import { jobItems } from '../../persistence/job.js';
import { defaultTenant } from '../../persistence/keys.js';
import { outputFiles } from '../../persistence/output-files.js';
import { lagging, type LaggingServer } from '../support/lagging.js';
import { callerOf, startTestServer, type TestServer } from '../support/server.js';

// A stream brings the index to what was written, here never: what an import says that is complete must be found where
// strong consistency was asked for.

let embedded: TestServer;
let lag: LaggingServer;
beforeAll(async () => {
  embedded = await startTestServer();
  lag = lagging(embedded.servers.r4);
});
afterAll(async () => {
  await lag.close();
  await embedded.close();
});

const caller = callerOf('practitioner');
const lines = Array.from(
  { length: 25 },
  (_, at) => `{"resourceType":"Patient","id":"c-${String(at)}","active":true}\n`,
);

async function imported(server: FhirServer): Promise<string | undefined> {
  const source = {
    size: () => Promise.resolve(undefined),
    open: (_: string, from: number) => Promise.resolve(Readable.from([Buffer.from(lines.join('')).subarray(from)])),
  };
  const space: JobSpace = {
    items: jobItems(embedded.servers.r4.table, defaultTenant),
    output: outputFiles('/nowhere'), // there is nothing wrong to be told
    kinds: { import: importKind(server, () => source, { lines: 4, step: 8 }) },
    now: Date.now,
    onProblem: () => undefined,
    pause: 0,
  };
  const jobs = createJobs(space, { onBegun: () => undefined });
  const files = [{ type: 'Patient', url: 'x' }];
  const input = { ...caller, inputSource: 'x', files, conditionalCreate: false };
  const id = await jobs.begin({ kind: 'import', principal: caller.principal, request: 'x', input, segments: 1 });
  while ((await workSegment(space, id, 0)) === 'failed');
  return (await space.items.read(id))?.state;
}

const found = async (): Promise<number | undefined> =>
  (await searchType(lag.server, caller, { type: 'Patient', parameters: [], handling: 'strict' })).total;

test('an import is complete when searches find all of it, where writes are strongly consistent', async () => {
  expect([await imported(lag.server), await found()]).toEqual(['complete', 0]);
  // All of it is stored already: a crash before searches saw it comes to the same.
  expect([await imported({ ...lag.server, consistency: 'strong' }), await found()]).toEqual(['complete', 25]);
});
