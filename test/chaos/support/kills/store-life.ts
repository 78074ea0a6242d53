import { mkdtempSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openServers } from '../../../../local/compose.js';
import type { Receiver } from '../../../support/receiver.js';
import { jsonClient } from '../json-client.js';
import type { Chance } from '../seed.js';
import { type ServerProcess, startServerProcess } from '../server-process.js';
import { createAgain, searchAgain, type SeenCommit } from './ask-again.js';
import { beginJob, endedJob, type Job, subscribe, toldOf, wrongJobs } from './left-over.js';
import { type Kills, killWhileStarting, liveUntilKilled, type Pace, type UnknownCommit, type Writer } from './life.js';
import { newPool, reconcile, stillTold } from './pool.js';
import { newSpent } from './spent.js';
import { readState, type StoreState } from './store-state.js';

/** What came of the kills of one store. */
export interface StoreLife extends Kills {
  jobs: number;
  /** Versions that a subscriber was told of. */
  told: number;
}

const versions = ['r4', 'stu3'] as const;
/** After so many kills all of the index is compared; after each, that of what may have been written since the one before. */
const wholeEvery = 5;

/**
 * Kills a server again and again over one store, and looks each time what is there; at the end the server has to finish
 * what it was asked to do.
 * @param name of the store: its chances are called after it.
 * @throws Error telling what is wrong after which kill.
 */
