import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { OperationOutcomeError } from '../../../../fhir/outcome.js';
import { openAwsIndices } from '../../../../local/compose-aws.js';
import { readSettings } from '../../../../local/settings.js';
import { dynamoDbEndpoint } from '../../../engines/support/dynamodb.js';
import { forwardTo } from '../../../engines/support/forwarder.js';
import { removeTables } from '../../../engines/support/remove-tables.js';
import { driftNow } from '../drift-of.js';
import { type JsonClient, jsonClient } from '../json-client.js';
import type { Chance } from '../seed.js';
import { startServerProcess } from '../server-process.js';
import { createAgain, searchAgain, type SeenCommit } from './ask-again.js';
import { type Kills, killWhileStarting, liveUntilKilled, type Pace, type UnknownCommit, type Writer } from './life.js';
import { wrongHistoryOf } from './read-history.js';
import { type Seen, seenAtOnce } from './seen-at-once.js';
import { newPool, reconcile } from './pool.js';
import { newSpent } from './spent.js';
import { readItems, type StoreState, suspects } from './store-state.js';

/** What came of the kills of servers on the engines. */
export interface EngineLife extends Kills {
  /** After how many kills a commit in steps was left open, which the next server ended. */
  leftOpen: number;
}

const versions = ['r4', 'stu3'] as const;
/** So much later the next server starts by its clock, in milliseconds: what the killed one left open is over by then. */
const later = 61_000;
/** After so many kills all of the history and the index is compared. */
const wholeEvery = 5;
/** How often it is looked whether what was left is ended, and indexed, half a second apart. */
const mostLooks = 240;

/**
 * Kills servers on DynamoDB and OpenSearch one after the other over the same tables, and looks each time what is there: at
 * once, as readers have it, and again when the next server has ended what the killed one left.
 * @throws Error telling what is wrong after which kill.
 */
