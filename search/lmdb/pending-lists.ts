import { compareTerms, separator } from '../term.js';
import { type DocumentNumber, firstFrom } from './numbers.js';

/** Posting lists in memory, of documents that the lists on disk do not have yet. */
export interface PendingLists {
  /** Adds a document to a list, once. */
  add(key: string, document: DocumentNumber): void;
  remove(key: string, document: DocumentNumber): void;
  /** A list, in the order of numbers; it changes with the next `add` or `remove`. */
  of(key: string): readonly DocumentNumber[];
  /** The keys of lists that are not empty, from `from` on and below `to`, in order; all in one list's kind. */
  keys(from: string, to: string): readonly string[];
  /** The same of all kinds, behind a key. */
  behind(key: string): Iterable<string>;
  /** How many documents stand in all lists together. */
  size(): number;
}

/** The keys of one kind of list (a type's parameter): most are asked for by name, so they are sorted when that is needed. */
interface Kind {
  sorted: string[];
  added: string[];
}

const none: readonly DocumentNumber[] = [];

/** Makes empty lists. */
export function pendingLists(): PendingLists {
  const lists = new Map<string, DocumentNumber[]>();
  const kinds = new Map<string, Kind>();
  let size = 0;

  function listOf(key: string): DocumentNumber[] {
    const found = lists.get(key);
    if (found !== undefined) return found;
    const made: DocumentNumber[] = [];
    lists.set(key, made);
    const kind = kindOf(key);
    const others = kinds.get(kind);
    if (others === undefined) kinds.set(kind, { sorted: [], added: [key] });
    else others.added.push(key);
    return made;
  }

  function sortedKeys(kind: string): readonly string[] {
    const keys = kinds.get(kind);
    if (keys === undefined) return [];
    if (keys.added.length > 0) {
      keys.sorted = [...keys.sorted, ...keys.added.sort(compareTerms)].sort(compareTerms); // two runs: they are merged
      keys.added = [];
    }
    return keys.sorted;
  }

  const isFilled = (key: string): boolean => (lists.get(key)?.length ?? 0) > 0;

  return {
    add(key, document) {
      const list = listOf(key);
      const last = list.at(-1);
      if (last === undefined || last < document) list.push(document);
      else {
        const at = firstFrom(list, document);
        if (list[at] === document) return;
        list.splice(at, 0, document);
      }
      size += 1;
    },
    remove(key, document) {
      const list = lists.get(key);
      if (list === undefined) return;
      const at = firstFrom(list, document);
      if (list[at] !== document) return;
      list.splice(at, 1);
      size -= 1;
    },
    of: (key) => lists.get(key) ?? none,
    keys(from, to) {
      const sorted = sortedKeys(kindOf(from));
      const begin = firstFrom(sorted, from, compareTerms);
      const end = firstFrom(sorted, to, compareTerms);
      return sorted.slice(begin, end).filter(isFilled);
    },
    *behind(key) {
      const last = key === '' ? '' : kindOf(key);
      for (const kind of [...kinds.keys()].sort(compareTerms)) {
        if (compareTerms(kind, last) < 0) continue;
        const sorted = sortedKeys(kind);
        for (let at = firstFrom(sorted, key, compareTerms); at < sorted.length; at += 1) {
          const each = sorted[at];
          if (each !== undefined && each !== key && isFilled(each)) yield each;
        }
      }
    },
    size: () => size,
  };
}

/** A key up to its term. */
function kindOf(key: string): string {
  const type = key.indexOf(separator);
  return key.slice(0, key.indexOf(separator, type + 1) + 1);
}
