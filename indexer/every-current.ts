import { versionOf } from '../persistence/item.js';
import { isCurrent, tenantOf } from '../persistence/keys.js';
import { scanPages } from '../persistence/scan-pages.js';
import type { Table } from '../persistence/table.js';
import type { Indexable } from '../search/search-index.js';
import { indexable } from './index-change.js';

/** So many items are read at once. */
const chunk = 500;

/**
 * The current version of every resource of a table, tombstones included, as an index takes them.
 * @returns chunks, in the table's order.
 */
export async function* everyCurrent(table: Table): AsyncGenerator<readonly Indexable[]> {
  for await (const items of scanPages(table, { segment: 0, segments: 1, limit: chunk })) {
    yield items.flatMap((item): Indexable[] => {
      const version = isCurrent(item) ? versionOf(item) : undefined;
      return version === undefined ? [] : [indexable(tenantOf(item.pk), version)];
    });
  }
}
