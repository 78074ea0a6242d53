import { historyEnd } from './history.js';
import { archiveKey, isCurrent, tenantOf } from './keys.js';
import { loadVersion } from './load-version.js';
import type { CutPage, CutScan, StoredVersion } from './resource-store.js';
import type { Item } from './table.js';
import type { TransactionSpace } from './transaction/record.js';
import { UnreadableVersion } from './unreadable-version.js';

/**
 * The instant up to which everything written is there, and no more will come. It waits until the clock has left the
 * instant it was asked at, so that nothing written later carries it too, and until what has its instant already waits
 * to be committed: the history index tells that.
 */
export async function settled(space: TransactionSpace): Promise<string> {
  const asked = space.now();
  let waits = 0;
  do {
    await pause();
    waits += 1;
  } while (space.now() <= asked && waits < mostWaits);
  return historyEnd(space, space.now() > asked ? asked : asked - 1);
}

/** In milliseconds; a clock that stands still for longer is one of a test. */
const mostWaits = 20;
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

/**
 * A page of resources as they were at a cut. A resource is met by its current version, whose key never changes, so that
 * each is met once, however often it is written meanwhile.
 */
export async function scanAt(space: TransactionSpace, request: CutScan): Promise<CutPage> {
  const { cut, ...part } = request;
  const page = await space.table.scan(part);
  const versions: StoredVersion[] = [];
  const unreadable: UnreadableVersion[] = [];
  let characters = 0;
  for (const [place, item] of page.items.entries()) {
    if (!isCurrent(item) || tenantOf(item.pk) !== space.tenant) continue;
    const version = await versionAt(space, item, cut);
    if (version === undefined) continue;
    if (version instanceof UnreadableVersion) {
      unreadable.push(version);
      continue;
    }
    versions.push(version);
    characters += version.body.length;
    if (characters > mostCharacters && place + 1 < page.items.length) {
      return { versions, unreadable, items: place + 1, next: { pk: item.pk, sk: item.sk } };
    }
  }
  return { versions, unreadable, items: page.items.length, ...(page.next === undefined ? {} : { next: page.next }) };
}

/** So many characters a page holds, about: bodies that are kept elsewhere may be large. */
const mostCharacters = 8_000_000;

/** So many archived versions are read at once: most resources are written once or twice while they are exported. */
const archivesAtOnce = 4;

const isAt = (item: Item, cut: string): boolean => String(item['lastUpdated']) <= cut;

async function versionAt(
  space: TransactionSpace,
  current: Item,
  cut: string,
): Promise<StoredVersion | UnreadableVersion | undefined> {
  const found = await itemAt(space, current, cut);
  try {
    const version = found === undefined ? undefined : await loadVersion(found, space.bodies);
    // Only what is kept elsewhere can have been spoiled there.
    if (found === undefined || version?.overflow !== true || isJson(version.body)) return version;
    return new UnreadableVersion(found, 'its body is no JSON', version);
  } catch (error) {
    if (error instanceof UnreadableVersion) return error;
    throw error;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The item of the greatest version at or before a cut; undefined when there was none yet. */
async function itemAt({ table }: TransactionSpace, current: Item, cut: string): Promise<Item | undefined> {
  if (current['versionId'] === 0) return undefined; // staged
  if (typeof current['lastUpdated'] !== 'string' || isAt(current, cut)) return current; // what is no version is told of
  for (let before = Number(current['versionId']); before > 1;) {
    const range = { pk: current.pk, from: archiveKey(1), to: archiveKey(before - 1) };
    const archives = await table.query({ ...range, descending: true, limit: archivesAtOnce });
    const found = archives.find((item) => isAt(item, cut));
    if (found !== undefined || archives.length === 0) return found;
    before = Number(archives.at(-1)?.['versionId']);
  }
  return undefined;
}
