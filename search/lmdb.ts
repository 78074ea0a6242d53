import type { RootDatabase } from 'lmdb';
import type { FhirDefinitions } from '../fhir/definitions.js';
import { documentTerms, termsVersion } from './document.js';
import { candidates, satisfies } from './lmdb/candidates.js';
import { type Clause, clausesOf } from './lmdb/clause.js';
import {
  comparePlaces,
  documentNumber,
  type IndexedDocument,
  listsOf,
  openDocuments,
  openWords,
  type Place,
} from './lmdb/documents.js';
import { inOrder } from './lmdb/ordered.js';
import { lists, openPostings, postingKey } from './lmdb/postings.js';
import type { IndexView, SearchLimits } from './lmdb/view.js';
import { newest } from './newest.js';
import type {
  Indexable,
  IndexHit,
  IndexPage,
  IndexQuery,
  Position,
  SearchIndex,
  TypeSearchPlan,
} from './search-index.js';
import { resourceWords } from './words.js';

/** The embedded search index. */
export interface LmdbSearchIndex {
  readonly index: SearchIndex;
  /**
   * Prepares the index for changes, inside a write transaction: only reads.
   * @returns what does the writes, to be called in the same transaction before any other change is staged.
   */
  stage(changes: readonly Indexable[]): () => void;
  /** Whether it holds the terms that searches of this program look for: not when it is new, or an older program's. */
  isUpToDate(): boolean;
  /**
   * Makes the index anew from what it is given; done again at the next start when it was interrupted.
   * @param all the current version of every resource, tombstones included, in chunks.
   */
  rebuild(all: AsyncIterable<readonly Indexable[]>): Promise<void>;
}

/** Places as positions: text that only this adapter reads. */
const positionOf = ({ keys, number }: Place): Position => JSON.stringify([number, ...keys]);
function placeOf(position: Position): Place {
  const [number, ...keys] = JSON.parse(position) as [string, ...(string | null)[]];
  return { number, keys };
}

/**
 * Opens the embedded index: posting lists and documents in an LMDB environment, written in the transaction of the
 * commit they belong to (docs/adr/0002-embedded-index.md).
 * @param root the environment, the same as the table's.
 * @param name of the index; its databases are called after it.
 * @param definitions whose search parameters are indexed.
 * @param limits measured on 10⁵ Observations; tests set others.
 */
