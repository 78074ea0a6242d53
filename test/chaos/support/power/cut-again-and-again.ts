import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openServers } from '../../../../local/compose.js';
import { type JsonAnswer, jsonClient } from '../json-client.js';
import { planCommit } from '../kills/commits.js';
import { chosenIds } from '../kills/life.js';
import type { PlannedCommit } from '../kills/planned.js';
import { newPool, type Pool, reconcile } from '../kills/pool.js';
import { readState } from '../kills/store-state.js';
import type { Chance } from '../seed.js';
import { startServerProcess } from '../server-process.js';
import { afterPowerCut, type Kept } from './after-cut.js';
import { type DiskLog, readDiskLog, tracedCalls } from './disk-log.js';

/** What a client asked for, in its order, and what it was answered. */
interface Asked {
  readonly version: 'r4' | 'stu3';
  readonly name: string;
  readonly commits: { readonly commit: PlannedCommit; readonly answer: JsonAnswer }[];
}

/** A run of a server with all that it did to its folder. */
export interface TracedRun {
  readonly log: DiskLog;
  readonly asked: readonly Asked[];
  /** The files of the folder at the end, by their paths below it. */
  readonly left: ReadonlyMap<string, Buffer>;
}

/** Whether calls of processes can be traced here. */
export const canTrace = (): boolean => spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;

/** Runs a server in an empty folder, has clients write at the same time, so many commits each, and ends it. */
export async function traceRun(commits: number, chanceOf: (name: string, at: number) => Chance): Promise<TracedRun> {
  const place = mkdtempSync(join(tmpdir(), 'fhir-power-'));
  const [folder, file] = [join(place, 'data'), join(place, 'log')];
  mkdirSync(folder);
  const strace = [
    'strace',
    '-D',
    '-f',
    '-y',
    '-xx',
    '-s',
    '100000000',
    '-o',
    file,
    '-e',
    `trace=${tracedCalls.join()}`,
  ];
  try {
    const server = await startServerProcess({ AUTH: 'off', LOG_LEVEL: 'error' }, folder, strace);
    const asked: readonly Asked[] = [
      { version: 'r4', name: 'a', commits: [] },
      { version: 'r4', name: 'b', commits: [] },
      { version: 'stu3', name: 'c', commits: [] },
    ];
    try {
      await Promise.all(asked.map((each) => ask(server.port, each, commits, chanceOf)));
    } finally {
      await server.close();
    }
    while (!/\+\+\+ exited with \d+ \+\+\+\n$/.test(readFileSync(file, 'latin1').slice(-200))) await pause(50);
    const log = readDiskLog(readFileSync(file, 'latin1'), folder);
    return { log, asked, left: filesOf(folder, log) };
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

async function ask(
  port: number,
  { version, name, commits }: Asked,
  count: number,
  chanceOf: (name: string, at: number) => Chance,
): Promise<void> {
  const client = jsonClient(port, '');
  const pool = newPool(name);
  for (let at = 0; at < count; at += 1) {
    const mark = `power.${name}.${String(at)}`;
    const commit = planCommit(chanceOf(mark, 0), `/${version}`, mark, pool);
    const { request } = commit;
    const answer = await client.ask({ ...request, headers: { ...request.headers, 'x-request-id': mark } });
    if (answer.status >= 300) throw new Error(`${mark}: ${String(answer.status)} ${answer.text.slice(0, 500)}`);
    take(pool, { commit, answer });
    commits.push({ commit, answer });
  }
  client.close();
}

function take(pool: Pool, { commit, answer }: Asked['commits'][number]): void {
  const ids = chosenIds(commit, answer);
  pool.done(commit, (label) => ids.get(label));
}

/** Those files of a folder that a log names and that are there. */
function filesOf(folder: string, { steps }: DiskLog): Map<string, Buffer> {
  const names = new Set(steps.flatMap((step) => ('to' in step ? [step.file, step.to] : [step.file])));
  const found = [...names].filter((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.isFile() === true);
  return new Map(found.map((name) => [name, readFileSync(join(folder, name))]));
}

/** What is wrong with the store that a power cut at some line of the log leaves. */
export async function wrongAfter(
  { log, asked }: TracedRun,
  line: number,
  kept: Kept,
  chance: Chance,
): Promise<{ readonly wrong: readonly string[]; readonly answered: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'fhir-power-'));
  try {
    for (const [name, bytes] of afterPowerCut(log, line, kept, chance)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), bytes);
    }
    const wrong: string[] = [];
    let answered = 0;
    const opened = await openServers(folder, { isCommand: true });
    try {
      for (const version of ['r4', 'stu3'] as const) {
        const state = await readState(opened.servers[version]);
        const clients = asked
          .filter((each) => each.version === version)
          .map(({ name, commits }) => {
            const writer = { pool: newPool(name) };
            const known = commits.filter(({ commit }) => (log.answers.get(commit.mark) ?? Infinity) <= line);
            for (const each of known) take(writer.pool, each);
            answered += known.length;
            const next = commits[known.length];
            return { writer, open: next === undefined ? [] : [{ writer, commit: next.commit }] };
          });
        const pools = clients.map(({ writer }) => writer.pool);
        const compared = reconcile(
          pools,
          clients.flatMap(({ open }) => open),
          state,
        );
        wrong.push(...[...state.wrong, ...compared.wrong].map((each) => `${version}: ${each}`));
      }
    } finally {
      await opened.close();
    }
    return { wrong, answered };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
