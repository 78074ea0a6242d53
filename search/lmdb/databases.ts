import type { Database, RootDatabase } from 'lmdb';
import { type Documents, openDocuments, openWords, type Words } from './documents.js';
import { openPostings, type Postings } from './postings.js';

/** Where an index is: one of two places, so that the next one is made beside it. */
export type IndexPlace = '' | '+';

/** The databases of one index. */
export interface Databases {
  readonly postings: Postings;
  readonly documents: Documents;
  readonly words: Words;
}

/** Opens the databases of an index at one of its two places. */
export const openDatabases = (root: RootDatabase, name: string, place: IndexPlace): Databases => ({
  postings: openPostings(root, `${name}${place}:postings`),
  documents: openDocuments(root, `${name}${place}:documents`),
  words: openWords(root, `${name}${place}:words`),
});

/** Forgets all that an index holds; inside a write transaction. */
export function emptied({ postings, documents, words }: Databases): void {
  postings.clear();
  documents.clear();
  words.clear();
}

/** Remembers which of the two places serves. */
export function openState(
  root: RootDatabase,
  name: string,
): { serving(): IndexPlace; setServing(place: IndexPlace): void } {
  const entries: Database<IndexPlace, string> = root.openDB({ name, encoding: 'json', cache: false });
  return {
    serving: () => entries.get('serving') ?? '',
    setServing(place) {
      entries.putSync('serving', place);
    },
  };
}
