import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { type Answered, type Asked, troubledClient, type TroubledClient } from '../support/client.js';
import type { Engine } from '../support/engine-faults.js';
import type { EngineCall, Fault } from '../support/fault-proxy.js';
import { type FaultyEngines, startFaultyEngines } from '../support/faulty-engines.js';
import { chanceOf, seed } from '../support/seed.js';
import { type ServerProcess, startServerProcess } from '../support/server-process.js';

// Jobs while the engines are throttled, fail and drop connections: who asks is told to come again, the jobs go on and end
// complete, and the engines are not asked much more often than when nothing is wrong.

let engines: FaultyEngines;
let server: ServerProcess;
let client: TroubledClient;
beforeAll(async () => {
  engines = await startFaultyEngines();
  server = await startServerProcess({ ...engines.environment, AUTH: 'off' });
  client = troubledClient(`http://127.0.0.1:${String(server.port)}`);
  for (let page = 0; page < 4; page += 1) expect((await untilDone(bundle(page))).status).toBe(200);
});
afterAll(async () => {
  await client.close();
  await server.close();
  await engines.close();
});

/** How many resources there are; with S3 one of each bundle is too large for an item. */
const perBundle = 90;
const all = 4 * perBundle;
const bundle = (page: number): Asked => ({
  method: 'POST',
  path: '/r4',
  body: {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: Array.from({ length: perBundle }, (_, at) => {
      const id = `b${String(page)}-${String(at)}`;
      const text = engines.hasS3 && at === 0 ? 'x'.repeat(400_000) : id;
      const resource = { resourceType: 'Basic', id, code: { text } };
      return { resource, request: { method: 'PUT', url: `Basic/${id}` } };
    }),
  },
});

/** Asks until it is no longer told to come again. */
async function untilDone(asked: Asked): Promise<Answered & { readonly tries: number }> {
  for (let tries = 1; ; tries += 1) {
    const answered = await client.send([200, 202], asked);
    if (answered.status !== 503 || tries === 40) return { ...answered, tries };
    await pause(250);
  }
}

/** Begins a job and waits until it has ended. */
async function done(asked: Asked): Promise<Answered> {
  const begun = await untilDone({ ...asked, headers: { prefer: 'respond-async' } });
  expect([begun.status, begun.text]).toEqual([202, begun.text]);
  const { pathname } = new URL(begun.location ?? '');
  for (;;) {
    const answered = await client.send([200, 202], { method: 'GET', path: pathname });
    if (![202, 503].includes(answered.status)) return answered;
    await pause(1_000); // what is asked meanwhile is counted as the job's
  }
}

interface Manifest {
  readonly output: readonly { readonly type: string; readonly url: string; readonly count: number }[];
  readonly error: readonly unknown[];
  readonly resources?: number;
}

async function exported(): Promise<string[]> {
  const { status, text } = await done({ method: 'GET', path: '/r4/$export?_type=Basic' });
  expect([status, text]).toEqual([200, text]);
  const { output, error } = JSON.parse(text) as Manifest;
  expect(error).toEqual([]);
  const ids: string[] = [];
  engines.faultOf = () => undefined;
  for (const { url } of output) {
    const lines = (await (await fetch(url)).text()).split('\n').filter((line) => line !== '');
    ids.push(...lines.map((line) => (JSON.parse(line) as { id: string }).id));
  }
  return ids.sort();
}

/** What jobs do; requests and what goes on beside them do more, but no more of it while a job is under way. */
const ofJobs: Readonly<Record<Engine['name'], RegExp>> = {
  DynamoDB: /^(?:Scan|GetItem|BatchGetItem|PutItem|TransactWriteItems|Query)$/,
  OpenSearch: /_bulk|_count|_refresh|_aliases|^PUT /,
  S3: /object/,
};

/** Calls of an engine that go wrong, one after the other: all of them for a while, of the others one in thirty. */
function outages(lengths: Readonly<Record<Engine['name'], number>>): FaultyEngines['faultOf'] {
  const left: Record<string, number> = { ...lengths };
  return (engine: Engine, call: EngineCall): Fault | undefined => {
    if (!ofJobs[engine.name].test(call.operation)) return undefined;
    const chance = chanceOf(`job ${engine.name} ${call.operation}`, call.at);
    const isOut = (left[engine.name] ?? 0) > 0;
    if (isOut) left[engine.name] = (left[engine.name] ?? 0) - 1;
    else if (!chance.once(30)) return undefined;
    const throttled = engine.answersOf(call)[0];
    if (throttled === undefined || chance.once(4)) return { kind: 'dropped' };
    return { kind: 'answered', answer: throttled };
  };
}

const calls = (): number =>
  Object.entries(engines.take())
    .filter(([name]) => ofJobs[name.split(' ')[0] as Engine['name']].test(name.split(' ').slice(1).join(' ')))
    .reduce((sum, [, count]) => sum + count, 0);

const expectedIds = (): string[] =>
  Array.from({ length: all }, (_, at) => `b${String(Math.floor(at / perBundle))}-${String(at % perBundle)}`).sort();

test.each([
  ['an export', 700, exported, () => expectedIds()],
  [
    '$reindex',
    1_500,
    async (): Promise<unknown> => {
      const { status, text } = await done({ method: 'POST', path: '/r4/$reindex' });
      return [status, (JSON.parse(text) as Manifest).resources, (JSON.parse(text) as Manifest).error];
    },
    () => [200, all, []],
  ],
])(`%s ends complete (CHAOS_SEED=${String(seed)})`, async (name, most, job, expected) => {
  engines.take();
  // Longer than the clients of the engines try by themselves.
  engines.faultOf = outages({ DynamoDB: 6, OpenSearch: 5, S3: 5 });
  expect(await job()).toEqual(expected());
  engines.faultOf = () => undefined;
  const troubled = calls();
  process.stdout.write(`${name}: ${String(troubled)} calls\n`);
  expect(client.wrong).toEqual([]);
  // Some 80 and 160 when nothing is wrong; what goes wrong is tried again, and so is the step it was part of.
  expect(troubled).toBeLessThanOrEqual(most);
});

test('afterwards searches find everything', async () => {
  const { text } = await untilDone({ method: 'GET', path: '/r4/Basic?_summary=count' });
  expect((JSON.parse(text) as { total: number }).total).toBe(all);
});
