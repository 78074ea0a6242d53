// npm run bench -- [--engines | --base URL --graphql PATH --token T] [--beside URL [--beside-graphql PATH]] [--seconds 8] [--concurrency 8] [--bundles 12] [--entries 200] [--json]
import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { type BareCalls, measureBareCalls } from './bare-calls.js';
import { projectFolder } from '../local/project-folder.js';
import { startEngines, untilFound } from './engines.js';
import { loadTransactions, runLoads, type Target } from './loads.js';
import { fhirHeaders, measure } from './measure.js';
import { otherServer } from './other-server.js';
import { beside } from './peers.js';
import { startReference } from './reference.js';
import { startServer } from './server-process.js';

const { values } = parseArgs({
  options: {
    base: { type: 'string' },
    graphql: { type: 'string' },
    token: { type: 'string' },
    beside: { type: 'string' },
    'beside-graphql': { type: 'string' },
    port: { type: 'string', default: '3999' },
    seconds: { type: 'string', default: '8' },
    concurrency: { type: 'string', default: '8' },
    bundles: { type: 'string', default: '12' },
    entries: { type: 'string', default: '200' },
    json: { type: 'boolean', default: false },
    engines: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
const concurrency = Number(values.concurrency);
if (values.engines && values.base !== undefined) throw new Error('--engines starts a server of its own: leave --base');
const engines = values.engines ? await startEngines() : undefined;
let stop: () => Promise<void> = () => Promise.resolve();
try {
  const started =
    values.base === undefined
      ? await startServer(projectFolder(), Number(values.port), engines?.environment)
      : undefined;
  stop = () => started?.stop() ?? Promise.resolve();
  const base = new URL(values.base ?? `${started?.baseUrl ?? ''}/r4`);
  const besideUrl = values.beside === undefined ? undefined : new URL(values.beside);
  for (const { hostname } of [base, besideUrl ?? base])
    if (!['127.0.0.1', 'localhost', '[::1]'].includes(hostname))
      throw new Error('The benchmark loads only this machine');
  const token = values.token ?? started?.token;
  const root = base.pathname.replace(/\/$/, '');
  const target: Target = {
    pool: new Pool(base.origin, { connections: 64, pipelining: 1 }),
    headers: fhirHeaders(token),
    root,
    graphqlPath: values.graphql ?? `${root}/$graphql`,
    appSyncPath: values.base === undefined ? `${root}/graphql` : undefined,
    seconds,
    concurrency,
  };

  const other = besideUrl === undefined ? undefined : otherServer(besideUrl, target, values['beside-graphql']);

  const say = (figures: object): void => {
    console.log(
      values.json
        ? JSON.stringify(figures)
        : Object.entries(figures)
            .map(([k, v]) => `${k} ${String(v)}`)
            .join(' · '),
    );
  };

  const { server, baseUrl } = await startReference();
  const referencePool = new Pool(baseUrl, { connections: 64, pipelining: 1 });
  const reference = await measure(
    'bare node:http',
    { pool: referencePool, headers: {}, concurrency, seconds: Math.min(seconds, 4) },
    () => ({ method: 'GET', path: '/' }),
  );
  await referencePool.close();
  server.close();
  say({ ...reference });
  const memoryAtStart = started?.memory();
  if (started !== undefined)
    say({ load: 'start to first answer', milliseconds: started.startMilliseconds, memoryMiB: memoryAtStart });
  const peer = (load: string): object => beside(load, engines === undefined ? 'embedded' : 'engines');
  /** How a figure compares with a bare client's calls of the engines. */
  const ofBareCalls = (bare: BareCalls | undefined, load: string, perSecond: number): object => {
    const most = bare?.get(load);
    return most === undefined ? {} : { ofBareCalls: Math.round((perSecond / most) * 100) / 100 };
  };
  /** What the other server reached by the same load in this run. */
  const ofOther = (perSecond: number, others: number | undefined): object =>
    others === undefined ? {} : { other: others, timesOther: Math.round((perSecond / others) * 100) / 100 };
  const bundles = Number(values.bundles);
  const { patients: first, ...transactions } = await loadTransactions(target, bundles, Number(values.entries));
  say({ load: 'transactions', concurrency: 2, entries: values.entries, ...transactions, ...peer('transactions') });
  const patients = [...first];
  if (engines !== undefined || other !== undefined) {
    const small = Math.min(Number(values.entries), 90);
    const { patients: more, ...smaller } = await loadTransactions(target, bundles * 2, small);
    patients.push(...more);
    const others = await other?.transactions(bundles * 2, small);
    const compared = others === undefined ? peer('transactions') : ofOther(smaller.entriesPerSecond, others);
    say({ load: 'transactions', concurrency: 2, entries: small, ...smaller, ...compared });
    const query = '?_type=Patient,Encounter,Condition,Observation&_summary=count';
    const all = first.length * Number(values.entries) + more.length * small;
    say({ load: 'searches find all of it', milliseconds: await untilFound(target, query, all) });
  }
  const index = `${engines?.environment['TABLE_PREFIX'] ?? ''}-r4`;
  const bareCalls =
    engines === undefined ? undefined : await measureBareCalls(engines, index, { concurrency, seconds });
  for (const [load, perSecond] of bareCalls ?? [])
    say({ load: `a bare client's calls: ${load}`, perSecond: Math.round(perSecond) });
  for await (const figures of runLoads(target, patients)) {
    const ofBareHttp = Math.round((figures.perSecond / reference.perSecond) * 1000) / 1000;
    const { load, perSecond } = figures;
    const others = await other?.next();
    const compared = others === undefined ? peer(load) : ofOther(perSecond, others.perSecond);
    say({ ...figures, ofBareHttp, ...ofBareCalls(bareCalls, load, perSecond), ...compared });
  }
  if (started !== undefined)
    say({ load: 'after the loads', memoryMiB: started.memory(), ownMemoryMiB: started.ownMemory() });
  await Promise.all([target.pool.close(), other?.close()]);
} finally {
  await stop(); // also when a load fails: nothing is left listening
  await engines?.stop();
}
