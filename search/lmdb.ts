import type { RootDatabase } from 'lmdb';
import type { FhirDefinitions } from '../fhir/definitions.js';
import { defaultTenant, type Tenant } from '../fhir/tenant.js';
import { keyText } from '../fhir/resource.js';
import { commitsOf } from '../lmdb/commits.js';
import { termsFingerprint } from './document.js';
import { candidates, decidedByLists, deciderOf } from './lmdb/candidates.js';
import type { Clause } from './lmdb/clause.js';
import { clausesOf } from './lmdb/clauses.js';
import { type Databases, emptied, type IndexPlace, openDatabases, openState } from './lmdb/databases.js';
import { comparePlaces, documentNumber, type Place } from './lmdb/documents.js';
import { lmdbInspection } from './lmdb/inspection.js';
import { merged } from './lmdb/merged.js';
import { inOrder } from './lmdb/ordered.js';
import { ownType, type Placed, placed, typeOf } from './lmdb/placed.js';
import { openPending, type PendingLimits } from './lmdb/pending.js';
import { lists, postingKey } from './lmdb/postings.js';
import { documentOf, type Numbers, stageIn } from './lmdb/stage.js';
import type { ReadDocument } from './lmdb/read-document.js';
import type { IndexView, SearchLimits } from './lmdb/view.js';
import type { IndexInspection } from './index-inspection.js';
import { newest } from './newest.js';
import type { NextIndex } from './next-index.js';
import type {
  Indexable,
  IndexHit,
  IndexPage,
  IndexQuery,
  Position,
  SearchIndex,
  TypeSearchPlan,
} from './search-index.js';

/** The embedded search index. */
export interface LmdbSearchIndex {
  /** The index as a deployment without tenants has it. */
  readonly index: SearchIndex;
  /** The index of a tenant: searches find only what is theirs. */
  of(tenant: Tenant): SearchIndex;
  /**
   * Prepares the index for changes, in a commit: only reads.
   * @returns what does the writes, to be called in the same commit before any other change is staged.
   */
  stage(changes: readonly Indexable[]): () => void;
  /** Whether it holds the terms that searches of this program look for: not when it is new, or an older program's. */
  isUpToDate(): boolean;
  /**
   * How it is made anew beside the one that serves. Changes that are staged meanwhile go to both, after another start as
   * well. Documents keep their numbers, so that pages stay where they were.
   */
  readonly next: NextIndex;
  readonly inspection: IndexInspection;
  /**
   * Puts the next part of what waits in memory into the posting lists on disk; it is done by itself when much waits.
   * @returns whether there is more to put.
   */
  readonly merge: () => Promise<boolean>;
  /**
   * Makes the index anew at once.
   * @param all the current version of every resource, tombstones included, in chunks.
   */
  rebuild(all: AsyncIterable<readonly Indexable[]>): Promise<RebuiltIndex>;
}

/** How much an index was made of. */
export interface RebuiltIndex {
  readonly resources: number;
  /** Resources that are deleted. */
  readonly deleted: number;
}

/** A hit; of most nobody asks where they stand, so that is written when somebody does. */
class Hit implements IndexHit {
  readonly type: string;
  readonly id: string;
  readonly exactVersion?: number;
  private readonly place: Place;

  constructor({ type, id, versionId }: ReadDocument, place: Place, exact: boolean) {
    this.type = typeOf(type);
    this.id = id;
    this.place = place;
    if (exact) this.exactVersion = versionId;
  }

  get position(): Position {
    return positionOf(this.place);
  }
}

/** Places as positions: text that only this adapter reads. */
const positionOf = ({ keys, number }: Place): Position => JSON.stringify([number, ...keys]);
function placeOf(position: Position): Place {
  const [number, ...keys] = JSON.parse(position) as [string, ...(string | null)[]];
  return { number, keys };
}

/**
 * Opens the embedded index: documents in an LMDB environment, written in the transaction of the commit they belong to,
 * and posting lists, which follow (docs/adr/0002-embedded-index.md, 0077-postings-are-merged-later.md).
 * @param root the environment, the same as the table's.
 * @param name of the index; its databases are called after it.
 * @param definitions whose search parameters are indexed.
 * @param chosen limits other than the standard ones, which were measured on 10⁵ Observations: for tests.
 */
