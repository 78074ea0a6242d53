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
  // Mostly nothing is to be fetched, and a page of matches needs no promise for each of them.
  if (!items.some(isElsewhere)) return items.map((item) => (item === undefined ? undefined : readItem(item)));
  const load = async (item: Item | undefined): Promise<StoredVersion | undefined> =>
    item === undefined ? undefined : loadVersion(item, bodies);
  const versions: (StoredVersion | undefined)[] = [];
  for (let from = 0; from < items.length; from += bodiesAtOnce) {
    versions.push(...(await Promise.all(items.slice(from, from + bodiesAtOnce).map(load))));
  }
  return versions;
}

/** Whether an item's body is in the body store. */
const isElsewhere = (item: Item | undefined): boolean => item?.['overflow'] !== undefined;
