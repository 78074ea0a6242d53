import type { Database, RootDatabase } from 'lmdb';
import { commitsOf } from '../../lmdb/commits.js';
import { Remembered } from '../../fhir/remembered.js';
import type { DocumentTerms } from '../document.js';
import type { ResourceWords } from '../words.js';
import { compareTerms, isUnsorted, sortKey } from '../term.js';
import type { DocumentNumber } from './numbers.js';
import { lists, postingKey } from './postings.js';
import { type IndexedDocument, type ReadDocument, readDocument } from './read-document.js';

/** Which documents the posting lists on disk have; counts of numbers given out (see `Pending`). */
export interface Merged {
  /** All below this one. */
  readonly upTo: number;
  /** Of those below `to` the postings of keys up to `behind`. */
  readonly merging?: { readonly to: number; readonly behind: string };
}

/** The documents of an index, by number and by resource. */
export interface Documents {
  numberOf(type: string, id: string): DocumentNumber | undefined;
  read(number: DocumentNumber): IndexedDocument | undefined;
  /** As `read`, for searches: never inside a write transaction, which may be undone. Nobody may change what it gives. */
  readLately(number: DocumentNumber): ReadDocument | undefined;
  /** What the terms in all documents depend on (`termsFingerprint`); undefined in a new index, and until it is made. */
  fingerprint(): unknown;
  setFingerprint(fingerprint: string): void;
  /** Forgets all documents, and what their terms depend on. */
  clear(): void;
  /** How far the documents are in the posting lists on disk; undefined where all are. */
  merged(): Merged | undefined;
  setMerged(merged: Merged): void;
  /** How many writes there were of documents that are not in those lists; 0 in the beginning. */
  turn(): number;
  setTurn(turn: number): void;
  /** Whether what is collected at this moment changes anything in it. */
  isChanged(): boolean;
  /** How many resources there are documents of, deleted ones included. */
  count(): number;
  /** Gives numbers out from `size` on. */
  setSize(size: number): void;
  /** How many numbers were given out. */
  size(): number;
  write(number: DocumentNumber, document: IndexedDocument): void;
  /** Gives a resource a number; `count` is that of all documents with it. */
  add(number: DocumentNumber, document: IndexedDocument, count: number): void;
}

/** The words of the resources, by document: full text is looked for by reading along, not by posting lists (docs/adr/0018-full-text-is-read-along-not-posted.md). */
export interface Words {
  /** Whether a document has a word; in the narrative, or with `_content` anywhere. */
  has(number: DocumentNumber, parameter: '_text' | '_content', words: readonly string[]): boolean;
  write(number: DocumentNumber, words: ResourceWords | undefined): void;
  clear(): void;
}

/** Opens the words of an index. */
export function openWords(root: RootDatabase, name: string): Words {
  const entries: Database<string, string> = root.openDB({ name, encoding: 'string', cache: false });
  const collected = commitsOf(root).database(entries);
  return {
    has(number, parameter, words) {
      const found = entries.get(number);
      if (found === undefined) return false;
      const searched = parameter === '_text' ? found.slice(0, found.indexOf('\n')) : found;
      return words.every((word) => searched.includes(` ${word} `));
    },
    write(number, words) {
      if (words === undefined) collected.remove(number);
      else collected.put(number, ` ${[...words.text].join(' ')} \n ${[...words.content].join(' ')} `);
    },
    clear() {
      entries.clearSync();
    },
  };
}

/** Of what was read lately so many characters of documents are kept. */
const charactersKept = 6_000_000;

/** Keys beside those of documents: they hold a character that no key of a resource starts with. */
const sizeKey = '#size';
const termsKey = '#terms';
const mergedKey = '#merged';
const turnKey = '#turn';
const resourceKey = (type: string, id: string): string => `${type}/${id}`;
const documentKey = (number: DocumentNumber): string => `#${number}`;