export async function killAgainAndAgain(
  name: string,
  { kills, receiver, chanceOf }: { kills: number; receiver: Receiver; chanceOf: (name: string, at: number) => Chance },
): Promise<StoreLife> {
  const folder = mkdtempSync(join(tmpdir(), 'fhir-kills-'));
  const environment = {
    LOG_LEVEL: 'error',
    SUBSCRIPTION_ENDPOINTS: `${receiver.url}/${name}`,
    SUBSCRIPTION_PRIVATE_ADDRESSES: 'on',
  };
  const writers: readonly Writer[] = [
    { name: 'a', version: 'r4', pool: newPool('a') },
    { name: 'b', version: 'r4', pool: newPool('b') },
    { name: 'c', version: 'stu3', pool: newPool('c') },
  ];
  const done: StoreLife = { kills: 0, answered: 0, entries: 0, unknown: 0, unknownThere: 0, jobs: 0, told: 0 };
  const onWrite = (tell: () => void): (() => void) => {
    const watching = watch(join(folder, 'store'), tell);
    return () => {
      watching.close();
    };
  };
  const jobs: Job[] = [];
  const spent = newSpent();
  const pace: Pace = { one: 10, entry: 2 };
  let tokens: { readonly writer: string; readonly operator: string } | undefined;
  let seen: readonly SeenCommit[] = [];
  const last = new Map<Writer['version'], StoreState>();

  /**
   * What the store holds that nobody has open, compared with what clients know; and what is wrong.
   * @param isWhole whether all of the index is compared, not only that of what may have been written since.
   */
  async function look(
    unknown: readonly UnknownCommit[],
    isWhole: boolean,
  ): Promise<{ states: StoreState[]; wrong: string[] }> {
    const opened = await spent.on('opening', () => openServers(folder, { isCommand: true }));
    const [states, wrong]: [StoreState[], string[]] = [[], []];
    const found: SeenCommit[] = [];
    try {
      for (const version of versions) {
        const before = isWhole ? undefined : last.get(version);
        const also = new Set(
          unknown.flatMap(({ commit }) => commit.writes.map(({ type, id = '' }) => `${type}/${id}`)),
        );
        const state = await spent.on('reading', () => readState(opened.servers[version], before && { before, also }));
        last.set(version, state);
        const pools = writers.filter((writer) => writer.version === version).map(({ pool }) => pool);
        const open = unknown.filter(({ writer }) => writer.version === version);
        const compared = reconcile(pools, open, state);
        found.push(...open.map((each) => ({ unknown: each, isThere: compared.found.has(each.commit) })));
        wrong.push(...[...state.wrong, ...compared.wrong].map((each) => `${version}: ${each}`));
        states.push(state);
      }
    } finally {
      await spent.on('closing', () => opened.close());
    }
    done.unknown += found.length;
    done.unknownThere += found.filter(({ isThere }) => isThere).length;
    seen = found;
    return { states, wrong };
  }

  /** Does something with a server that is started over the store. */
  async function withServer<Result>(
    use: (server: ServerProcess, clients: Clients, token: string) => Promise<Result>,
  ): Promise<Result> {
    const server = await spent.on('starting', () => startServerProcess(environment, folder));
    try {
      const isFirst = tokens === undefined;
      tokens ??= { writer: server.token('practitioner'), operator: server.token('operator') };
      const clients = {
        writer: jsonClient(server.port, tokens.writer),
        operator: jsonClient(server.port, tokens.operator),
      };
      if (isFirst) await subscribe(clients.writer, `${receiver.url}/${name}`);
      const result = await use(server, clients, tokens.writer);
      for (const client of Object.values(clients)) client.close();
      return result;
    } finally {
      await server.close();
    }
  }

  const refuse = (wrong: readonly string[], after: string): void => {
    if (wrong.length > 0) throw new Error(`${after}: ${String(wrong.length)} wrong\n${wrong.slice(0, 10).join('\n')}`);
  };

  async function live(life: string, chance: Chance): Promise<void> {
    const unknown = await withServer(async (server, clients, token) => {
      for (const each of seen)
        refuse(await spent.on('creating again', () => createAgain(each, clients.writer, chance)), life);
      const version = chance.pick(versions);
      refuse(await spent.on('searching', () => searchAgain(writers, version, clients.writer, chance)), life);
      if (jobs.length < 3 && chance.once(4)) {
        const job = await beginJob(chance.pick(['reindex', 'export']), clients);
        if (job !== undefined) jobs.push(job);
      }
      const options = { chance, life, chanceOf, pace, onWrite };
      const lived = await spent.on('living', () => liveUntilKilled(server, token, writers, options));
      refuse([...lived.wrong, ...errorsOf(server)], life);
      done.answered += lived.answered;
      done.entries += lived.entries;
      return lived.unknown;
    });
    done.kills += 1;
    if (chance.once(4)) {
      await spent.on('killing a start', () => killWhileStarting(folder, environment, chance.below(700)));
      done.kills += 1;
    }
    refuse((await look(unknown, done.kills % wholeEvery === 0)).wrong, life);
  }

  async function finish(): Promise<void> {
    const ended = await withServer(async (server, clients) => {
      const all = await Promise.all(jobs.map((job) => endedJob(job, clients)));
      const labels = new Set(writers.filter(({ version }) => version === 'r4').flatMap(({ pool }) => stillTold(pool)));
      await toldOf(receiver.received, `/${name}/`, labels);
      done.told = labels.size;
      for (const version of versions)
        refuse(await searchAgain(writers, version, clients.writer, chanceOf(name, 0)), name);
      refuse(errorsOf(server), name);
      return all;
    });
    done.jobs = ended.length;
    const { states, wrong } = await look([], true);
    const [r4] = states;
    refuse([...wrong, ...(r4 === undefined ? [] : wrongJobs(ended, r4))], `${name}, at the end`);
  }

  for (let at = 0; done.kills < kills; at += 1)
    await live(`${name}.${String(at)}`, chanceOf(`${name}.${String(at)}`, 0));
  await spent.on('finishing', finish);
  process.stdout.write(`${name}: ${spent.told()}\n`);
  rmSync(folder, { recursive: true });
  return done;
}

type Clients = Parameters<typeof endedJob>[1];

/** What a server logged that nobody foresaw. */
const errorsOf = (server: ServerProcess): string[] =>
  server
    .printed()
    .split('\n')
    .filter((line) => /"level":[56]0/.test(line));