export function lmdbSearchIndex(
  root: RootDatabase,
  name: string,
  definitions: FhirDefinitions,
  limits: SearchLimits = { collected: 1_000, sorted: 4_000 },
): LmdbSearchIndex {
  const postings = openPostings(root, `${name}:postings`);
  const documents = openDocuments(root, `${name}:documents`);
  const words = openWords(root, `${name}:words`);
  const viewOf = (type: string): IndexView => ({ postings, documents, words, type, limits });

  function stage(changes: readonly Indexable[]): () => void {
    let size = documents.size();
    const writes = newest(changes).flatMap((change): (() => void)[] => {
      const known = documents.numberOf(change.type, change.id);
      const before = known === undefined ? undefined : documents.read(known);
      if (before !== undefined && before.versionId >= change.versionId) return [];
      const after = documentOf(definitions, change);
      const wordsAfter = change.resource === undefined ? undefined : resourceWords(change.resource);
      const number = known ?? documentNumber(size++);
      const count = size;
      const old = before === undefined ? new Set<string>() : listsOf(before);
      const next = listsOf(after);
      return [
        () => {
          for (const key of old) if (!next.has(key)) postings.remove(key, number);
          for (const key of next) if (!old.has(key)) postings.add(key, number);
          if (known === undefined) documents.add(number, after, count);
          else documents.write(number, after);
          words.write(number, wordsAfter);
        },
      ];
    });
    return () => {
      for (const write of writes) write();
    };
  }

  function search({ request, access, others = [], limit, after, backwards = false, skip = 0 }: IndexQuery): IndexPage {
    const rules = request.sort.map(({ parameter, descending }) => ({ code: parameter.code, descending }));
    const from = after === undefined ? undefined : placeOf(after);
    const walks = [{ request, access }, ...others].map((plan) => {
      const view = viewOf(plan.request.type);
      const clauses = clausesOf(view, plan);
      const exact = clauses.every((clause) => clause.exact);
      return { exact, places: inOrder(view, clauses, rules, from, backwards) };
    });
    const hits: IndexHit[] = [];
    let passed = 0;
    let more = false;
    for (const { place, exact } of merged(walks, (a, b) => comparePlaces(a, b, rules) * (backwards ? -1 : 1))) {
      if (passed++ < skip) continue;
      if (hits.length >= limit) {
        more = true;
        break;
      }
      const document = documents.read(place.number);
      if (document === undefined) throw new Error('The search index names a document it does not have');
      const { type, id, versionId } = document;
      hits.push({ type, id, position: positionOf(place), ...(exact ? { exactVersion: versionId } : {}) });
    }
    if (backwards) hits.reverse();
    return { hits, more };
  }

  function count({ request, access, others = [], atMost }: Parameters<SearchIndex['count']>[0]): number | undefined {
    let total = 0;
    for (const plan of [{ request, access }, ...others]) {
      const found = countOne(plan, atMost - total);
      if (found === undefined) return undefined;
      total += found;
    }
    return total;
  }

  function countOne(plan: TypeSearchPlan, atMost: number): number | undefined {
    const view = viewOf(plan.request.type);
    const clauses = clausesOf(view, plan);
    if (!clauses.every((clause) => clause.exact)) return undefined;
    const key = onlyList(view.type, clauses);
    if (key !== undefined) {
      const length = postings.count(key, atMost + 1);
      return length > atMost ? undefined : length;
    }
    const { numbers, others } = candidates(view, clauses, { collectAtMost: Math.min(atMost, 100_000) });
    let found = 0;
    let looks = 0;
    for (const number of numbers) {
      if ((looks += 1) > Math.max(1, atMost) * looksPerCount) return undefined;
      if (satisfies(view, others, number) && (found += 1) > atMost) return undefined;
    }
    return found;
  }

  return {
    index: {
      search: (query) => attempt(() => search(query)),
      count: (query) => attempt(() => count(query)),
      put: (changes) =>
        attempt(() => {
          root.transactionSync(() => {
            stage(changes)();
          });
        }),
    },
    stage,
    isUpToDate: () => documents.termsVersion() === termsVersion,
    async rebuild(all) {
      root.transactionSync(() => {
        documents.clear();
        postings.clear();
        words.clear();
      });
      for await (const chunk of all) {
        root.transactionSync(() => {
          stage(chunk)();
        });
      }
      documents.setTermsVersion(termsVersion);
    },
  };
}

/** A count that is bounded looks at so many more documents than it may find; then it says that it cannot tell. */
const looksPerCount = 4;

/** A synchronous answer as a promise: errors reject. */
const attempt = <T>(answer: () => T): Promise<T> =>
  new Promise((resolve) => {
    resolve(answer());
  });

function documentOf(
  definitions: FhirDefinitions,
  { type, id, versionId, compartments, resource }: Indexable,
): IndexedDocument {
  const deleted = { type, id, versionId, compartments };
  return resource === undefined ? deleted : { ...deleted, terms: documentTerms(definitions, resource) };
}

/** The one list that is the whole answer, where there is one. */
function onlyList(type: string, clauses: readonly Clause[]): string | undefined {
  const [only, second] = clauses;
  if (only === undefined) return postingKey(type, lists.all, '');
  const [range, another] = only.ranges ?? [];
  return second === undefined && another === undefined && range !== undefined && 'key' in range ? range.key : undefined;
}

/** The places of several walks, each in order, as one walk in that order. */
function* merged<Walk extends { readonly places: Iterable<Place> }>(
  walks: readonly Walk[],
  compare: (a: Place, b: Place) => number,
): Generator<Walk & { readonly place: Place }> {
  const [only, second] = walks;
  if (only !== undefined && second === undefined) {
    for (const place of only.places) yield { ...only, place };
    return;
  }
  const heads = walks.flatMap((walk) => {
    const rest = walk.places[Symbol.iterator]();
    const first = rest.next();
    return first.done === true ? [] : [{ walk, rest, place: first.value }];
  });
  try {
    while (heads.length > 0) {
      let next = 0;
      for (const [i, { place }] of heads.entries()) {
        const best = heads[next];
        if (best !== undefined && compare(place, best.place) < 0) next = i;
      }
      const head = heads[next];
      if (head === undefined) return;
      yield { ...head.walk, place: head.place };
      const following = head.rest.next();
      if (following.done === true) heads.splice(next, 1);
      else head.place = following.value;
    }
  } finally {
    for (const { rest } of heads) rest.return?.();
  }
}
