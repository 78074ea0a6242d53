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

/** An index that is made beside the one that serves. */
export interface MadeIndex {
  /** What it is called: another one has another name. */
  readonly index: string;
  /** What its terms depend on (`termsFingerprint`). */
  readonly terms: string;
}

/** What is remembered of an index's two places; written inside a transaction. */
export interface IndexState {
  /** Which of them serves, and what the index there is called. */
  serving(): IndexPlace;
  servingName(): string;
  /** What is made at the other one; undefined when nothing is. */
  making(): MadeIndex | undefined;
  /** How many were ever made. */
  made(): number;
  /** @param made how many there are with this one. */
  begin(making: MadeIndex, made: number): void;
  giveUp(): void;
  /** Lets what is made serve. */
  serve(place: IndexPlace, name: string): void;
}

/** Remembers which of the two places serves, and what is made at the other. */
export function openState(root: RootDatabase, name: string): IndexState {
  const entries: Database<unknown, string> = root.openDB({ name, encoding: 'json', cache: false });
  return {
    serving: () => (entries.get('serving') as IndexPlace | undefined) ?? '',
    servingName: () => (entries.get('servingName') as string | undefined) ?? '0',
    making: () => entries.get('making') as MadeIndex | undefined,
    made: () => (entries.get('made') as number | undefined) ?? 0,
    begin(making, made) {
      entries.putSync('making', making);
      entries.putSync('made', made);
    },
    giveUp() {
      entries.removeSync('making');
    },
    serve(place, index) {
      entries.putSync('serving', place);
      entries.putSync('servingName', index);
      entries.removeSync('making');
    },
  };
}
