import type { BodyStore } from '../persistence/body-store.js';
import { tenantOf } from '../persistence/keys.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { type DecidedTransaction, decidedTransaction, loadCurrentChange } from '../persistence/stream.js';
import type { ItemChange, ItemKey } from '../persistence/table.js';
import type { SearchIndex } from '../search/search-index.js';
import type { IndexingProblem } from './follow.js';
import { indexable } from './index-change.js';
import { isTransient } from './transient.js';

/** What indexes a batch of a stream. */
export interface BatchIndexing {
  readonly index: Pick<SearchIndex, 'put'>;
  /** Where the bodies are that are too large for their items; undefined where all are in them. */
  readonly bodies: BodyStore | undefined;
  /** Ends a transaction that is decided; what fails here, but because the database does not answer, is left to the sweeper. */
  readonly recover: (transaction: DecidedTransaction) => Promise<void>;
  readonly onProblem: (problem: IndexingProblem) => void;
}

/** What came of a batch. */
export interface IndexedBatch {
  /** The position from which on the batch must come again, since an engine does not answer; all of it is done without. */
  readonly again?: string;
  /** What can never be indexed as it is: set aside, so that it does not hold up others. */
  readonly refused: readonly ItemKey[];
  /** When the newest of what is indexed was written, an instant; undefined when nothing was. */
  readonly newest?: string;
}

/** A version, and the item that holds it. */
interface Loaded {
  readonly key: ItemKey;
  readonly version: StoredVersion;
}

/**
 * Brings a batch of changes to the index, of each resource its newest version, and ends the transactions that were
 * decided in it. To index a batch twice, or an old one after a newer one, changes nothing.
 */
export async function indexBatch(changes: readonly ItemChange[], work: BatchIndexing): Promise<IndexedBatch> {
  const refused: ItemKey[] = [];
  const newest = new Map<string, Loaded>();
  let again: string | undefined;
  for (const change of changes) {
    try {
      const version = await loadCurrentChange(change, work.bodies);
      const known = newest.get(change.key.pk)?.version.versionId ?? 0; // records may come late, behind newer ones
      if (version !== undefined && version.versionId > known) newest.set(change.key.pk, { key: change.key, version });
    } catch (error) {
      work.onProblem({ what: 'a change cannot be read', error });
      if (isTransient(error)) {
        again = change.position;
        break;
      }
      refused.push(change.key);
    }
  }
  try {
    refused.push(...(await put([...newest.values()], work)));
  } catch (error) {
    work.onProblem({ what: 'the index takes nothing', error });
    return { refused, ...(changes[0] === undefined ? {} : { again: changes[0].position }) };
  }
  const done =
    again === undefined
      ? changes
      : changes.slice(
          0,
          changes.findIndex(({ position }) => position === again),
        );
  const unended = await endTransactions(done, work);
  const last = [...newest.values()]
    .map(({ version }) => version.lastUpdated)
    .toSorted()
    .at(-1);
  const first = unended ?? again; // it stands before
  return { refused, ...(first === undefined ? {} : { again: first }), ...(last === undefined ? {} : { newest: last }) };
}

/**
 * Puts versions; halves what the index refuses until the refused ones stand alone.
 * @returns the items of those.
 * @throws what says that the index does not answer for now.
 */
async function put(versions: readonly Loaded[], work: BatchIndexing): Promise<readonly ItemKey[]> {
  const [first, second] = versions;
  if (first === undefined) return [];
  try {
    await work.index.put(
      versions.map(({ key, version }) => indexable(tenantOf(key.pk), version)),
      { visible: false },
    );
    return [];
  } catch (error) {
    if (isTransient(error)) throw error;
    if (second !== undefined) {
      const half = Math.ceil(versions.length / 2);
      return [...(await put(versions.slice(0, half), work)), ...(await put(versions.slice(half), work))];
    }
    const { type, id, versionId } = first.version;
    work.onProblem({ what: 'a version cannot be indexed', error, version: { type, id, versionId } });
    return [first.key];
  }
}

/**
 * Searches do not find what a transaction wrote before it is ended.
 * @returns the position of the first that is to be tried again, since the database does not answer.
 */
async function endTransactions(changes: readonly ItemChange[], work: BatchIndexing): Promise<string | undefined> {
  for (const change of changes) {
    const transaction = decidedTransaction(change);
    if (transaction === undefined) continue;
    try {
      await work.recover(transaction);
    } catch (error) {
      work.onProblem({ what: 'a transaction cannot be ended', error });
      if (isTransient(error)) return change.position;
    }
  }
  return undefined;
}
