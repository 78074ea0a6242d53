import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { keyText, type ResourceKey } from '../../fhir/resource.js';
import type { BodyStore } from '../../persistence/body-store.js';
import type { ResourceStore, ResourceWrite } from '../../persistence/resource-store.js';
import { createResourceStore } from '../../persistence/store.js';
import type { ItemKey } from '../../persistence/table.js';
import { nextVersion, tombstone } from '../../persistence/version.js';
import { memoryTable } from '../support/memory-table.js';

// What an export gives is the store as it was at one instant, whatever is written while it is read.

const keys: readonly ResourceKey[] = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ type: 'Patient', id }));

/** A clock that never stands still. */
const clock = (): (() => number) => {
  let time = Date.UTC(2026, 0, 1);
  return () => (time += 1);
};

async function write(
  store: ResourceStore,
  now: () => number,
  changed: readonly ResourceKey[],
  remove: boolean,
): Promise<boolean> {
  const previous = await store.readMany(changed);
  const writes = changed.map(({ type, id }, place): ResourceWrite => {
    const before = previous[place];
    const next =
      remove && before !== undefined && !before.deleted
        ? tombstone(before, now())
        : nextVersion({
            resource: { resourceType: type, id, note: String(before?.versionId ?? 0) },
            ...(before === undefined ? {} : { previous: before }),
            method: 'PUT',
            now: now(),
            id,
            compartments: [],
          });
    return { kind: 'put', next, ...(before === undefined ? {} : { previous: before }) };
  });
  return (await store.commit(writes)).committed;
}

const versions = (found: readonly { type: string; id: string; versionId: number }[]): string[] =>
  found.map((version) => `${keyText(version)} ${String(version.versionId)}`).sort();

async function readAt(
  store: ResourceStore,
  { segments, limit, cut }: { readonly segments: number; readonly limit: number; readonly cut: string },
  between: () => Promise<unknown>,
): Promise<string[]> {
  const found: string[] = [];
  for (let segment = 0; segment < segments; segment += 1) {
    let after: ItemKey | undefined;
    do {
      const page = await store.scanAt({ cut, segment, segments, limit, ...(after === undefined ? {} : { after }) });
      found.push(...versions(page.versions));
      after = page.next;
      await between();
    } while (after !== undefined);
  }
  return found.sort();
}

/** By the histories at the end: of each resource the greatest version at or before the cut. */
async function expectedAt(store: ResourceStore, cut: string): Promise<string[]> {
  const all = await Promise.all(keys.map((key) => store.history(key, { count: 1000 })));
  return versions(all.flatMap((history) => history.find(({ lastUpdated }) => lastUpdated <= cut) ?? []));
}

const change = fc.record({
  changed: fc.uniqueArray(fc.constantFrom(...keys), { minLength: 1, maxLength: 4, selector: keyText }),
  remove: fc.boolean(),
});
const story = fc.record({
  before: fc.array(change, { maxLength: 6 }),
  during: fc.array(change, { maxLength: 10 }),
  segments: fc.integer({ min: 1, max: 3 }),
  limit: fc.integer({ min: 1, max: 4 }),
  /** Small ones make commits of several resources go in steps. */
  maxActions: fc.constantFrom(2, 3, 100),
});

describe('a scan at a cut', () => {
  test('gives each resource as it was at the cut, though it is written between and while pages are read', async () => {
    await fc.assert(
      fc.asyncProperty(story, async ({ before, during, segments, limit, maxActions }) => {
        const now = clock();
        const store = createResourceStore({ ...memoryTable(), maxActions }, { now });
        for (const { changed, remove } of before) await write(store, now, changed, remove);
        const there = versions((await store.readMany(keys)).filter((version) => version !== undefined));

        // Some are under way when the cut is made, some between the pages, some at the same time as a page is read.
        const [first, ...rest] = during;
        const underWay = first === undefined ? [] : [write(store, now, first.changed, first.remove)];
        const cut = await store.settled();
        const between = async (): Promise<void> => {
          const [one, other] = rest.splice(0, 2);
          if (one !== undefined) await write(store, now, one.changed, one.remove);
          if (other !== undefined) underWay.push(write(store, now, other.changed, other.remove));
        };
        const found = await readAt(store, { segments, limit, cut }, between);
        await Promise.all(underWay);

        expect(found).toEqual(await expectedAt(store, cut));
        if (first === undefined) expect(found).toEqual(there); // what was answered before the cut is in it
      }),
      { numRuns: 100 },
    );
  });

  test('lies before a write that is under way: who asks for what is later than the cut gets it', async () => {
    const now = clock();
    const table = memoryTable();
    let go = (): void => undefined;
    const held = new Promise<void>((resolve) => (go = resolve));
    const bodies: BodyStore = {
      put: () => held,
      get: () => Promise.resolve('{}'),
      delete: () => Promise.resolve(),
      async *list() {
        // none is looked for
      },
    };
    const slow = createResourceStore(table, { now, inlineLimit: 0, bodies });
    const writing = write(slow, now, keys.slice(0, 1), false);
    await new Promise((resolve) => setImmediate(resolve));
    const store = createResourceStore(table, { now });
    const cut = await store.settled();
    const request = { segments: 1, limit: 100, cut };
    expect(await readAt(store, request, () => Promise.resolve())).toEqual([]);
    go();
    expect(await writing).toBe(true);
    const [written] = await slow.history({ type: 'Patient', id: 'a' }, { count: 1 });
    expect([written?.versionId, (written?.lastUpdated ?? '') > cut]).toEqual([1, true]);
  });

  test('goes back over as many versions as were written since', async () => {
    const now = clock();
    const store = createResourceStore(memoryTable(), { now });
    const [key] = keys;
    if (key === undefined) throw new Error('no key');
    await write(store, now, [key], false);
    await write(store, now, [key], false);
    const cut = await store.settled();
    for (let at = 0; at < 30; at += 1) await write(store, now, [key], at === 20);
    const request = { segments: 1, limit: 100, cut };
    expect(await readAt(store, request, () => Promise.resolve())).toEqual(['Patient/a 2']);
  });

  test('has nothing that was made later, and leaves out what is no resource', async () => {
    const now = clock();
    const store = createResourceStore(memoryTable(), { now });
    const cut = await store.settled();
    await write(store, now, keys, false);
    expect(await readAt(store, { segments: 2, limit: 3, cut }, () => Promise.resolve())).toEqual([]);
  });
});