export function lmdbSearchIndex(
  root: RootDatabase,
  name: string,
  definitions: FhirDefinitions,
  chosen: Partial<SearchLimits & PendingLimits> = {},
): LmdbSearchIndex {
  const limits = { ...standardLimits, ...chosen };
  const commits = commitsOf(root);
  const state = openState(root, `${name}:state`);
  const fingerprint = termsFingerprint(definitions);
  const otherPlace = (): IndexPlace => (state.serving() === '' ? '+' : '');
  let serving = openDatabases(root, name, state.serving());
  let pending = openPending(serving, limits);
  let isMerging = false;
  /** The index that is to take the place of the serving one; it gets every change as well. */
  let making = openMaking();

  /** What an earlier process began; what one with other search parameters did is of no use. */
  function openMaking(): Databases | undefined {
    const begun = state.making();
    if (begun === undefined) return undefined;
    const databases = openDatabases(root, name, otherPlace());
    if (begun.terms === fingerprint) return databases;
    root.transactionSync(() => {
      state.giveUp();
      emptied(databases);
    });
    return undefined;
  }
  const viewOf = (tenant: Tenant, type: string): IndexView => ({
    postings: pending.lists(),
    documents: serving.documents,
    words: serving.words,
    type: ownType(tenant, type),
    limits,
  });

  function stage(changes: readonly Indexable[], again = false): () => void {
    const wanted = newest(changes).map(placed);
    pending.follow();
    const { write, numbers } = stageIn(serving, definitions, wanted, { again, post: pending.write });
    const other = making && stageIn(making, definitions, wanted, { again, given: numbers });
    return () => {
      write();
      other?.write();
      mergeSoon();
    };
  }

  /** Merges what waits, part by part; writes that came meanwhile go between parts. */
  function mergeSoon(): void {
    if (isMerging || !pending.isDue()) return;
    isMerging = true;
    merge().then(
      (isMore) => {
        isMerging = false;
        if (isMore) mergeSoon();
      },
      () => {
        // What stops a merge stops the next write as well, which tells of it: a full disk, a closed store. What waits is
        // found as before, and the merge goes on after that write.
        isMerging = false;
      },
    );
  }
  const merge = (): Promise<boolean> => commits.commitAlone(() => pending.merge());

  /** Numbers that pages under way know stay; what the serving index does not have gets one behind all others. */
  function numbersFor(changes: readonly Placed[]): Numbers {
    const { documents } = serving;
    let size = documents.size();
    const numbers: Numbers = new Map(
      changes.map((change) => [keyText(change), documents.numberOf(change.type, change.id) ?? documentNumber(size++)]),
    );
    if (size > documents.size()) documents.setSize(size);
    return numbers;
  }

  const requireMade = (): Databases => {
    if (making === undefined) throw new Error('No search index is being made');
    return making;
  };
  const isMade = (index: string): boolean => making !== undefined && state.making()?.index === index;

  const next: NextIndex = {
    terms: fingerprint,
    names: () => attempt(() => ({ index: String(state.made() + 1), replaces: state.servingName() })),
    open: ({ index }) =>
      commits.between(() => {
        if (isMade(index) || state.servingName() === index) return false;
        const databases = openDatabases(root, name, otherPlace());
        root.transactionSync(() => {
          emptied(databases);
          state.begin({ index, terms: fingerprint }, Math.max(state.made() + 1, Number(index)));
        });
        making = databases;
        return true;
      }),
    async put(changes) {
      const wanted = newest(changes).map(placed);
      for (let at = 0; at < wanted.length; at += stagedAtOnce) {
        await commits.commit(() => {
          const some = wanted.slice(at, at + stagedAtOnce);
          const given = numbersFor(some);
          stageIn(requireMade(), definitions, some, { given }).write();
        });
      }
    },
    count: ({ index }) =>
      attempt(() => {
        const isServing = state.servingName() === index;
        if (!isServing && !isMade(index)) throw new Error(`There is no search index ${index}`);
        return (isServing ? serving : requireMade()).documents.count();
      }),
    serve: ({ index }) =>
      commits.between(() => {
        if (state.servingName() === index) return;
        if (!isMade(index)) throw new Error(`There is no search index ${index}`);
        const databases = requireMade();
        root.transactionSync(() => {
          databases.documents.setSize(serving.documents.size());
          databases.documents.setFingerprint(fingerprint);
          state.serve(otherPlace(), index);
          emptied(serving);
        });
        serving = databases;
        pending = openPending(serving, limits);
        making = undefined;
      }),
    abandon: ({ index }) =>
      commits.betweenSmall(() => {
        if (!isMade(index)) return;
        const databases = requireMade();
        making = undefined;
        root.transactionSync(() => {
          state.giveUp();
          emptied(databases);
        });
      }),
  };

  async function rebuild(all: AsyncIterable<readonly Indexable[]>): Promise<RebuiltIndex> {
    const names = await next.names();
    await next.open(names);
    let resources = 0;
    let deleted = 0;
    try {
      for await (const chunk of all) {
        await next.put(chunk);
        deleted += chunk.filter(({ resource }) => resource === undefined).length;
        resources += chunk.filter(({ resource }) => resource !== undefined).length;
      }
      if ((await next.count(names)) < resources + deleted) {
        throw new Error('The new search index lacks resources: the old one stays');
      }
      await next.serve(names);
      return { resources, deleted };
    } finally {
      await next.abandon(names); // nothing, when it serves
    }
  }

  function search(tenant: Tenant, query: IndexQuery): IndexPage {
    const { request, access, others = [], limit, after, backwards = false, skip = 0 } = query;
    const rules = request.sort.map(({ parameter, descending }) => ({ code: parameter.code, descending }));
    const from = after === undefined ? undefined : placeOf(after);
    const walks = [{ request, access }, ...others].map((plan) => {
      const view = viewOf(tenant, plan.request.type);
      const clauses = clausesOf(view, plan);
      const exact = clauses.every((clause) => clause.exact);
      return { exact, places: inOrder(view, clauses, rules, from, backwards) };
    });
    const hits: IndexHit[] = [];
    let passed = 0;
    let more = false;
    for (const { place, walk } of merged(walks, (a, b) => comparePlaces(a, b, rules) * (backwards ? -1 : 1))) {
      if (passed++ < skip) continue;
      if (hits.length >= limit) {
        more = true;
        break;
      }
      const document = place.document ?? serving.documents.readLately(place.number);
      if (document === undefined) throw new Error('The search index names a document it does not have');
      hits.push(new Hit(document, place, walk.exact));
    }
    if (backwards) hits.reverse();
    return { hits, more };
  }

  function count(
    tenant: Tenant,
    { request, access, others = [], atMost }: Parameters<SearchIndex['count']>[0],
  ): number | undefined {
    let total = 0;
    for (const plan of [{ request, access }, ...others]) {
      const found = countOne(tenant, plan, atMost - total);
      if (found === undefined) return undefined;
      total += found;
    }
    return total;
  }

  function countOne(tenant: Tenant, plan: TypeSearchPlan, atMost: number): number | undefined {
    const view = viewOf(tenant, plan.request.type);
    const clauses = clausesOf(view, plan);
    if (!clauses.every((clause) => clause.exact)) return undefined;
    const key = onlyList(view.type, clauses);
    if (key !== undefined) {
      const length = view.postings.count(key, atMost + 1);
      return length > atMost ? undefined : length;
    }
    if (isMore(view, clauses, atMost)) return undefined;
    const { numbers, others } = candidates(view, clauses, { collectAtMost: Math.min(atMost, 100_000) });
    const mostLooks = Math.max(1, atMost) * (decidedByLists(others) ? looksPerCount : 1);
    const satisfies = deciderOf(view, others);
    let found = 0;
    let looks = 0;
    for (const number of numbers) {
      if ((looks += 1) > mostLooks) return undefined;
      if (satisfies(number) && (found += 1) > atMost) return undefined;
    }
    return found;
  }

  const of = (tenant: Tenant): SearchIndex => ({
    search: (query) => attempt(() => search(tenant, query)),
    count: (query) => attempt(() => count(tenant, query)),
    put: (changes, { again = false } = {}) =>
      commits.commit(() => {
        stage(changes, again)();
      }),
  });
  return {
    index: of(defaultTenant),
    of,
    stage: (changes) => stage(changes),
    next,
    inspection: lmdbInspection(
      () => ({ ...serving, postings: pending.lists() }),
      (change) => documentOf(definitions, change),
    ),
    merge,
    isUpToDate: () => serving.documents.fingerprint() === fingerprint,
    rebuild,
  };
}