/** Opens the documents of an index. */
export function openDocuments(root: RootDatabase, name: string): Documents {
  const entries: Database<unknown, string> = root.openDB({ name, encoding: 'json', cache: false });
  const collected = commitsOf(root).database(entries);
  const read = (number: DocumentNumber): IndexedDocument | undefined =>
    collected.get(documentKey(number)) as IndexedDocument | undefined;
  const lately = new Remembered<ReadDocument>(charactersKept);
  /** What stands under the keys beside those of documents, which each search looks at, while none of it is being changed. */
  const state = new Map<string, unknown>();
  function stateOf(key: string): unknown {
    if (collected.isUnderWay(() => key)) return collected.get(key);
    if (!state.has(key)) state.set(key, collected.get(key));
    return state.get(key);
  }
  const setState = (key: string, value: unknown): void => {
    state.delete(key);
    collected.put(key, value);
  };
  const write = (number: DocumentNumber, document: IndexedDocument): void => {
    lately.forget(number);
    collected.put(documentKey(number), document);
  };
  return {
    numberOf: (type, id) => collected.get(resourceKey(type, id)) as DocumentNumber | undefined,
    read,
    readLately(number) {
      if (collected.isUnderWay(() => documentKey(number))) {
        const document = read(number);
        return document && readDocument(JSON.stringify(document));
      }
      const known = lately.get(number);
      if (known !== undefined) return known;
      const bytes = entries.getBinaryFast(documentKey(number));
      if (bytes === undefined) return undefined;
      const text = bytes.toString('utf8', 0, bytes.length);
      const document = readDocument(text);
      lately.set(number, document, text.length);
      return document;
    },
    fingerprint: () => stateOf(termsKey),
    setFingerprint(fingerprint) {
      setState(termsKey, fingerprint);
    },
    merged: () => stateOf(mergedKey) as Merged | undefined,
    setMerged(merged) {
      setState(mergedKey, merged);
    },
    turn: () => (stateOf(turnKey) as number | undefined) ?? 0,
    setTurn(turn) {
      setState(turnKey, turn);
    },
    isChanged: () => collected.isChanged(),
    count() {
      const others = [sizeKey, termsKey, mergedKey, turnKey].filter((key) => entries.doesExist(key)).length;
      return (entries.getKeysCount() - others) / 2; // a number and a document each
    },
    setSize(size) {
      setState(sizeKey, size);
    },
    clear() {
      lately.clear();
      state.clear();
      entries.clearSync();
    },
    size: () => (stateOf(sizeKey) as number | undefined) ?? 0,
    write,
    add(number, document, count) {
      write(number, document);
      collected.put(resourceKey(document.type, document.id), number);
      setState(sizeKey, count);
    },
  };
}

const digits = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';

/** A count as a document number: 68 thousand million of them. */
export function documentNumber(count: number): DocumentNumber {
  let text = '';
  for (let rest = count, i = 0; i < 6; i += 1, rest = Math.floor(rest / 64)) text = digits.charAt(rest % 64) + text;
  return text;
}

/** The count that a document number is made of. */
export const documentCount = (number: DocumentNumber): number =>
  Array.from(number).reduce((count, digit) => count * 64 + digits.indexOf(digit), 0);

/** Marks a code in a signature whose values cannot be sorted by. */
const unsortable = '!';

/**
 * Which parameters a document has values for, as one term: there are few different ones, so that what lacks a value
 * is found without a list per document and missing parameter.
 */
function signature(terms: DocumentTerms): string {
  let text = '';
  for (const code in terms) {
    if (text !== '') text += ',';
    text += terms[code]?.every(isUnsorted) === false ? code : code + unsortable;
  }
  return text;
}

/** Whether a document of this signature has no value for a code; with `sorted`, none to sort by. */
export function lacks(signatureText: string, code: string, sorted: boolean): boolean {
  const codes = `,${signatureText},`;
  return !codes.includes(`,${code},`) && (sorted || !codes.includes(`,${code}${unsortable},`));
}

/** Calls a function once for each list that a document is in: with its kind (a parameter's code) and its term. */
export function eachList({ compartments, terms }: IndexedDocument, visit: (list: string, term: string) => void): void {
  if (terms === undefined) return;
  visit(lists.all, '');
  visit(lists.signature, signature(terms));
  for (const compartment of compartments) visit(lists.compartment, compartment);
  for (const code in terms) for (const term of terms[code] ?? []) visit(code, term);
}

/** In how many lists a document is: as often as `eachList` calls. */
export function countLists({ compartments, terms }: IndexedDocument): number {
  if (terms === undefined) return 0;
  let count = 2 + compartments.length;
  for (const code in terms) count += terms[code]?.length ?? 0;
  return count;
}

/** The keys of all lists a document is in. */
export function listsOf(document: IndexedDocument): Set<string> {
  const keys = new Set<string>();
  eachList(document, (list, term) => keys.add(postingKey(document.type, list, term)));
  return keys;
}

/** A document's place in an order: what it sorts by, rule by rule (null without a value), then its number. */
export interface Place {
  readonly keys: readonly (string | null)[];
  readonly number: DocumentNumber;
  /** The document, where it was read to find its place. */
  readonly document?: ReadDocument;
}

/** A rule of an order: a parameter's code and its direction. */
export interface OrderRule {
  readonly code: string;
  readonly descending: boolean;
}

/** What a document sorts by. */
export const sortKeys = (document: ReadDocument, rules: readonly OrderRule[]): (string | null)[] =>
  rules.map(({ code, descending }) => sortKey(document.termsOf(code) ?? [], descending));

/** Orders places; without a value comes last, whatever the direction, and equal ones go by their numbers. */
export function comparePlaces(a: Place, b: Place, rules: readonly OrderRule[]): number {
  for (const [i, { descending }] of rules.entries()) {
    const x = a.keys[i] ?? null;
    const y = b.keys[i] ?? null;
    if (x === y) continue;
    if (x === null) return 1;
    if (y === null) return -1;
    return descending ? compareTerms(y, x) : compareTerms(x, y);
  }
  return a.number < b.number ? -1 : a.number > b.number ? 1 : 0;
}
