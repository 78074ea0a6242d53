import type { Database, RootDatabase } from 'lmdb';
import { historyColumns, typeItem } from './history-keys.js';
import { historyIndex } from './lmdb-history.js';
import { tenantOf } from './keys.js';
import { attributesOf, keyOf, storedKey, type Attributes } from './lmdb-key.js';
import type { Item } from './table.js';

/** So many items are brought up to date in one transaction. */
const chunk = 1_000;

/**
 * Brings a store of format 1 to format 2: its versions get their columns for the history index (`hp`, `hs`), the
 * index is built, and the types in use are listed. Done again from the start when it was interrupted; what is done
 * already stays as it is.
 */
export function upgradeToHistory(root: RootDatabase): void {
  const names = new Set([...root.getKeys()].map(String));
  for (const name of names) {
    if (names.has(`${name}:changes`)) upgradeTable(root, name); // a database with a change feed is a table
  }
}

function upgradeTable(root: RootDatabase, name: string): void {
  const items: Database<Attributes, Uint8Array> = root.openDB({ name, keyEncoding: 'binary', cache: false });
  const history = historyIndex(root, `${name}:history`);
  const types = new Map<string, Item>();
  let after: Buffer | undefined;
  do {
    const keys: Uint8Array[] = [...items.getKeys({ ...(after === undefined ? {} : { start: after }), limit: chunk })];
    root.transactionSync(() => {
      for (const key of keys) {
        const before: Item = { ...items.get(key), ...keyOf(key) };
        const version = placeOf(before);
        if (version === undefined || before['hp'] !== undefined) continue;
        const item: Item = { ...before, ...historyColumns(version.tenant, version, 1) };
        items.putSync(key, attributesOf(item));
        history.follow([{ before, after: item }]);
        const type = typeItem(version.tenant, version.type);
        types.set(`${type.pk} ${type.sk}`, type);
      }
    });
    const last = keys.at(-1);
    after = last === undefined ? undefined : Buffer.concat([last, Buffer.of(0)]);
  } while (after !== undefined);
  root.transactionSync(() => {
    for (const item of types.values()) items.putSync(storedKey(item), attributesOf(item));
  });
}

/** The tenant and the place of a version that counts; undefined for any other item. */
function placeOf({ pk, type, id, versionId, lastUpdated }: Item) {
  const tenant = tenantOf(pk);
  return typeof type === 'string' &&
    typeof id === 'string' &&
    typeof versionId === 'number' &&
    versionId > 0 &&
    typeof lastUpdated === 'string'
    ? { tenant, type, id, versionId, lastUpdated }
    : undefined;
}
