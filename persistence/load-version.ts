import { overflowText, type BodyStore } from './body-store.js';
import { versionOf } from './item.js';
import { tenantOf } from './keys.js';
import type { StoredVersion } from './resource-store.js';
import type { Item } from './table.js';

/**
 * The version an item holds, its body fetched from where it is.
 * @param bodies absent where all bodies are in their items.
 * @returns undefined for a staged version.
 * @throws Error when the body an item refers to is not there: it was lost.
 */
export async function loadVersion(item: Item, bodies: BodyStore | undefined): Promise<StoredVersion | undefined> {
  const { overflow } = item;
  if (overflow === undefined) return versionOf(item);
  const version = versionOf({ ...item, body: '' });
  if (version === undefined) return undefined;
  const { type, id, versionId, commitId = '' } = version;
  const body = await bodies?.get({ tenant: tenantOf(item.pk), type, id, versionId, commitId });
  if (body === undefined || overflow !== overflowText({ versionId, commitId })) {
    throw new Error(`The body of version ${String(versionId)} that ${item.pk} ${item.sk} refers to is not there`);
  }
  return { ...version, body, overflow: true };
}
