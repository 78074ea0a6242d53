import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ResourceStore, ResourceWrite, StoredVersion } from '../../persistence/resource-store.js';
import { createResourceStore } from '../../persistence/store.js';
import { nextVersion, tombstone } from '../../persistence/version.js';
import { interleave } from '../support/interleave.js';
import { Stopped } from '../support/table-calls.js';
import type { TableUnderTest } from './table.js';

const maxActions = 4;
const expiry = 60_000;
const ids = ['a', 'b', 'c', 'd'];
const key = (id: string) => ({ type: 'Patient', id });

/** What a process does. A writer ends after so many calls of the table, as if it were killed. */
type Step =
  | { readonly kind: 'write'; readonly ids: readonly string[]; readonly remove: boolean; readonly calls: number }
  | { readonly kind: 'read'; readonly ids: readonly string[] }
  | { readonly kind: 'sweep' }
  | { readonly kind: 'pass' };

const subset = fc.shuffledSubarray(ids, { minLength: 1 });
const write = fc.record({
  kind: fc.constant('write' as const),
  ids: subset,
  remove: fc.boolean(),
  calls: fc.oneof({ weight: 3, arbitrary: fc.constant(Infinity) }, fc.integer({ min: 1, max: 60 })),
});
const read = fc.record({ kind: fc.constant('read' as const), ids: subset });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: write },
  { weight: 4, arbitrary: read },
  { weight: 1, arbitrary: fc.constant({ kind: 'sweep' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'pass' as const }) },
);

/** A commit as its process knows it, in steps of a common count. */
interface Committed {
  readonly mark: string;
  readonly began: number;
  ended: number;
  /** What each resource was to become. */
  readonly versions: ReadonlyMap<string, number>;
  outcome: 'committed' | 'refused' | 'unknown';
}

/** What a reader was told of a resource: 0 when nothing was there. */
interface Seen {
  readonly id: string;
  readonly versionId: number;
  readonly mark: string | undefined;
  readonly began: number;
  readonly ended: number;
}

const markOf = (version: StoredVersion | undefined): string | undefined =>
  version === undefined ? undefined : version.deleted ? version.commitId : /"mark":"([^"]*)"/.exec(version.body)?.[1];

/**
 * Single writes, bundles too large for one write of the table, readers, sweepers and processes that end anywhere,
 * interleaved call by call: what they are told fits one order of commits.
 */
export function describeInterleavings(name: string, make: () => Promise<TableUnderTest>, runs: number): void {
  describe(`Interleavings: ${name}`, () => {
    test('each resource is linearisable, each commit atomic, nothing is lost or made up', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 5 }),
          fc.array(fc.nat({ max: 999 }), { minLength: 20, maxLength: 200 }),
          async (scripts, picks) => {
            const { table, close } = await make();
            try {
              await checkRun(table, scripts, picks);
            } finally {
              await close();
            }
          },
        ),
        { numRuns: runs },
      );
    });
  });
}