const standardLimits: SearchLimits & PendingLimits = {
  collected: 1_000,
  sorted: 4_000,
  pending: 50_000,
  documents: 10_000,
  merged: 2_000,
};

/** A rebuild stages so many documents in one transaction, which holds up others. */
const stagedAtOnce = 100;

/**
 * A count that is bounded looks at so many more documents than it may find, where lists decide, and reads no more than it may
 * find; then it says that it cannot tell.
 */
const looksPerCount = 4;

/** A synchronous answer as a promise: errors reject. */
const attempt = <T>(answer: () => T): Promise<T> =>
  new Promise((resolve) => {
    resolve(answer());
  });

/** The one list that is the whole answer, where there is one. */
function onlyList(type: string, clauses: readonly Clause[]): string | undefined {
  const [only, second] = clauses;
  if (only === undefined) return postingKey(type, lists.all, '');
  const [range, another] = only.ranges ?? [];
  return second === undefined && another === undefined && range !== undefined && 'key' in range ? range.key : undefined;
}

/** Whether one list of the only clause is longer than a bound: its length is known without reading it. */
const isMore = ({ postings }: IndexView, [only, second]: readonly Clause[], atMost: number): boolean =>
  second === undefined &&
  (only?.ranges?.some((range) => 'key' in range && postings.count(range.key, atMost + 1) > atMost) ?? false);
