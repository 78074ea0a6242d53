import type { Item, ItemKey, Table } from './table.js';

/** All items of a part of a table, page by page: the next one is read when it is asked for. */
export async function* scanPages(
  table: Pick<Table, 'scan'>,
  part: Omit<Parameters<Table['scan']>[0], 'after'>,
): AsyncGenerator<readonly Item[]> {
  for (let after: ItemKey | undefined; ;) {
    const { items, next } = await table.scan({ ...part, ...(after === undefined ? {} : { after }) });
    yield items;
    if (next === undefined) return;
    after = next;
  }
}
