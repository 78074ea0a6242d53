import { jsonClients, type Served } from '../json-client.js';
import type { Chance } from '../seed.js';
import { type Bundle, versionsIn } from './answers.js';
import { roundClient, type ToldHistory } from './client.js';
import { linearizable, type Timed } from './linearizable.js';
import { type Operation, resources } from './model.js';

/** Where clients send their requests: servers of one store, and what is used there. */
export interface Target {
  readonly version: 'r4' | 'stu3';
  /** Each client goes to one of them. */
  readonly servers: readonly Served[];
  /** Whether searches answer as the store is at that moment: where the index is written with it. */
  readonly isStrict: boolean;
}

/** What came of a round. */
export interface Round {
  readonly operations: number;
  /** Writes by their outcomes. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly wrong: readonly string[];
}

/**
 * Has clients work on the same few resources at the same time, and looks whether there is an order in which all of them
 * were answered as if one after the other: reads, and writes of one or several resources, whole.
 * @param name of the round: its resources are called after it.
 */
export async function playRound(
  target: Target,
  name: string,
  { clients, steps, chanceOf }: { clients: number; steps: number; chanceOf: (name: string, at: number) => Chance },
): Promise<Round> {
  const ids = ['a', 'b', 'c'].map((each) => `${name}-${each}`);
  const slots = ['s', 't'].map((each) => `${name}-${each}`);
  const recorded: Timed<Operation>[] = [];
  const told: ToldHistory[] = [];
  const base = `/${target.version}`;
  const since = new Date().toISOString();
  const connections = jsonClients(target.servers, clients);
  const players = connections.map((http, at) =>
    roundClient({
      name: `${name}.${String(at)}`,
      http,
      chance: chanceOf(`${name}.${String(at)}`, 0),
      base,
      ids,
      slots,
      isStrict: target.isStrict,
      record: (operation) => recorded.push(operation),
      recordHistory: (each) => told.push(each),
    }),
  );
  await Promise.all(
    players.map(async (player) => {
      await player.fillSlot(slots[0] ?? '', 'create'); // all at once: one of them creates
      for (let step = 0; step < steps; step += 1) await player.step(since);
    }),
  );
  const all = new Set([...ids, ...recorded.flatMap(({ operation }) => idsOf(operation))]);
  for (const id of all) await players[0]?.history(id);
  const [http] = connections;
  const instants = new Map<string, string>();
  for (const id of all) {
    const { json } = await http.ask<Bundle>({ method: 'GET', path: `${base}/Patient/${id}/_history?_count=1000` });
    for (const [version, instant] of versionsIn(json)) instants.set(version, instant);
  }
  for (const each of connections) each.close();
  const known = recorded.map((each) => withSlots(each, recorded));
  const wrong = [
    ...wrongOrder(known),
    ...lostToSearches(known),
    // Servers on an emulator do not know of each other's writes under way (ADR 61): there a history may pass one over.
    ...(target.servers.length > 1 ? [] : told.flatMap((each) => wrongHistory(each, instants))),
  ];
  return { operations: recorded.length, outcomes: outcomesOf(recorded), wrong };
}

const idsOf = (operation: Operation): string[] =>
  operation.kind === 'write'
    ? [...operation.writes, ...operation.slots].flatMap(({ id }) => (id === undefined ? [] : [id]))
    : [operation.id];

/** A write that was not answered, with what it made of its slots: the histories at the end have its labels. */
function withSlots(each: Timed<Operation>, recorded: readonly Timed<Operation>[]): Timed<Operation> {
  const { operation } = each;
  if (operation.kind !== 'write' || operation.outcome !== 'unknown' || operation.slots.length === 0) return each;
  const slots = operation.slots.flatMap((slot) =>
    recorded
      .flatMap(({ operation: other }) => {
        const place = other.kind === 'history' ? other.labels.indexOf(slot.label) : -1;
        return other.kind === 'history' && place >= 0 ? [{ ...slot, id: other.id, isCreated: place === 0 }] : [];
      })
      .slice(0, 1),
  );
  return { ...each, operation: { ...operation, slots } };
}

function wrongOrder(recorded: readonly Timed<Operation>[]): string[] {
  const verdict = linearizable(resources, recorded);
  if (verdict.kind === 'linearisable') return [];
  if (verdict.kind === 'undecided') return ['no order was found, nor that there is none'];
  const stuck = verdict.stuckAt.map((each) => JSON.stringify(each));
  return [`after ${String(verdict.ordered)} of ${String(recorded.length)}, none can be next of:\n${stuck.join('\n')}`];
}

/** What searches were said to see before one began is found by it, unless something else was written over it. */
function lostToSearches(recorded: readonly Timed<Operation>[]): string[] {
  const writes = recorded.flatMap(({ operation, began, ended }) =>
    operation.kind === 'write' && operation.outcome === 'done'
      ? operation.writes.map((write) => ({ ...write, began, ended }))
      : [],
  );
  return recorded.flatMap((search) => {
    const { operation } = search;
    if (operation.kind !== 'not found') return [];
    const write = writes.find(
      ({ id, label, kind }) => id === operation.id && label === operation.label && kind !== 'delete',
    );
    if (write?.versionId === undefined || write.isSeen !== true || write.ended >= search.began) return [];
    const { versionId } = write;
    const isOver = writes.some(
      (other) => other.id === write.id && (other.versionId ?? 0) > versionId && other.began < search.ended,
    );
    return isOver ? [] : [`a search does not find ${write.label} of ${write.id}`];
  });
}

/** A history has all versions before the instant it tells: who asks `_since` then, which has that instant too, misses nothing. */
function wrongHistory({ until, versions }: ToldHistory, instants: ReadonlyMap<string, string>): string[] {
  const there = new Set(versions);
  const missing = [...instants].filter(([version, instant]) => instant < until && !there.has(version));
  return missing.length === 0
    ? []
    : [`a history up to ${until} lacks ${missing.map(([version]) => version).join(', ')}`];
}

function outcomesOf(recorded: readonly Timed<Operation>[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { operation } of recorded) {
    const what = operation.kind === 'write' ? operation.outcome : operation.kind;
    counts[what] = (counts[what] ?? 0) + 1;
  }
  return counts;
}
