import { compareTerms, separator } from '../term.js';
import { eachList } from './documents.js';
import { type DocumentNumber, firstFrom } from './numbers.js';
import { postingKey } from './postings.js';
import type { IndexedDocument } from './read-document.js';

/** Posting lists in memory, of documents that the lists on disk do not have yet. */
export interface PendingLists {
  /** Adds a document to a list, once. */
  add(key: string, number: DocumentNumber): void;
  /** Adds a document to all its lists. */
  addDocument(document: IndexedDocument, number: DocumentNumber): void;
  remove(key: string, number: DocumentNumber): void;
  /** A list, in the order of numbers; it changes with the next `add` or `remove`. */
  of(key: string): readonly DocumentNumber[];
  /** The keys of lists that are not empty, from `from` on and below `to`, in order; all in one list's kind. */
  keys(from: string, to: string): readonly string[];
  /** The lists of all kinds that are not empty, behind a key. */
  behind(key: string): Iterable<{ readonly key: string; readonly list: readonly DocumentNumber[] }>;
  /** How many documents stand in all lists together. */
  size(): number;
}

/** The lists of one kind (a type's parameter), by their terms: most are asked for by name, so these are sorted when that is needed. */
interface Kind {
  readonly lists: Map<string, DocumentNumber[]>;
  sorted: string[];
  added: string[];
  /** Whether terms have characters that JavaScript sorts otherwise than the index. */
  isBeyond: boolean;
}

const none: readonly DocumentNumber[] = [];

/** Surrogates, and what sorts behind them. */
const beyond = /[\ud800-\uffff]/;

/** Makes empty lists. */
export function pendingLists(): PendingLists {
  /** By type and list, as keys begin. */
  const types = new Map<string, Map<string, Kind>>();
  let size = 0;

  function kindsOf(type: string): Map<string, Kind> {
    const found = types.get(type);
    if (found !== undefined) return found;
    const made = new Map<string, Kind>();
    types.set(type, made);
    return made;
  }

  function kindIn(kinds: Map<string, Kind>, list: string): Kind {
    const found = kinds.get(list);
    if (found !== undefined) return found;
    const made: Kind = { lists: new Map(), sorted: [], added: [], isBeyond: false };
    kinds.set(list, made);
    return made;
  }

  function addTo(kind: Kind, term: string, number: DocumentNumber): void {
    const list = kind.lists.get(term);
    if (list === undefined) {
      kind.lists.set(term, [number]);
      kind.added.push(term);
      kind.isBeyond ||= beyond.test(term);
    } else {
      const last = list.at(-1);
      if (last === undefined || last < number) list.push(number);
      else {
        const at = firstFrom(list, number);
        if (list[at] === number) return;
        list.splice(at, 0, number);
      }
    }
    size += 1;
  }

  function sortedTerms(kind: Kind): readonly string[] {
    if (kind.added.length > 0) {
      const terms = [...kind.sorted, ...kind.added];
      kind.sorted = kind.isBeyond ? terms.sort(compareTerms) : terms.sort(); // by itself it is several times as fast
      kind.added = [];
    }
    return kind.sorted;
  }

  const isFilled = ({ lists }: Kind, term: string): boolean => (lists.get(term)?.length ?? 0) > 0;

  function find(key: string): { readonly kind: Kind | undefined; readonly prefix: string; readonly term: string } {
    const [type, list, from] = partsOf(key);
    return { kind: types.get(type)?.get(list), prefix: key.slice(0, from), term: key.slice(from) };
  }

  return {
    add(key, number) {
      const [type, list, from] = partsOf(key);
      addTo(kindIn(kindsOf(type), list), key.slice(from), number);
    },
    addDocument(document, number) {
      const kinds = kindsOf(document.type);
      eachList(document, (list, term) => {
        addTo(kindIn(kinds, list), term, number);
      });
    },
    remove(key, number) {
      const { kind, term } = find(key);
      const list = kind?.lists.get(term);
      if (list === undefined) return;
      const at = firstFrom(list, number);
      if (list[at] !== number) return;
      list.splice(at, 1);
      size -= 1;
    },
    of(key) {
      const { kind, term } = find(key);
      return kind?.lists.get(term) ?? none;
    },
    keys(from, to) {
      const { kind, prefix, term } = find(from);
      if (kind === undefined) return [];
      const sorted = sortedTerms(kind);
      const begin = firstFrom(sorted, term, compareTerms);
      const end = firstFrom(sorted, to.slice(prefix.length), compareTerms);
      return sorted
        .slice(begin, end)
        .filter((each) => isFilled(kind, each))
        .map((each) => prefix + each);
    },
    *behind(key) {
      const { prefix: last, term: lastTerm } = key === '' ? { prefix: '', term: '' } : find(key);
      const prefixes = [...types].flatMap(([type, kinds]) =>
        [...kinds].map(([list, kind]) => ({ prefix: postingKey(type, list, ''), kind })),
      );
      for (const { prefix, kind } of prefixes.sort((a, b) => compareTerms(a.prefix, b.prefix))) {
        if (compareTerms(prefix, last) < 0) continue;
        const sorted = sortedTerms(kind);
        for (let at = prefix === last ? firstFrom(sorted, lastTerm, compareTerms) : 0; at < sorted.length; at += 1) {
          const term = sorted[at] ?? '';
          const list = kind.lists.get(term) ?? none;
          if (list.length > 0 && !(prefix === last && term === lastTerm)) yield { key: prefix + term, list };
        }
      }
    },
    size: () => size,
  };
}

/** The type and the list in a key, and where its term begins. */
function partsOf(key: string): readonly [type: string, list: string, term: number] {
  const type = key.indexOf(separator);
  const list = key.indexOf(separator, type + 1);
  return [key.slice(0, type), key.slice(type + 1, list), list + 1];
}
