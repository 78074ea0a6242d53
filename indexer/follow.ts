import type { BodyStore } from '../persistence/body-store.js';
import { tenantOf } from '../persistence/keys.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { StoreError } from '../persistence/store-error.js';
import { type DecidedTransaction, decidedTransaction, loadCurrentChange } from '../persistence/stream.js';
import type { ItemChange, Table } from '../persistence/table.js';
import type { SearchIndex } from '../search/search-index.js';
import { indexable } from './index-change.js';
import { interruptibleSleep, longestOutage, pauseAfter } from './interruptible-sleep.js';
import { isTransient } from './transient.js';

/** What indexing met; never what is in a resource. */
export interface IndexingProblem {
  readonly what:
    | 'the change feed cannot be read'
    | 'changes were lost: the index must be rebuilt'
    | 'the index takes nothing'
    | 'a change cannot be read'
    | 'a version cannot be indexed'
    | 'a transaction cannot be ended';
  readonly error: unknown;
  /** The version meant, as `Patient/1`, and its number. */
  readonly version?: Pick<StoredVersion, 'type' | 'id' | 'versionId'>;
}

/** What an indexer in this process is given. */
export interface FollowOptions {
  readonly changes: Table['changes'];
  readonly index: Pick<SearchIndex, 'put'>;
  /** Where the bodies are that are too large for their items; absent where all are in them. */
  readonly bodies?: BodyStore | undefined;
  /** Ends a transaction that is decided; what keeps failing here is left to the store's `sweep`. */
  readonly recover?: (transaction: DecidedTransaction) => Promise<void>;
  /** Is handed each page once it is indexed: a stream has one reader. */
  readonly handOn?: (page: readonly ItemChange[]) => void;
  readonly onProblem: (problem: IndexingProblem) => void;
  /** How long to wait when there is nothing new, in milliseconds; 250 without it. */
  readonly idle?: number;
  /**
   * How long to wait after a page that was not full, so that the next ones have more, in milliseconds; 100 without it.
   * A shard may be read five times a second. Nobody who asks for `settled` waits for this.
   */
  readonly gather?: number;
  /**
   * The first pause after something failed, in milliseconds; 500 without it. Doubled each time: up to ten seconds while an
   * engine does not answer, up to a minute for a version that is refused.
   */
  readonly pause?: number;
}

/** An indexer that runs. */
export interface Follower {
  /** Resolves once the index has every change the feed tells of now, or it is set aside. */
  settled(): Promise<void>;
  /** Ends it after the page under way. */
  stop(): Promise<void>;
}

/** A version, and the partition of its resource. */
interface Loaded {
  readonly pk: string;
  readonly version: StoredVersion;
}

/** A version that the index refused, and when to try it again. */
interface SetAside extends Loaded {
  readonly tries: number;
  /** Milliseconds since 1970. */
  readonly due: number;
}

/** So often ending a transaction is tried again while the database does not answer, before others are gone on with. */
const mostTriesToEnd = 5;

/** 0 where there is none. */
const numberOf = (loaded: Loaded | undefined): number => loaded?.version.versionId ?? 0;

const pageSize = 500;
/** When so many versions are set aside it is not them: nothing more is read until they are fewer. */
const mostAside = 1_000;

/**
 * Brings what a change feed tells to the index, from the feed's start on: what was indexed before changes nothing.
 * Only current versions count, of each page the newest of a resource. While the index does not answer the feed
 * waits; a version that it refuses is set aside, so that it does not hold up others, and tried again, at last once a
 * minute, until it is taken or a newer version is.
 */
