import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Answered, type Asked, troubledClient, type TroubledClient } from '../support/client.js';
import { dynamoDb, type Engine, openSearch } from '../support/engine-faults.js';
import type { EngineAnswer, Fault } from '../support/fault-proxy.js';
import { type FaultyEngines, startFaultyEngines } from '../support/faulty-engines.js';
import { type ServerProcess, startServerProcess } from '../support/server-process.js';

// An engine that is out: every request that needs it ends, is told to come again, and does not make it worse by asking
// over and over.

let engines: FaultyEngines;
let server: ServerProcess;
let client: TroubledClient;
let id = '';
beforeAll(async () => {
  engines = await startFaultyEngines();
  server = await startServerProcess({ ...engines.environment, AUTH: 'off', REQUEST_TIMEOUT: '2' });
  client = troubledClient(`http://127.0.0.1:${String(server.port)}`);
  const made = await untilDone({ method: 'POST', path: '/r4/Patient', body: { resourceType: 'Patient' } });
  ({ id } = JSON.parse(made.text) as { id: string });
});
afterAll(async () => {
  await client.close();
  await server.close();
  await engines.close();
});

/** Asks until it is no longer told to come again: a busy machine may take longer than the server has. */
async function untilDone(asked: Asked): Promise<Answered> {
  for (let tries = 1; ; tries += 1) {
    const answered = await client.send([200, 201], asked);
    if (answered.status !== 503 || tries === 20) return answered;
  }
}

const bundle = (entries: number): object => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: Array.from({ length: entries }, () => ({
    resource: { resourceType: 'Basic', code: { text: 'x' } },
    request: { method: 'POST', url: 'Basic' },
  })),
});

const patient = (): object => ({ resourceType: 'Patient', id });
const ofStore = (): readonly Asked[] => [
  { method: 'GET', path: `/r4/Patient/${id}` },
  { method: 'GET', path: `/r4/Patient/${id}/_history` },
  { method: 'POST', path: '/r4/Patient', body: { resourceType: 'Patient' } },
  { method: 'PUT', path: `/r4/Patient/${id}`, body: patient() },
  { method: 'DELETE', path: `/r4/Patient/${id}` },
  { method: 'POST', path: '/r4', body: bundle(3) },
  { method: 'POST', path: '/r4', body: bundle(110) },
];
const ofIndex = (): readonly Asked[] => [
  { method: 'GET', path: '/r4/Patient?_count=5' },
  { method: 'GET', path: '/r4/Patient?_total=accurate&_count=1&name=x' },
  { method: 'GET', path: '/r4/Observation?subject.name=x' },
  {
    method: 'POST',
    path: '/r4/Patient',
    body: { resourceType: 'Patient' },
    headers: { 'if-none-exist': 'identifier=urn:x|1' },
  },
];

/** Of the stream's reader, which goes on beside the requests. */
const besides = /GetRecords|GetShardIterator|DescribeStream|DescribeTable|_bulk|_alias/;
/** One call is tried four times by the SDK, and a transaction's writes again and again while others are in the way. */
const mostCalls = 8;
const mostOfTransactions = 60;

const answer = (engine: Engine, at: number): EngineAnswer => {
  const call = { operation: '', at: 0, path: '', body: Buffer.from('{}') };
  const found = engine.answersOf(call)[at];
  if (found === undefined) throw new Error('There is no such answer');
  return found;
};

describe.each([
  [dynamoDb, ofStore],
  [openSearch, ofIndex],
] as const)('$name', (engine, requests) => {
  const kinds: readonly (readonly [string, Fault])[] = [
    ...[0, 3, 4, 5].map((at): [string, Fault] => {
      const given = answer(engine, at);
      return [`${String(given.status)} ${given.body.slice(0, 60)}`, { kind: 'answered', answer: given }];
    }),
    ['drops every connection', { kind: 'dropped' }],
    ['never answers', { kind: 'silent' }],
  ];

  test.each(kinds)('%s', async (_, fault) => {
    engines.faultOf = (of, { operation }) => (of === engine && !besides.test(operation) ? fault : undefined);
    engines.take();
    const asked = requests();
    const answers = await Promise.all(asked.map((each) => client.send([], each)));
    const calls = Object.entries(engines.take()).filter(
      ([name]) => name.startsWith(engine.name) && !besides.test(name),
    );
    engines.faultOf = () => undefined;
    expect(client.wrong.splice(0)).toEqual([]);
    expect(answers.map(({ status }) => status)).toEqual(asked.map(() => 503));
    const all = calls.reduce((sum, [, count]) => sum + count, 0);
    process.stdout.write(`${engine.name}: ${JSON.stringify(calls)}\n`);
    expect(all).toBeLessThanOrEqual(asked.length * mostCalls);
  });
});

test('transactions that DynamoDB keeps refusing are tried a bounded number of times', async () => {
  engines.faultOf = (of, call) =>
    of === dynamoDb && call.operation === 'TransactWriteItems'
      ? { kind: 'answered', answer: dynamoDb.answersOf(call).at(-4) ?? { status: 500, headers: {}, body: '' } }
      : undefined;
  engines.take();
  await client.send([], { method: 'POST', path: '/r4', body: bundle(3) });
  const { 'DynamoDB TransactWriteItems': calls = 0 } = engines.take();
  engines.faultOf = () => undefined;
  process.stdout.write(`TransactWriteItems: ${String(calls)}\n`);
  expect(client.wrong.splice(0)).toEqual([]);
  expect(calls).toBeLessThanOrEqual(mostOfTransactions);
});

test('afterwards all is as before', async () => {
  for (const each of [...ofStore().slice(0, 4), ...ofIndex()]) {
    const { status } = await untilDone(each);
    expect([each.path, [200, 201].includes(status)]).toEqual([each.path, true]);
  }
  expect(client.wrong).toEqual([]);
});