async function checkRun(
  table: TableUnderTest['table'],
  scripts: readonly (readonly Step[])[],
  picks: readonly number[],
): Promise<void> {
  let clock = Date.parse('2026-01-01T00:00:00.000Z');
  let count = 0;
  const tick = (): number => (count += 1);
  const storeOn = (on: typeof table, mark?: string): ResourceStore =>
    createResourceStore(
      { ...on, maxActions },
      { now: () => clock, transactionExpiry: expiry, ...(mark === undefined ? {} : { newCommitId: () => mark }) },
    );
  const commits: Committed[] = [];
  const seen: Seen[] = [];
  const { table: processTable, run } = interleave(table, picks);

  async function doWrite({ ids, remove, calls }: Extract<Step, { kind: 'write' }>): Promise<void> {
    const mark = `m${String(tick())}`;
    const store = storeOn(processTable(calls), mark);
    let commit: Committed | undefined;
    try {
      const previous = await store.readMany(ids.map(key));
      const writes = ids.map((id, place) => writeOf(id, previous[place], mark, remove && place === 0, clock));
      const versions = new Map(writes.map(({ next }) => [next.id, next.versionId]));
      commits.push((commit = { mark, began: tick(), ended: Infinity, versions, outcome: 'unknown' }));
      commit.outcome = (await store.commit(writes)).committed ? 'committed' : 'refused';
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
    }
    if (commit !== undefined && commit.outcome !== 'unknown') commit.ended = tick();
  }

  async function doRead(ids: readonly string[]): Promise<void> {
    const store = storeOn(processTable());
    for (const id of ids) {
      const began = tick();
      const version = await store.read(key(id));
      seen.push({ id, versionId: version?.versionId ?? 0, mark: markOf(version), began, ended: tick() });
      if (version === undefined || version.versionId < 2) continue;
      const history = await store.history(key(id), { count: 99 });
      const numbers = history.map(({ versionId }) => versionId);
      expect(numbers).toEqual(numbers.map((_, place) => numbers.length - place)); // never a gap
      expect(numbers.length).toBeGreaterThanOrEqual(version.versionId);
    }
  }

  async function doScript(script: readonly Step[]): Promise<void> {
    for (const step of script) {
      if (step.kind === 'write') await doWrite(step);
      else if (step.kind === 'read') await doRead(step.ids);
      else if (step.kind === 'sweep') await storeOn(processTable()).sweep();
      else clock += expiry + 1;
    }
  }

  await run(scripts.map(doScript));
  clock += 2 * expiry;
  const store = storeOn(table);
  await store.sweep();
  const histories = new Map<string, readonly StoredVersion[]>();
  for (const id of ids) {
    histories.set(id, await store.history(key(id), { count: 999, oldestFirst: true }));
    await store.read(key(id)).then((version) => {
      seen.push({ id, versionId: version?.versionId ?? 0, mark: markOf(version), began: tick(), ended: tick() });
    });
  }
  requireAtomic(commits, histories);
  requireOrder(commits, seen, histories);
  const { versions } = await store.historyOfTypes({ types: ['Patient'], oldestFirst: true, count: 9_999 });
  const expected = [...histories.values()].flat().map(({ id, versionId }) => `${id} ${String(versionId)}`);
  expect(versions.map(({ id, versionId }) => `${id} ${String(versionId)}`).toSorted()).toEqual(expected.toSorted());
  expect(await table.queryHistory({ pk: '-#open', limit: 9 })).toEqual([]);
}

function writeOf(
  id: string,
  previous: StoredVersion | undefined,
  mark: string,
  remove: boolean,
  now: number,
): Extract<ResourceWrite, { kind: 'put' }> {
  const on = previous === undefined ? {} : { previous };
  if (remove && previous !== undefined) return { kind: 'put', next: tombstone(previous, now), previous };
  const resource = { resourceType: 'Patient', mark };
  return { kind: 'put', next: nextVersion({ resource, ...on, method: 'PUT', now, id, compartments: [] }), ...on };
}

/** Every version is of one commit; a commit has all of its versions there, or none, as it was told. */
function requireAtomic(commits: readonly Committed[], histories: ReadonlyMap<string, readonly StoredVersion[]>): void {
  const there = new Set<string>();
  for (const [id, versions] of histories) {
    expect(versions.map(({ versionId }) => versionId)).toEqual(versions.map((_, place) => place + 1));
    for (const version of versions) there.add(`${id} ${String(version.versionId)} ${markOf(version) ?? ''}`);
  }
  let known = 0;
  for (const { mark, versions, outcome } of commits) {
    const found = [...versions].filter(([id, versionId]) => there.has(`${id} ${String(versionId)} ${mark}`)).length;
    known += found;
    if (outcome === 'committed') expect([mark, found]).toEqual([mark, versions.size]);
    else if (outcome === 'refused') expect([mark, found]).toEqual([mark, 0]);
    else expect([0, versions.size]).toContain(found);
  }
  expect(known).toBe(there.size); // no version that nobody wrote
}

/** What readers saw fits the order in which things happened, across all resources of a commit. */
function requireOrder(
  commits: readonly Committed[],
  seen: readonly Seen[],
  histories: ReadonlyMap<string, readonly StoredVersion[]>,
): void {
  for (const one of seen) {
    const version = histories.get(one.id)?.[one.versionId - 1];
    expect([one.id, one.versionId, one.mark]).toEqual([one.id, one.versionId, markOf(version)]);
    for (const { began, ended, versions, outcome, mark } of commits) {
      const own = versions.get(one.id);
      if (own === undefined || markOf(histories.get(one.id)?.[own - 1]) !== mark) continue;
      if (outcome === 'committed' && ended < one.began) expect(one.versionId).toBeGreaterThanOrEqual(own);
      if (one.ended < began) expect(one.versionId).toBeLessThan(own);
    }
    for (const later of seen) {
      if (later.began <= one.ended) continue;
      if (later.id === one.id) expect(later.versionId).toBeGreaterThanOrEqual(one.versionId);
      // Who has seen one version of a commit sees the others of it as well from then on.
      for (const { versions } of commits.filter(({ mark }) => mark === one.mark)) {
        const other = versions.get(later.id);
        if (other !== undefined) expect(later.versionId).toBeGreaterThanOrEqual(other);
      }
    }
  }
}
