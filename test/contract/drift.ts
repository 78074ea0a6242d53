import { beforeEach, describe, expect, test } from '@jest/globals';
import { keyText } from '../../fhir/resource.js';
import { type DriftReport, type DriftSpace, findDrift, fixDrift } from '../../indexer/drift.js';
import { indexable } from '../../indexer/index-change.js';
import { defaultTenant } from '../../persistence/keys.js';
import { createResourceStore } from '../../persistence/store.js';
import { nextVersion, tombstone } from '../../persistence/version.js';
import type { IndexInspection } from '../../search/index-inspection.js';
import type { Indexable, SearchIndex } from '../../search/search-index.js';
import { memoryTable } from '../support/memory-table.js';

/** An index of a test's own, that nothing writes but the test. */
export interface IndexToCompare {
  readonly index: SearchIndex;
  readonly inspection: IndexInspection;
}

/**
 * What comparing a store with an index must find, on every adapter.
 * @param open opens an empty index.
 */
export function testDrift(open: () => Promise<IndexToCompare>): void {
  let space: DriftSpace;
  let settled: number;
  let store: ReturnType<typeof createResourceStore>;
  let made: Indexable[];
  beforeEach(async () => {
    const table = memoryTable();
    store = createResourceStore(table);
    settled = 0;
    space = {
      table,
      bodies: undefined,
      ...(await open()),
      settle: () => Promise.resolve(void (settled += 1)),
    };
    made = [];
    for (let at = 0; at < 12; at += 1) made.push(await write(`p${String(at)}`, 'Before'));
    await space.index.put(made);
  });

  async function write(id: string, family: string | undefined): Promise<Indexable> {
    const previous = await store.read({ type: 'Patient', id });
    const resource = { resourceType: 'Patient', name: [{ family }] };
    const now = Date.parse('2026-01-01T00:00:00Z');
    const next =
      family === undefined && previous !== undefined
        ? tombstone(previous, now)
        : nextVersion({ resource, ...(previous && { previous }), method: 'PUT', now, id, compartments: [] });
    await store.commit([{ kind: 'put', next, ...(previous && { previous }) }]);
    return indexable(defaultTenant, next);
  }
  const shown = ({ drifts }: Pick<DriftReport, 'drifts'>): string[] =>
    drifts.map((each) => `${keyText(each)} ${each.what}`).sort();

  test('an index that has what the store has does not drift', async () => {
    const { stored, indexed, unknown, drifts } = await findDrift(space);
    expect([stored, indexed, unknown, drifts, settled]).toEqual([12, 12, 0, [], 0]);
  });

  describe('with what was missed, lost, spoiled and left', () => {
    beforeEach(async () => {
      await write('p1', 'After'); // nobody told the index
      await write('p2', undefined);
      await write('new', 'New');
      const { type, lastUpdated, compartments } = made[0] ?? { type: '', lastUpdated: '', compartments: [] };
      const other = (id: string, versionId: number): Indexable => ({
        ...{ tenant: defaultTenant, type, id, versionId, lastUpdated, compartments },
        resource: { resourceType: 'Patient', id, name: [{ family: 'Other' }] },
      });
      await space.index.put([other('p3', 1)], { again: true });
      await space.index.put([other('p4', 7), other('surplus', 2)]);
    });
    const all = [
      'Patient/new missing',
      'Patient/p1 older',
      'Patient/p2 older',
      'Patient/p3 terms',
      'Patient/p4 newer',
      'Patient/surplus surplus',
    ];

    test('each is named, and looked at once more before', async () => {
      expect([shown(await findDrift(space)), settled]).toEqual([all, 1]);
    });

    test('is put right where an index can be', async () => {
      const { drifts } = await findDrift(space);
      expect(shown({ drifts: await fixDrift(space, drifts) })).toEqual(['Patient/p4 newer']);
      expect(shown(await findDrift(space))).toEqual(['Patient/p4 newer']);
    });

    test('a sample finds a part of it, and the whole all', async () => {
      const few = await findDrift({ ...space, sample: 40 });
      expect(all).toEqual(expect.arrayContaining(shown(few)));
      expect(few.stored).toBeLessThanOrEqual(13);
      expect(shown(await findDrift({ ...space, sample: 100 }))).toEqual(all);
    });
  });

  test('what is written while it is compared is no drift', async () => {
    const compare: IndexInspection['compare'] = async (versions) => {
      if (settled === 0) await space.index.put([await write('p5', 'Meanwhile'), await write('late', 'Late')]);
      return inspection.compare(versions);
    };
    const { inspection } = space;
    space = { ...space, inspection: { ...inspection, compare } };
    expect([shown(await findDrift(space)), settled]).toEqual([[], 1]);
  });

  test('a deletion that the index forgot is no drift: searches find nothing', async () => {
    await write('gone', 'Gone');
    await write('gone', undefined);
    expect(shown(await findDrift(space))).toEqual([]);
  });
}