export async function killOnEngines({
  kills,
  chanceOf,
}: {
  readonly kills: number;
  readonly chanceOf: (name: string, at: number) => Chance;
}): Promise<EngineLife> {
  const folder = mkdtempSync(join(tmpdir(), 'fhir-kills-'));
  let written: (() => void) | undefined;
  const forwarder = await forwardTo(dynamoDbEndpoint(), (headers) => {
    if (/Write|Put/.test(String(headers['x-amz-target']))) written?.();
  });
  const onWrite = (tell: () => void): (() => void) => {
    written = tell;
    return () => (written = undefined);
  };
  const common = {
    ENGINES: 'aws',
    TABLE_PREFIX: `kills-${randomUUID()}`,
    AWS_REGION: 'us-east-1',
    CONSISTENCY: 'strong',
  };
  let starts = 0;
  const environment = (): Readonly<Record<string, string>> => ({
    ...common,
    DYNAMODB_ENDPOINT: forwarder.endpoint,
    AUTH: 'off',
    LOG_LEVEL: 'error',
    REQUEST_TIMEOUT: '600',
    NODE_OPTIONS: '--import ./test/chaos/support/kills/ahead.mjs',
    CLOCK_AHEAD: String((starts += 1) * later),
  });
  const { engines } = readSettings({ ...process.env, ...common });
  if (engines.kind !== 'aws') throw new Error('The settings name no engines');
  const opened = await openAwsIndices(engines, folder);
  const writers: readonly Writer[] = [
    { name: 'a', version: 'r4', pool: newPool('a') },
    { name: 'b', version: 'r4', pool: newPool('b') },
    { name: 'c', version: 'stu3', pool: newPool('c') },
  ];
  const done: EngineLife = { kills: 0, answered: 0, entries: 0, unknown: 0, unknownThere: 0, leftOpen: 0 };
  const pace: Pace = { one: 30, entry: 5 };
  const spent = newSpent();
  const last = new Map<Writer['version'], StoreState>();
  let unknown: readonly Seen[] = [];

  const refuse = (wrong: readonly string[], after: string): void => {
    if (wrong.length > 0) throw new Error(`${after}: ${String(wrong.length)} wrong\n${wrong.slice(0, 10).join('\n')}`);
  };

  /** What the tables hold when a server has ended what was left, compared with what clients know and what was seen at once. */
  async function look(client: JsonClient, after: string, isWhole: boolean): Promise<SeenCommit[]> {
    const seen: SeenCommit[] = [];
    for (const version of versions) {
      const server = opened.servers[version];
      const state = await spent.on('recovering', () => until(() => readItems(server), isEnded));
      const pools = writers.filter((writer) => writer.version === version).map(({ pool }) => pool);
      const open = unknown.filter(({ writer }) => writer.version === version);
      const compared = reconcile(pools, open, state);
      refuse(
        [...state.wrong, ...compared.wrong].map((each) => `${version}: ${each}`),
        after,
      );
      for (const each of open) {
        const isThere = compared.found.has(each.commit);
        if (isThere !== each.isThere) refuse([`${each.commit.mark} was ${isThere ? 'not ' : ''}there at once`], after);
        seen.push({ unknown: each, isThere });
      }
      const before = isWhole ? undefined : last.get(version);
      const also = new Set(open.flatMap(({ commit }) => commit.writes.map(({ type, id = '' }) => `${type}/${id}`)));
      const part = before && suspects(state.versions, { before, also });
      refuse(await spent.on('comparing', () => until(() => driftNow(server, part), isEmpty)), `${after}, ${version}`);
      if (isWhole) {
        refuse(await spent.on('history', () => wrongHistoryOf(client, version, state.versions)), after);
      }
      last.set(version, state);
    }
    done.unknown += seen.length;
    done.unknownThere += seen.filter(({ isThere }) => isThere).length;
    unknown = [];
    return seen;
  }

  /** What readers have right after a kill, when the engine has done what the server asked for last. */
  async function lookAtOnce(left: readonly UnknownCommit[], after: string): Promise<void> {
    await spent.on('settling', forwarder.settled);
    const found = await spent.on('reading at once', () =>
      until(
        () => seenAtOnce(opened.servers, left),
        () => true,
      ),
    );
    refuse(found.wrong, after);
    unknown = found.seen;
    if (found.isOpen) done.leftOpen += 1;
  }

  async function live(name: string, chance: Chance): Promise<void> {
    const server = await spent.on('starting', () => startServerProcess(environment(), folder));
    const client = jsonClient(server.port, '');
    try {
      const seen = await look(client, name, done.kills % wholeEvery === 0);
      for (const each of seen) refuse(await createAgain(each, client, chance), name);
      refuse(await spent.on('searching', () => searchAgain(writers, chance.pick(versions), client, chance)), name);
      const options = { chance, life: name, chanceOf, pace, onWrite, isOnEngines: true };
      const lived = await spent.on('living', () => liveUntilKilled(server, '', writers, options));
      refuse([...lived.wrong, ...server.printed().split('\n').filter(isError)], name);
      done.answered += lived.answered;
      done.entries += lived.entries;
      done.kills += 1;
      await lookAtOnce(lived.unknown, name);
    } finally {
      client.close();
      await server.kill();
    }
    if (!chance.once(3)) return;
    // In the midst of ending what was left, perhaps.
    await spent.on('killing a start', () => killWhileStarting(folder, environment(), 500 + chance.below(1_500)));
    done.kills += 1;
    await forwarder.settled();
  }

  try {
    for (let at = 0; done.kills < kills; at += 1) await live(`e${String(at)}`, chanceOf(`e${String(at)}`, 0));
    const server = await startServerProcess(environment(), folder);
    const client = jsonClient(server.port, '');
    try {
      await look(client, 'at the end', true);
      for (const version of versions)
        refuse(await searchAgain(writers, version, client, chanceOf('end', 0)), 'at the end');
    } finally {
      client.close();
      await server.close();
    }
  } finally {
    process.stdout.write(`${spent.told()}\n`);
    await opened.close();
    forwarder.close();
    await removeTables(common.TABLE_PREFIX);
    rmSync(folder, { recursive: true, force: true });
  }
  return done;
}

/** Looks again and again until it is so, or has been looked at for long. @returns what was seen last. */
async function until<Found>(look: () => Promise<Found>, isSo: (found: Found) => boolean): Promise<Found> {
  for (let looks = 1; ; looks += 1) {
    const isLast = looks === mostLooks;
    try {
      const found = await look();
      if (isLast || isSo(found)) return found;
    } catch (error) {
      if (isLast || !isLate(error)) throw error;
    }
    await pause(500);
  }
}

/** Whether an engine did not answer in time, as on a busy machine. */
const isLate = (error: unknown): boolean => error instanceof OperationOutcomeError && error.status === 503;
const isEnded = ({ wrong }: StoreState): boolean => wrong.length === 0;
const isEmpty = (lines: readonly string[]): boolean => lines.length === 0;
/** What a server logged that nobody foresaw; that an engine is late is foreseen, and tried again. */
const isError = (line: string): boolean =>
  /"level":[56]0/.test(line) && !line.includes('"name":"OperationOutcomeError"');