export function followChanges(options: FollowOptions): Follower {
  const { changes, index, bodies, recover, handOn, onProblem, idle = 250, gather = 100, pause = 500 } = options;
  const aside = new Map<string, SetAside>();
  let waiting: (() => void)[] = [];
  let stopped = false;
  const { sleep, wake } = interruptibleSleep(() => stopped);

  /**
   * The newest version of each resource on a page.
   * @throws what says that bodies cannot be had for now: the page is read again then.
   */
  async function versionsOf(page: readonly ItemChange[]): Promise<readonly Loaded[]> {
    const newest = new Map<string, Loaded>();
    for (const change of page) {
      try {
        const version = await loadCurrentChange(change, bodies);
        const { pk } = change.key;
        if (version !== undefined && version.versionId > numberOf(newest.get(pk))) newest.set(pk, { pk, version });
      } catch (error) {
        if (isTransient(error)) throw error;
        onProblem({ what: 'a change cannot be read', error });
      }
    }
    return [...newest.values()];
  }

  /** Ends the transactions that were decided on a page: what they wrote comes by the feed then. */
  async function endTransactions(page: readonly ItemChange[]): Promise<void> {
    for (const transaction of page.map(decidedTransaction)) {
      if (transaction === undefined) continue;
      await endTransaction(transaction);
    }
  }

  /** Searches do not find what a transaction wrote before it is ended: it is tried some times, with pauses. */
  async function endTransaction(transaction: DecidedTransaction): Promise<void> {
    for (let tries = 0; !stopped; tries += 1) {
      try {
        await recover?.(transaction);
        return;
      } catch (error) {
        onProblem({ what: 'a transaction cannot be ended', error });
        if (!isTransient(error) || tries >= mostTriesToEnd) return;
        await sleep(pauseAfter(pause, tries, longestOutage));
      }
    }
  }

  /** Puts versions, waiting while the index does not answer; halves what it refuses until the refused ones stand alone. */
  async function put(versions: readonly Loaded[]): Promise<void> {
    for (let tries = 0; versions.length > 0 && !stopped; tries += 1) {
      try {
        const puts = versions.map(({ pk, version }) => indexable(tenantOf(pk), version));
        await index.put(puts, { visible: false });
        for (const each of versions) if (numberOf(each) >= numberOf(aside.get(each.pk))) aside.delete(each.pk);
        return;
      } catch (error) {
        if (!isTransient(error)) {
          await divide(versions, error);
          return;
        }
        onProblem({ what: 'the index takes nothing', error });
        await sleep(pauseAfter(pause, tries, longestOutage));
      }
    }
  }

  async function divide(versions: readonly Loaded[], error: unknown): Promise<void> {
    const [first, second] = versions;
    if (first === undefined) return;
    if (second === undefined) {
      setAside(first, error);
      return;
    }
    const half = Math.ceil(versions.length / 2);
    await put(versions.slice(0, half));
    await put(versions.slice(half));
  }

  function setAside({ pk, version }: Loaded, error: unknown): void {
    const before = aside.get(pk);
    if (numberOf(before) > version.versionId) return; // one that came late
    const tries = before?.version.versionId === version.versionId ? before.tries + 1 : 1;
    aside.set(pk, { pk, version, tries, due: Date.now() + pauseAfter(pause, tries) });
    const { type, id, versionId } = version;
    onProblem({ what: 'a version cannot be indexed', error, version: { type, id, versionId } });
  }

  async function retryDue(): Promise<void> {
    const due = [...aside.values()].filter((each) => each.due <= Date.now());
    for (const { pk, version } of due) await put([{ pk, version }]);
  }

  async function run(): Promise<void> {
    let after: string | undefined;
    for (let failures = 0; !stopped;) {
      const asked = waiting;
      waiting = [];
      try {
        await retryDue();
        if (aside.size >= mostAside) {
          waiting.unshift(...asked);
          await sleep(pause);
          continue;
        }
        const page = await changes({ limit: pageSize, ...(after === undefined ? {} : { after }) });
        await put(await versionsOf(page));
        failures = 0;
        await endTransactions(page);
        handOn?.(page);
        after = page.at(-1)?.position ?? after;
        if (page.length > 0) waiting.unshift(...asked);
        else for (const resolve of asked) resolve();
        if (page.length < pageSize && waiting.length === 0) await sleep(page.length === 0 ? idle : gather);
      } catch (error) {
        waiting.unshift(...asked);
        const lost = error instanceof StoreError;
        if (lost) after = undefined; // what the feed still has is indexed, the rest must be
        onProblem({
          what: lost ? 'changes were lost: the index must be rebuilt' : 'the change feed cannot be read',
          error,
        });
        await sleep(pauseAfter(pause, failures, longestOutage));
        failures += 1;
      }
    }
    for (const resolve of waiting) resolve();
  }

  const running = run();
  return {
    settled: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        wake();
      }),
    async stop() {
      stopped = true;
      wake();
      await running;
    },
  };
}
