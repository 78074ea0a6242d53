// npm run soak -- [--minutes 60] [--rate 40] [--engines] [--port 3996] [--seed 1] [--patients 300]
// Mixed loads for a long time on a server of its own, a row each minute; at the end a verdict: errors, versions that
// nobody was told of, sockets that stay, memory or processor time of an operation that grows. Exits with 1 when anything is wrong.
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { projectFolder } from '../local/project-folder.js';
import { startEngines } from './engines.js';
import { fhirHeaders, percentile } from './measure.js';
import { randomFrom } from './random.js';
import { startServer, type ServerProcess } from './server-process.js';
import { Counter } from './soak/counter.js';
import { operations, type Soaked } from './soak/operations.js';
import { Population } from './soak/population.js';
import { subscribe } from './soak/subscriber.js';
import { Telling } from './soak/telling.js';
import { judge, type Measured } from './soak/verdict.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    rate: { type: 'string', default: '40' },
    engines: { type: 'boolean', default: false },
    port: { type: 'string', default: '3996' },
    seed: { type: 'string', default: '1' },
    patients: { type: 'string', default: '300' },
  },
});
const minutes = Number(values.minutes);
const rate = Number(values.rate);
const workers = 4;
const mebibytes = (bytes: number): number => Math.round((bytes / 2 ** 20) * 10) / 10;

/** What `soak/watch.mjs` tells of a process. */
interface Condition {
  readonly rss: number;
  readonly heapUsed: number;
  /** Milliseconds of processor time since the start. */
  readonly cpu: number;
  readonly resources: Readonly<Record<string, number>>;
}
const conditionOf = async (server: ServerProcess): Promise<Condition> => (await server.ask()) as Condition;
const socketsOf = ({ resources }: Condition): number => resources['TCPSocketWrap'] ?? 0;

async function soak(server: ServerProcess): Promise<readonly string[]> {
  const random = randomFrom(Number(values.seed));
  const pool = new Pool(server.baseUrl, { connections: workers * 2, pipelining: 1 });
  const telling = new Telling();
  const counter = new Counter();
  const population = new Population(Number(values.patients));
  const soaked: Soaked = {
    pool,
    headers: fhirHeaders(server.token),
    root: '/r4',
    population,
    random,
    onWritten: (id, versionId) => {
      telling.onWritten(id, versionId);
    },
  };
  const atStart = await conditionOf(server);
  const realtime = `${server.baseUrl.replace('http', 'ws')}/r4/graphql/realtime`;
  const listener = await subscribe(realtime, server.token, 'Patient', ({ id, versionId }) => {
    telling.onTold(id, versionId);
  });
  const until = performance.now() + minutes * 60_000;
  const isOver = (): boolean => performance.now() >= until;

  async function work(worker: number): Promise<void> {
    const between = (workers * 1000) / rate;
    for (let due = performance.now() + (worker * between) / workers; !isOver(); due += between) {
      await wait(Math.max(0, due - performance.now()));
      due = Math.max(due, performance.now() - 1_000); // what it is behind is not made up for
      let chosen = random() * operations.reduce((sum, [, weight]) => sum + weight, 0);
      const [name, , operation] = operations.find(([, weight]) => (chosen -= weight) < 0) ?? operations[0] ?? [];
      if (operation === undefined) continue;
      const begun = performance.now();
      try {
        await operation(soaked);
        counter.latencies.push(performance.now() - begun);
      } catch (error) {
        counter.failed(name ?? '', error);
      }
    }
  }

  /** Connections that come and go, as those of browsers do. */
  async function visit(): Promise<void> {
    while (!isOver()) {
      try {
        const visitor = await subscribe(realtime, server.token, 'Observation', () => undefined);
        await Promise.race([visitor.next(), wait(5_000)]);
        await visitor.close();
      } catch (error) {
        counter.failed('subscription', error);
      }
      await wait(500);
    }
  }

  const rows: Measured[] = [];
  async function tellMinutes(): Promise<void> {
    console.log(
      '| minute | a second | p50 / p99 ms | processor ms each | heap MiB | own memory MiB | resident MiB | sockets | patients | told | errors |',
    );
    console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |');
    let begun = performance.now();
    let { cpu: spent } = await conditionOf(server);
    for (let minute = 1; !isOver(); minute += 1) {
      await wait(Math.min(60_000, Math.max(1, until - performance.now())));
      const seconds = (performance.now() - begun) / 1000;
      begun = performance.now();
      const { latencies, errors, firstError } = counter.take();
      const condition = await conditionOf(server);
      const row: Measured = {
        perSecond: Math.round((latencies.length / seconds) * 10) / 10,
        p50: percentile(latencies, 0.5),
        p99: percentile(latencies, 0.99),
        processor: Math.round(((condition.cpu - spent) / Math.max(1, latencies.length)) * 10) / 10,
        heap: mebibytes(condition.heapUsed),
        own: server.ownMemory(),
        errors,
      };
      spent = condition.cpu;
      rows.push(row);
      const cells = [
        minute,
        row.perSecond,
        `${String(row.p50)} / ${String(row.p99)}`,
        row.processor,
        row.heap,
        row.own ?? '',
        mebibytes(condition.rss),
        socketsOf(condition),
        population.size,
        telling.told,
        errors,
      ];
      console.log(`| ${cells.map(String).join(' | ')} |`);
      if (firstError !== '') console.log(firstError);
    }
  }

  await Promise.all([tellMinutes(), visit(), ...Array.from({ length: workers }, (_, worker) => work(worker))]);
  await atMost(30_000, () => Promise.resolve(telling.untold === 0));
  const untold = telling.untold;
  await listener.close();
  await pool.close();
  let left = 0;
  await atMost(15_000, async () => (left = socketsOf(await conditionOf(server)) - socketsOf(atStart)) <= 0);
  const late = counter.take();
  return [
    ...judge(rows),
    ...(late.errors > 0 ? [`${String(late.errors)} requests failed at the end: ${late.firstError}`] : []),
    ...(untold > 0 ? [`${String(untold)} versions were written and nobody was told`] : []),
    ...(left > 0 ? [`${String(left)} sockets stayed open`] : []),
  ];
}

/** Waits until something holds, for so many milliseconds at most. */
async function atMost(patience: number, holds: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + patience; !(await holds()) && performance.now() < end;) await wait(100);
}

const engines = values.engines ? await startEngines() : undefined;
try {
  const server = await startServer(
    projectFolder(),
    Number(values.port),
    engines?.environment,
    new URL('soak/watch.mjs', import.meta.url).href,
  );
  try {
    const wrong = await soak(server);
    for (const each of wrong) console.log(`Wrong: ${each}`);
    if (wrong.length === 0) console.log('Nothing is wrong');
    process.exitCode = wrong.length === 0 ? 0 : 1;
  } finally {
    await server.stop();
  }
} finally {
  await engines?.stop();
}
