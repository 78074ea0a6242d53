import type { Database, RootDatabase } from 'lmdb';
import { commitsOf } from '../lmdb/commits.js';
import { attributesOf, type Attributes } from './lmdb-key.js';
import { StoreError } from './store-error.js';
import type { Item, ItemChange, ItemKey } from './table.js';

interface LoggedChange {
  readonly pk: string;
  readonly sk: string;
  readonly before?: Attributes;
  readonly after?: Attributes;
}

/** The change feed of an embedded table. `number` and `append` are called in a commit. */
export interface ChangeLog {
  /** Gives changes their positions, following the last change of the log. */
  number(changes: readonly Omit<ItemChange, 'position'>[]): readonly ItemChange[];
  /** Puts numbered changes at the end and removes what is no longer kept. */
  append(changes: readonly ItemChange[]): void;
  /** The position of the last change; undefined when there never was one. */
  end(): string | undefined;
  /** @throws StoreError when changes behind `after` are no longer kept. */
  read(request: { after?: string; limit: number }): readonly ItemChange[];
}

/**
 * The log of a table's latest changes, in a database of its own keyed by position: 1, 2, 3, … without gaps.
 * The last change always stays, so that numbering goes on from it after a restart.
 * @param kept how many changes stay, at least 1.
 * @param mostUnread how many changes stay at most for who may miss nothing: one that reads no more must not fill the disk.
 * @param readUpTo how far who may miss nothing has read, as a position: what is behind it stays, up to `mostUnread`.
 */
export function changeLog(
  root: RootDatabase,
  name: string,
  kept: number,
  mostUnread = Infinity,
  readUpTo = (): number => Infinity,
): ChangeLog {
  const log: Database<LoggedChange, number> = root.openDB({ name, cache: false, compression: { threshold: 16_000 } });
  const collected = commitsOf(root).database(log);
  /** The last position and the last one removed, of the commit that is collected at this moment or of the one before. */
  let numbered: number | undefined;
  let removed = 0;
  const edge = (reverse: boolean): number => {
    for (const position of log.getKeys(reverse ? { start: Infinity, reverse, limit: 1 } : { limit: 1 }))
      return position;
    return 0;
  };

  /** Before a commit puts anything: what the one before put is known, unless it was not committed. */
  function begin(): number {
    if (numbered === undefined || !log.doesExist(numbered) || log.doesExist(numbered + 1)) {
      removed = Math.max(0, edge(false) - 1);
      numbered = edge(true);
    }
    return numbered;
  }

  function read({ after, limit }: { after?: string; limit: number }): readonly ItemChange[] {
    const from = after === undefined ? 1 : Number(after) + 1;
    if (!Number.isSafeInteger(from)) throw new Error(`${String(after)} is no position of the change feed`);
    if (after !== undefined && from < edge(false)) {
      throw new StoreError(`The changes after position ${after} are no longer kept: read the whole table again`);
    }
    const changes: ItemChange[] = [];
    for (const { key, value } of log.getRange({ start: from, limit })) changes.push(changeAt(key, value));
    return changes;
  }

  return {
    number(changes) {
      let last = numbered !== undefined && collected.isChanged() ? numbered : begin();
      const positioned = changes.map((change) => ({ position: positionText((last += 1)), ...change }));
      numbered = last;
      return positioned;
    },
    append(changes) {
      for (const change of changes) collected.put(Number(change.position), logged(change));
      const last = Number(changes.at(-1)?.position ?? 0);
      // Twice as many as were put, so that a log that was kept longer shrinks, yet no write pays for all of it.
      const end = Math.max(Math.min(last - kept, readUpTo()), last - Math.max(kept, mostUnread)) + 1;
      const upTo = Math.min(end - 1, removed + 2 * changes.length);
      while (removed < upTo) collected.remove((removed += 1));
    },
    end() {
      const last = edge(true);
      return last === 0 ? undefined : positionText(last);
    },
    read,
  };
}

/** Of equal length, so that positions sort as text. */
const positionText = (position: number): string => String(position).padStart(16, '0');

const logged = ({ key, before, after }: ItemChange): LoggedChange => ({
  pk: key.pk,
  sk: key.sk,
  ...(before === undefined ? {} : { before: attributesOf(before) }),
  ...(after === undefined ? {} : { after: attributesOf(after) }),
});

const itemOf = (attributes: Attributes, { pk, sk }: ItemKey): Item => ({ ...attributes, pk, sk });

const changeAt = (position: number, { pk, sk, before, after }: LoggedChange): ItemChange => ({
  position: positionText(position),
  key: { pk, sk },
  ...(before === undefined ? {} : { before: itemOf(before, { pk, sk }) }),
  ...(after === undefined ? {} : { after: itemOf(after, { pk, sk }) }),
});
