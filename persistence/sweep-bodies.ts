import type { Tenant } from '../fhir/tenant.js';
import { overflowText, type BodyKey, type BodyStore } from './body-store.js';
import { currentKey, partitionKey } from './keys.js';
import type { Table } from './table.js';

/** A commit puts its bodies at most minutes before its items. */
const day = 24 * 60 * 60 * 1000;

/** Items read at a time. */
const pageSize = 100;

/**
 * Removes the bodies that no item refers to: what commits left behind that failed or never ended. Those younger than
 * a day stay, since their items may still come.
 * @param now milliseconds since 1970, by the clock of the body store.
 * @returns how many were removed.
 */
export async function sweepBodies(
  table: Pick<Table, 'get' | 'query'>,
  bodies: BodyStore,
  now: number,
  tenant: Tenant,
): Promise<number> {
  let removed = 0;
  for await (const { key, storedAt } of bodies.list(tenant)) {
    if (storedAt > now - day || (await isReferredTo(table, key))) continue;
    await bodies.delete(key);
    removed += 1;
  }
  return removed;
}

/**
 * Whether an item of the resource refers to a body. The current version is read first, the others after it: what is
 * current moves to the archive, never back, so that no reader in this order misses it.
 */
async function isReferredTo(table: Pick<Table, 'get' | 'query'>, key: BodyKey): Promise<boolean> {
  const pk = partitionKey(key.tenant, key.type, key.id);
  const wanted = overflowText(key);
  const current = await table.get({ pk, sk: currentKey });
  if (current?.['overflow'] === wanted) return true;
  for (let from: string | undefined; ;) {
    const items = await table.query({ pk, limit: pageSize, ...(from === undefined ? {} : { from }) });
    if (items.some((item) => item['overflow'] === wanted)) return true;
    const last = items.at(-1)?.sk;
    if (items.length < pageSize || last === undefined) return false;
    from = last; // it counts once more: the bound is inclusive
  }
}
