import type { RootDatabase } from 'lmdb';
import type { FhirDefinitions } from '../fhir/definitions.js';
import { keyText } from '../fhir/resource.js';
import { documentTerms, termsVersion } from './document.js';
import { candidates, type IndexView, satisfies, type SearchLimits } from './lmdb/candidates.js';
import { clausesOf } from './lmdb/clause.js';
import { documentNumber, type IndexedDocument, listsOf, openDocuments, type Place } from './lmdb/documents.js';
import { inOrder } from './lmdb/ordered.js';
import { lists, openPostings, postingKey } from './lmdb/postings.js';
import { newest } from './newest.js';
import type { Indexable, IndexHit, IndexPage, IndexQuery, Position, SearchIndex } from './search-index.js';

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
 * @param name of the index; its two databases are called after it.
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
  const viewOf = (type: string): IndexView => ({ postings, documents, type, limits });

  function stage(changes: readonly Indexable[]): () => void {
    let size = documents.size();
    const writes = newest(changes).flatMap((change): (() => void)[] => {
      const known = documents.numberOf(change.type, change.id);
      const before = known === undefined ? undefined : documents.read(known);
      if (before !== undefined && before.versionId >= change.versionId) return [];
      const after = documentOf(definitions, change);
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
        },
      ];
    });
    return () => {
      for (const write of writes) write();
    };
  }

  function search({ request, access, limit, after, backwards = false, skip = 0 }: IndexQuery): IndexPage {
    const clauses = clausesOf(request, access, postings);
    const exact = clauses.every((clause) => clause.exact);
    const rules = request.sort.map(({ parameter, descending }) => ({ code: parameter.code, descending }));
    const hits: IndexHit[] = [];
    let passed = 0;
    let more = false;
    const places = inOrder(
      viewOf(request.type),
      clauses,
      rules,
      after === undefined ? undefined : placeOf(after),
      backwards,
    );
    for (const place of places) {
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

  function count({ request, access, atMost }: Parameters<SearchIndex['count']>[0]): number | undefined {
    const clauses = clausesOf(request, access, postings);
    if (!clauses.every((clause) => clause.exact)) return undefined;
    const key = onlyList(
      request.type,
      clauses.map(({ ranges }) => ranges),
    );
    if (key !== undefined) {
      const length = postings.count(key, atMost + 1);
      return length > atMost ? undefined : length;
    }
    const view = viewOf(request.type);
    const { numbers, others } = candidates(view, clauses, { collectAtMost: Math.min(atMost, 100_000) });
    let found = 0;
    let looks = 0;
    for (const number of numbers) {
      if ((looks += 1) > atMost * looksPerCount) return undefined;
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
function onlyList(type: string, ranges: readonly (IndexRanges | undefined)[]): string | undefined {
  if (ranges.length === 0) return postingKey(type, lists.all, '');
  const [only] = ranges;
  const [range] = only ?? [];
  return ranges.length === 1 && only?.length === 1 && range !== undefined && 'key' in range ? range.key : undefined;
}
type IndexRanges = NonNullable<ReturnType<typeof clausesOf>[number]['ranges']>;
