import type { FhirDefinitions } from '../../fhir/definitions.js';
import { keyText } from '../../fhir/resource.js';
import { documentTerms } from '../document.js';
import { resourceWords } from '../words.js';
import type { Databases } from './databases.js';
import { documentNumber, listsOf } from './documents.js';
import type { PostingChanges } from './pending.js';
import type { Placed } from './placed.js';
import type { DocumentNumber } from './numbers.js';
import type { IndexedDocument } from './read-document.js';

/** Numbers of documents by their resources, as `Patient/1`. */
export type Numbers = Map<string, DocumentNumber>;

/** How changes are staged. */
interface StageOptions {
  /** The numbers that another index has for resources, which this one takes over. */
  readonly given?: Numbers;
  /** Whether a version that is there already is indexed once more. */
  readonly again?: boolean;
  /** Takes the changes of posting lists; without it they go to the lists on disk. */
  readonly post?: (changes: readonly PostingChanges[], size: number) => void;
}

interface Staged {
  /** Does the writes, in the same commit. */
  readonly write: () => void;
  readonly numbers: Numbers;
}

/** What the index has of a version. */
export function documentOf(
  definitions: FhirDefinitions,
  { type, id, versionId, compartments, resource }: Placed,
): IndexedDocument {
  const deleted = { type, id, versionId, compartments };
  return resource === undefined ? deleted : { ...deleted, terms: documentTerms(definitions, resource) };
}

/** Prepares an index for changes of different resources, in a commit: only reads. */
export function stageIn(
  { postings, documents, words }: Databases,
  definitions: FhirDefinitions,
  changes: readonly Placed[],
  { given, again = false, post }: StageOptions = {},
): Staged {
  const numbers: Numbers = new Map();
  const sizeBefore = documents.size();
  let size = sizeBefore;
  const posted: PostingChanges[] = [];
  const writes = changes.flatMap((change): (() => void)[] => {
    const key = keyText(change);
    const known = documents.numberOf(change.type, change.id);
    const number = known ?? given?.get(key) ?? documentNumber(size++);
    numbers.set(key, number);
    const before = known === undefined ? undefined : documents.read(known);
    const isOld = before !== undefined && before.versionId > change.versionId - (again ? 0 : 1);
    if (isOld) return [];
    const after = documentOf(definitions, change);
    const wordsAfter = change.resource === undefined ? undefined : resourceWords(change.resource);
    const count = size;
    posted.push(known === undefined ? { number, made: after } : { number, ...differences(before, after, again) });
    return [
      () => {
        if (known === undefined) documents.add(number, after, count);
        else documents.write(number, after);
        words.write(number, wordsAfter);
      },
    ];
  });
  function postAll(): void {
    for (const change of posted) {
      const { number } = change;
      const { removed, added } = 'made' in change ? differences(undefined, change.made) : change;
      for (const list of removed) postings.remove(list, number);
      for (const list of added) postings.add(list, number);
    }
  }
  const write = (): void => {
    for (const each of writes) each();
    if (post === undefined) postAll();
    else if (posted.length > 0) post(posted, sizeBefore);
  };
  return { write, numbers };
}

/** The keys of lists that a document leaves, and those that it comes into. */
function differences(
  before: IndexedDocument | undefined,
  after: IndexedDocument,
  again = false,
): { readonly removed: readonly string[]; readonly added: readonly string[] } {
  const old = before === undefined ? new Set<string>() : listsOf(before);
  const next = listsOf(after);
  return {
    removed: [...old].filter((list) => !next.has(list)),
    // Indexed once more it stands in all of its lists, also where one had lost it.
    added: [...next].filter((list) => again || !old.has(list)),
  };
}
