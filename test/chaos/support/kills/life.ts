import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { idIn, type JsonAnswer, type JsonClient, jsonClient } from '../json-client.js';
import type { Chance } from '../seed.js';
import { serverEnvironment, type ServerProcess } from '../server-process.js';
import { planCommit } from './commits.js';
import type { PlannedCommit } from './planned.js';
import type { Pool } from './pool.js';

/** A client of a run: the FHIR version it speaks, and what it alone writes. */
export interface Writer {
  readonly name: string;
  readonly version: 'r4' | 'stu3';
  readonly pool: Pool;
}

/** A commit whose answer did not come. */
export interface UnknownCommit {
  readonly writer: Writer;
  readonly commit: PlannedCommit;
}

/** What came of servers that were killed one after the other. */
export interface Kills {
  kills: number;
  /** Commits that were answered, and the resources they wrote. */
  answered: number;
  entries: number;
  /** Commits whose answer did not come, and how many of them were there all the same. */
  unknown: number;
  unknownThere: number;
}

/** What came of a server's life. */
export interface Life {
  readonly answered: number;
  readonly entries: number;
  readonly unknown: readonly UnknownCommit[];
  /** What was answered as it must not be. */
  readonly wrong: readonly string[];
}

/**
 * When a server is killed: after so many answers, at some part of the time that a commit takes, or when its store
 * was written so many times: in the midst of a commit's pages or steps, or just behind it.
 */
interface Moment {
  readonly kind: 'answer' | 'commit' | 'write';
  readonly count: number;
  /** A hundredth of what the commit may take. */
  readonly part: number;
}

/** How long commits take on this machine, in milliseconds: what is to be killed in the midst of one must know. */
export interface Pace {
  one: number;
  entry: number;
}

/** Learns from a commit of so many entries how long others may take. */
function learn(pace: Pace, entries: number, milliseconds: number): void {
  if (entries === 1) pace.one = (pace.one + milliseconds) / 2;
  else pace.entry = (pace.entry + Math.max(0, milliseconds - pace.one) / entries) / 2;
}

interface BundleAnswer {
  readonly entry?: readonly { readonly response: { readonly status: string; readonly location?: string } }[];
}

/** The ids that the server chose, by the labels of what it wrote. */
export function chosenIds(commit: PlannedCommit, { headers, json }: JsonAnswer): Map<string, string> {
  const entries = (json as BundleAnswer | undefined)?.entry;
  return new Map(
    commit.writes.flatMap(({ id, label }, at): [string, string][] => {
      if (id !== undefined || label === undefined) return [];
      const chosen = idIn(commit.writes.length === 1 ? headers['location'] : entries?.[at]?.response.location);
      return chosen === undefined ? [] : [[label, chosen]];
    }),
  );
}

const moments = ['answer', 'commit', 'write', 'write'] as const;

/** What a life is made of. */
export interface LifeOptions {
  readonly chance: Chance;
  /** Its name: what is written in it is marked by it. */
  readonly life: string;
  readonly chanceOf: (name: string, at: number) => Chance;
  readonly pace: Pace;
  /** Has something told whenever the server's store is written. @returns what ends that. */
  readonly onWrite: (tell: () => void) => () => void;
  /** Whether it is on engines, which may be late on a busy machine. */
  readonly isOnEngines?: boolean;
}

/**
 * Has writers write, each one commit after the other, until the server is killed in the midst of it.
 * @param chance decides what is written and when it is killed.
 */
export async function liveUntilKilled(
  server: ServerProcess,
  token: string,
  writers: readonly Writer[],
  { chance, life, chanceOf, pace, onWrite, isOnEngines = false }: LifeOptions,
): Promise<Life> {
  const moment: Moment = { kind: chance.pick(moments), count: 1 + chance.below(5), part: chance.below(140) };
  const writes = moment.count * (1 + chance.below(8));
  const unknown: UnknownCommit[] = [];
  const wrong: string[] = [];
  let [requests, answered, entries] = [0, 0, 0];
  const over = new AbortController();
  const isOver = (): boolean => over.signal.aborted;
  let tell = (): void => undefined;
  const killed = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const kill = (): void => {
    if (!isOver()) void server.kill().then(tell);
    over.abort();
  };

  async function write(writer: Writer, client: JsonClient): Promise<void> {
    for (let at = 0; !isOver(); at += 1) {
      const mark = `${life}.${writer.name}.${String(at)}`;
      const commit = planCommit(chanceOf(mark, 0), `/${writer.version}`, mark, writer.pool);
      requests += 1;
      const asked = client.ask(commit.request);
      const begun = performance.now();
      if (moment.kind === 'commit' && requests === moment.count) {
        setTimeout(kill, ((pace.one + pace.entry * commit.writes.length) * moment.part) / 100);
      }
      let answer: JsonAnswer;
      try {
        answer = await asked;
      } catch (error) {
        if (!isOver()) wrong.push(`${mark}: ${String(error)}`);
        unknown.push({ writer, commit });
        return;
      }
      answered += 1;
      learn(pace, commit.writes.length, performance.now() - begun);
      if (moment.kind === 'answer' && answered === moment.count) kill();
      if (answer.status === 503 && isOnEngines) {
        unknown.push({ writer, commit }); // an engine did not answer in time: it may be done or not
        return;
      }
      if (answer.status >= 300) {
        wrong.push(`${mark}: ${String(answer.status)} ${JSON.stringify(answer.json).slice(0, 500)}`);
        continue;
      }
      const ids = chosenIds(commit, answer);
      writer.pool.done(commit, (label) => ids.get(label));
      entries += commit.writes.length;
    }
  }

  const clients = writers.map(() => jsonClient(server.port, token));
  const writing = Promise.all(writers.map((writer, at) => write(writer, clients[at] as JsonClient)));
  let written = 0;
  const stopWatching = onWrite(() => {
    if (moment.kind === 'write' && (written += 1) === writes) setTimeout(kill, moment.part / 50);
  });
  const latest = setTimeout(kill, 20_000);
  await killed;
  clearTimeout(latest);
  stopWatching();
  await writing;
  for (const client of clients) client.close();
  return { answered, entries, unknown, wrong };
}

/** Starts a server and kills it some milliseconds later, wherever its start is then. */
export async function killWhileStarting(
  folder: string,
  environment: Readonly<Record<string, string>>,
  milliseconds: number,
): Promise<void> {
  const child = spawn(process.execPath, ['dist/main.js'], {
    env: serverEnvironment(folder, environment),
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  await wait(milliseconds);
  child.kill('SIGKILL');
  await ended;
}
