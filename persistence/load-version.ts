import { overflowText, type BodyStore } from './body-store.js';
import { versionOf } from './item.js';
import { tenantOf } from './keys.js';
import type { StoredVersion } from './resource-store.js';
import type { Item } from './table.js';
import { UnreadableVersion } from './unreadable-version.js';

/**
 * The version an item holds, its body fetched from where it is.
 * @param bodies absent where all bodies are in their items.
 * @returns undefined for a staged version.
 * @throws UnreadableVersion
 */
export async function loadVersion(item: Item, bodies: BodyStore | undefined): Promise<StoredVersion | undefined> {
  const { overflow } = item;
  if (overflow === undefined) return readItem(item);
  const version = readItem({ ...item, body: '' });
  if (version === undefined) return undefined;
  const { type, id, versionId, commitId = '' } = version;
  const body = await bodies?.get({ tenant: tenantOf(item.pk), type, id, versionId, commitId });
  if (body === undefined || overflow !== overflowText({ versionId, commitId })) {
    throw new UnreadableVersion(item, 'its body is not there', { ...version, overflow: true });
  }
  return { ...version, body, overflow: true };
}

function readItem(item: Item): StoredVersion | undefined {
  try {
    return versionOf(item);
  } catch (error) {
    throw new UnreadableVersion(item, error instanceof Error ? error.message : 'its item is none');
  }
}

/** Bodies fetched at the same time: each may be large. */
const bodiesAtOnce = 16;

/** The versions items hold, in their order; undefined where there is no item or a staged version. */
export async function loadVersions(
  items: readonly (Item | undefined)[],
  bodies: BodyStore | undefined,
): Promise<readonly (StoredVersion | undefined)[]> {
  const load = async (item: Item | undefined): Promise<StoredVersion | undefined> =>
    item === undefined ? undefined : loadVersion(item, bodies);
  const versions: (StoredVersion | undefined)[] = [];
  const atOnce = items.some((item) => item?.['overflow'] !== undefined) ? bodiesAtOnce : items.length;
  for (let from = 0; from < items.length; from += atOnce) {
    versions.push(...(await Promise.all(items.slice(from, from + atOnce).map(load))));
  }
  return versions;
}
