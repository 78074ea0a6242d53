import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type {
  Condition,
  HistoryEntry,
  Item,
  ItemKey,
  QueryRequest,
  Table,
  WriteAction,
} from '../../persistence/table.js';

/** A table for a suite, empty, and how to end it. */
export interface TableUnderTest {
  readonly table: Table;
  readonly close: () => Promise<void>;
}

const put = (pk: string, sk: string, attributes: Omit<Item, 'pk' | 'sk'> = {}, condition?: Condition): WriteAction => ({
  kind: 'put',
  item: { ...attributes, pk, sk },
  ...(condition === undefined ? {} : { condition }),
});
const absent: Condition = { kind: 'absent' };
const equals = (attributes: Extract<Condition, { kind: 'equals' }>['attributes']): Condition => ({
  kind: 'equals',
  attributes,
});
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/**
 * What every adapter of the low-level port does, as a suite.
 * @param make a new, empty table; called once for the suite and once for each run of the model test.
 * @param options `largest`: characters of the largest attribute to try; `runs` of the model test.
 */
export function describeTable(
  name: string,
  make: () => Promise<TableUnderTest>,
  options: { readonly largest: number; readonly runs?: number },
): void {
  describe(`Table: ${name}`, () => {
    let under: TableUnderTest;
    let table: Table;
    let partitions = 0;
    const newPartition = (): string => `p${String((partitions += 1))}`;
    beforeAll(async () => {
      under = await make();
      ({ table } = under);
    });
    afterAll(() => under.close());

    describe('items', () => {
      test('come back with all kinds of attributes; an undefined one is not there', async () => {
        const pk = newPartition();
        const item = { pk, sk: 's', text: 'ä€𝄞\n"', empty: '', number: -1.5, yes: true, list: ['a', ''], none: [] };
        await table.write([{ kind: 'put', item: { ...item, gone: undefined } }]);
        expect(await table.get({ pk, sk: 's' })).toStrictEqual(item);
      });

      test('are not there before they are put nor after they are removed', async () => {
        const key = { pk: newPartition(), sk: 's' };
        expect(await table.get(key)).toBeUndefined();
        await table.write([{ kind: 'put', item: key }]);
        await table.write([{ kind: 'remove', key }]);
        expect(await table.get(key)).toBeUndefined();
      });

      test('are replaced whole by a put', async () => {
        const pk = newPartition();
        await table.write([put(pk, 's', { a: 1, b: 2 })]);
        await table.write([put(pk, 's', { b: 3 })]);
        expect(await table.get({ pk, sk: 's' })).toStrictEqual({ pk, sk: 's', b: 3 });
      });

      test(`may hold ${String(options.largest)} characters`, async () => {
        const pk = newPartition();
        const body = 'x{"é":1}'.repeat(options.largest / 8);
        await table.write([put(pk, 's', { body })]);
        expect((await table.get({ pk, sk: 's' }))?.['body'] === body).toBe(true);
      });

      test('are read many at a time in the order asked, with repeats and gaps', async () => {
        const pk = newPartition();
        await table.write([put(pk, 'a', { n: 1 }), put(pk, 'b', { n: 2 })]);
        const found = await table.batchGet(['b', 'nothing', 'a', 'b'].map((sk) => ({ pk, sk })));
        expect(found.map((item) => item?.['n'])).toStrictEqual([2, undefined, 1, 2]);
        expect(await table.batchGet([])).toStrictEqual([]);
      });

      test('whose partition key begins another one are apart from it', async () => {
        const pk = newPartition();
        await table.write([put(pk, 'b', { n: 1 }), put(`${pk}b`, 'c', { n: 2 }), put(`${pk}\u0001`, 'd')]);
        expect((await table.query({ pk, limit: 10 })).map((item) => item.sk)).toStrictEqual(['b']);
        expect((await table.query({ pk, limit: 10, descending: true })).map((item) => item.sk)).toStrictEqual(['b']);
      });
    });

    describe('conditions', () => {
      const cases: [string, Item | undefined, Condition, boolean][] = [
        ['absent, nothing there', undefined, absent, true],
        ['absent, an item there', { pk: '', sk: '' }, absent, false],
        ['equals, nothing there', undefined, equals({ v: 1 }), false],
        ['equals nothing in particular, nothing there', undefined, equals({}), false],
        ['equals nothing in particular, an item there', { pk: '', sk: '' }, equals({}), true],
        ['equals, the same', { pk: '', sk: '', v: 1 }, equals({ v: 1 }), true],
        ['equals, another number', { pk: '', sk: '', v: 1 }, equals({ v: 2 }), false],
        ['equals, another type', { pk: '', sk: '', v: 1 }, equals({ v: '1' }), false],
        ['equals, one of two', { pk: '', sk: '', v: 1, w: 2 }, equals({ v: 1, w: 3 }), false],
        ['equals undefined, not there', { pk: '', sk: '', v: 1 }, equals({ v: 1, lock: undefined }), true],
        ['equals undefined, there', { pk: '', sk: '', v: 1, lock: 't' }, equals({ v: 1, lock: undefined }), false],
        ['equals, the same list', { pk: '', sk: '', l: ['a', 'b'] }, equals({ l: ['a', 'b'] }), true],
        ['equals, another list', { pk: '', sk: '', l: ['a', 'b'] }, equals({ l: ['b', 'a'] }), false],
      ];
      test.each(cases)('%s', async (_case, stored, condition, expected) => {
        for (const kind of ['put', 'remove', 'check'] as const) {
          const key = { pk: newPartition(), sk: 's' };
          const existing = stored === undefined ? undefined : { ...stored, ...key };
          if (existing !== undefined) await table.write([{ kind: 'put', item: existing }]);
          const action: WriteAction =
            kind === 'put' ? { kind, item: { ...key, new: true }, condition } : { kind, key, condition };
          const result = await table.write([action]);
          const failure = { action: 0, ...(existing === undefined ? {} : { existing }) };
          expect(result).toStrictEqual(expected ? { written: true } : { written: false, failures: [failure] });
          const after = { put: { ...key, new: true }, remove: undefined, check: existing }[kind];
          expect(await table.get(key)).toStrictEqual(expected ? after : existing);
        }
      });

      test('that fail are all named, with the items that stood there, and nothing is written', async () => {
        const pk = newPartition();
        await table.write([put(pk, 'a', { n: 1 })]);
        const result = await table.write([
          put(pk, 'new'),
          put(pk, 'a', { n: 2 }, absent),
          { kind: 'remove', key: { pk, sk: 'a2' } },
          { kind: 'check', key: { pk, sk: 'b' }, condition: equals({ n: 1 }) },
        ]);
        const failures = [{ action: 1, existing: { pk, sk: 'a', n: 1 } }, { action: 3 }];
        expect(result).toStrictEqual({ written: false, failures });
        expect(await table.query({ pk, limit: 9 })).toStrictEqual([{ pk, sk: 'a', n: 1 }]);
      });

      test('decide a race: of 50 conditional writes exactly one wins', async () => {
        const pk = newPartition();
        await table.write([put(pk, 's', { v: 1 })]);
        const race = Array.from({ length: 50 }, (_, n) => table.write([put(pk, 's', { v: 2, n }, equals({ v: 1 }))]));
        const won = (await Promise.all(race)).flatMap(({ written }, n) => (written ? [n] : []));
        expect(won).toHaveLength(1);
        expect((await table.get({ pk, sk: 's' }))?.['n']).toBe(won[0]);
      });
    });

    test('refuses a write with two actions on one key', async () => {
      const pk = newPartition();
      const check: WriteAction = { kind: 'check', key: { pk, sk: 's' }, condition: absent };
      await expect(table.write([put(pk, 's'), check])).rejects.toThrow();
      expect(await table.get({ pk, sk: 's' })).toBeUndefined();
    });

    describe('queries', () => {
      const keys = ['0', '1', '10', '2', 'A', 'a', 'current', 'é', '\uffff', '𝄞'];
      let pk: string;
      beforeAll(async () => {
        pk = newPartition();
        await table.write(keys.toReversed().map((sk) => put(pk, sk)));
        await table.write([put(`${pk}0`, '1'), put(`${pk}#`, '1')]);
      });
      const sortKeys = async (request: object): Promise<string[]> =>
        (await table.query({ pk, limit: 100, ...request })).map((item) => item.sk);

      test('give a partition in the order of UTF-8 bytes, and backwards', async () => {
        expect(await sortKeys({})).toStrictEqual(keys.toSorted(byBytes));
        expect(await sortKeys({ descending: true })).toStrictEqual(keys.toSorted(byBytes).toReversed());
      });
      test('have inclusive bounds in both directions', async () => {
        const bounds = { from: '1', to: '2' };
        expect(await sortKeys(bounds)).toStrictEqual(['1', '10', '2']);
        expect(await sortKeys({ ...bounds, descending: true })).toStrictEqual(['2', '10', '1']);
        expect(await sortKeys({ from: 'b', to: 'c' })).toStrictEqual([]);
        expect(await sortKeys({ from: '2', to: '1' })).toStrictEqual([]);
      });
      test('stop at the limit', async () => {
        expect(await sortKeys({ limit: 2 })).toStrictEqual(['0', '1']);
        expect(await sortKeys({ limit: 1, descending: true })).toStrictEqual(['𝄞']);
      });
      test('of an empty partition are empty', async () => {
        expect(await table.query({ pk: newPartition(), limit: 5 })).toStrictEqual([]);
      });
    });

    describe('the history index', () => {
      const at = (pk: string, sk: string, hp: string, hs: string): WriteAction => put(pk, sk, { hp, hs, n: 1 });
      /** Asks until the answer is right: the index may lag. */
      const expectHistory = async (request: QueryRequest, expected: readonly HistoryEntry[]): Promise<void> => {
        for (const end = Date.now() + 5000; Date.now() < end;) {
          if (isDeepStrictEqual(await table.queryHistory(request), expected)) return;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        expect(await table.queryHistory(request)).toStrictEqual(expected);
      };
      const whole = (hp: string): QueryRequest => ({ pk: hp, limit: 100 });

      test('holds the keys of items that have both attributes, in the order of hs', async () => {
        const [a, b, hp] = [newPartition(), newPartition(), newPartition()];
        await table.write([at(b, 's', hp, '1'), at(a, 's', hp, '2'), at(a, 't', hp, '10'), at(b, 'u', `${hp}0`, '1')]);
        await table.write([put(a, 'x', { hp }), put(a, 'y', { hs: '1' }), put(a, 'z')]);
        const entries = [
          { pk: b, sk: 's', hs: '1' },
          { pk: a, sk: 't', hs: '10' },
          { pk: a, sk: 's', hs: '2' },
        ];
        await expectHistory(whole(hp), entries);
        await expectHistory({ ...whole(hp), descending: true }, entries.toReversed());
      });

      test('follows an item that moves, loses an attribute, or is removed', async () => {
        const [pk, hp] = [newPartition(), newPartition()];
        await table.write([at(pk, 'a', hp, '1'), at(pk, 'b', hp, '2'), at(pk, 'c', hp, '3')]);
        await table.write([at(pk, 'a', hp, '4'), put(pk, 'b', { hp }), { kind: 'remove', key: { pk, sk: 'c' } }]);
        await expectHistory(whole(hp), [{ pk, sk: 'a', hs: '4' }]);
        await table.write([at(pk, 'a', `${hp}-`, '4')]);
        await expectHistory(whole(hp), []);
        await expectHistory(whole(`${hp}-`), [{ pk, sk: 'a', hs: '4' }]);
      });

      test('holds several items with the same attributes', async () => {
        const [pk, hp] = [newPartition(), newPartition()];
        await table.write([at(pk, 'a', hp, '1'), at(pk, 'b', hp, '1')]);
        await table.write([at(pk, 'b', hp, '2'), at(pk, 'c', hp, '2')]);
        await expectHistory({ ...whole(hp), to: '1' }, [{ pk, sk: 'a', hs: '1' }]);
        const found = await table.queryHistory(whole(hp));
        expect(found.map(({ sk }) => sk).toSorted()).toStrictEqual(['a', 'b', 'c']);
      });

      test('has inclusive bounds in both directions, and stops at the limit', async () => {
        const [pk, hp] = [newPartition(), newPartition()];
        const sorts = ['1|a|1', '1|a|2', '1|ab|1', '1|é|1', '2', '2|a'];
        await table.write(sorts.map((hs) => at(pk, hs, hp, hs)));
        await expectHistory(
          whole(hp),
          sorts.toSorted(byBytes).map((hs) => ({ pk, sk: hs, hs })),
        );
        const found = async (request: object): Promise<string[]> =>
          (await table.queryHistory({ ...whole(hp), ...request })).map(({ hs }) => hs);
        expect(await found({ from: '1|a|2', to: '2' })).toStrictEqual(['1|a|2', '1|é|1', '2']);
        expect(await found({ from: '1|a|1', to: '1|a|2' })).toStrictEqual(['1|a|1', '1|a|2']);
        expect(await found({ from: '1|a', to: '1|a|1', descending: true })).toStrictEqual(['1|a|1', '1|ab|1']);
        expect(await found({ descending: true, limit: 2 })).toStrictEqual(['2|a', '2']);
        expect(await found({ to: '2', descending: true, limit: 1 })).toStrictEqual(['2']);
        expect(await found({ from: '2', limit: 1 })).toStrictEqual(['2']);
        expect(await found({ from: '2', to: '1' })).toStrictEqual([]);
      });

      test('has nothing of a write that failed', async () => {
        const [pk, hp] = [newPartition(), newPartition()];
        await table.write([at(pk, 'a', hp, '1')]);
        await table.write([at(pk, 'b', hp, '1'), put(pk, 'a', {}, absent)]);
        await expectHistory(whole(hp), [{ pk, sk: 'a', hs: '1' }]);
      });
    });

    test.each([1, 4])('a scan in %i segments meets every item once', async (segments) => {
      const own = newPartition();
      const expected = Array.from({ length: 60 }, (_, n) => `${own}-${String(n % 20)} ${String(n)}`).toSorted();
      await table.write(expected.map((text) => put(text.split(' ')[0] ?? '', text.split(' ')[1] ?? '')));
      const met: string[] = [];
      for (let segment = 0; segment < segments; segment += 1) {
        let after: ItemKey | undefined;
        do {
          const page = await table.scan({ segment, segments, limit: 7, ...(after === undefined ? {} : { after }) });
          expect(page.items.length).toBeLessThanOrEqual(7);
          met.push(...page.items.map(({ pk, sk }) => `${pk} ${sk}`));
          after = page.next;
        } while (after !== undefined);
      }
      expect(met.filter((text) => text.startsWith(`${own}-`)).toSorted()).toStrictEqual(expected);
      expect(new Set(met).size).toBe(met.length);
    });

    test('the feed tells every change of an item in order, with what was before and after, and continues', async () => {
      const pk = newPartition();
      const start = (await allChanges(table)).at(-1)?.position;
      await table.write([put(pk, 's', { v: 1 })]);
      await table.write([put(pk, 's', { v: 2 }, equals({ v: 7 }))]); // fails: no change
      await table.write([put(pk, 's', { v: 2 }), { kind: 'check', key: { pk, sk: 'x' }, condition: absent }]);
      await table.write([{ kind: 'remove', key: { pk, sk: 's' } }]);
      await table.write([{ kind: 'remove', key: { pk, sk: 's' } }]); // nothing there: no change
      const changes = await allChanges(table, start);
      const key = { pk, sk: 's' };
      const positions = changes.map(({ position }) => position);
      expect(changes).toStrictEqual([
        { position: positions[0], key, after: { ...key, v: 1 } },
        { position: positions[1], key, before: { ...key, v: 1 }, after: { ...key, v: 2 } },
        { position: positions[2], key, before: { ...key, v: 2 } },
      ]);
      expect(await allChanges(table, positions[0])).toStrictEqual(changes.slice(1));
    });

    test('behaves as a map with conditional writes', async () => {
      const sk = fc.constantFrom('a', 'b', 'ab', 'é', '𝄞', '\uffff', '1', 'current');
      const pk = fc.constantFrom('m', 'm#', 'mm');
      const condition = fc.option(
        fc.oneof(
          fc.constant(absent),
          fc.integer({ min: 0, max: 2 }).map((v) => equals({ v })),
        ),
        { nil: undefined },
      );
      const key = fc.record({ pk, sk });
      const action = fc
        .record({ key, v: fc.integer({ min: 0, max: 2 }), condition, kind: fc.constantFrom('put', 'remove', 'check') })
        .map(({ key, v, condition, kind }): WriteAction => {
          const on = condition === undefined ? {} : { condition };
          if (kind === 'put') return { kind, item: { ...key, v }, ...on };
          return kind === 'remove' ? { kind, key, ...on } : { kind: 'check', key, condition: condition ?? absent };
        });
      const keyText = (action: WriteAction): string => {
        const { pk, sk } = action.kind === 'put' ? action.item : action.key;
        return `${pk}\0${sk}`;
      };
      const write = fc.uniqueArray(action, { minLength: 1, maxLength: 4, selector: keyText });
      const query = fc.record({
        pk,
        limit: fc.integer({ min: 1, max: 5 }),
        descending: fc.boolean(),
        from: sk,
        to: sk,
      });
      await fc.assert(
        fc.asyncProperty(
          fc.array(write, { maxLength: 25 }),
          fc.array(query, { maxLength: 6 }),
          async (writes, queries) => {
            const { table, close } = await make();
            try {
              const model = new Map<string, Item>();
              const meets = (each: WriteAction): boolean => {
                const there = model.get(keyText(each));
                if (each.condition === undefined) return true;
                if (each.condition.kind === 'absent') return there === undefined;
                return there !== undefined && there['v'] === each.condition.attributes['v'];
              };
              for (const actions of writes) {
                const all = actions.every(meets);
                expect((await table.write(actions)).written).toBe(all);
                if (!all) continue;
                for (const each of actions) {
                  if (each.kind === 'put') model.set(keyText(each), each.item);
                  else if (each.kind === 'remove') model.delete(keyText(each));
                }
              }
              for (const { from, to, ...request } of queries) {
                const inside = [...model.values()]
                  .filter((item) => item.pk === request.pk && byBytes(item.sk, from) >= 0 && byBytes(item.sk, to) <= 0)
                  .toSorted((a, b) => byBytes(a.sk, b.sk) * (request.descending ? -1 : 1));
                expect(await table.query({ ...request, from, to })).toStrictEqual(inside.slice(0, request.limit));
              }
            } finally {
              await close();
            }
          },
        ),
        { numRuns: options.runs ?? 40 },
      );
    });
  });
}

/** The feed from a position to its end, read in small pages. */
async function allChanges(table: Table, start?: string): ReturnType<Table['changes']> {
  const all = [];
  for (let after = start; ;) {
    const page = await table.changes({ limit: 3, ...(after === undefined ? {} : { after }) });
    if (page.length === 0) return all;
    all.push(...page);
    after = page.at(-1)?.position;
  }
}
