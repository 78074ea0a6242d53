import { differenceOf, type IndexedKey, type IndexInspection } from '../index-inspection.js';
import { resourceWords } from '../words.js';
import type { IndexView } from './view.js';
import { type Placed, placed, tenantOf, typeOf } from './placed.js';
import { documentNumber, listsOf } from './documents.js';
import type { IndexedDocument } from './read-document.js';

/** So many documents are told of at once. */
const chunk = 500;

/**
 * Looks into the embedded index: a document is as it should be when it says so, stands in all its lists, and has its words.
 * @param serving the index that serves, as it is now.
 * @param documentOf makes the document of a version.
 */
export function lmdbInspection(
  serving: () => Pick<IndexView, 'documents' | 'postings' | 'words'>,
  documentOf: (change: Placed) => IndexedDocument,
): IndexInspection {
  function stateOf(change: Placed): { versionId: number; digest: string } | undefined {
    const { documents, postings, words } = serving();
    const number = documents.numberOf(change.type, change.id);
    const document = number === undefined ? undefined : documents.read(number);
    if (number === undefined || document === undefined) return undefined;
    const isPosted = [...listsOf(document)].every((list) => postings.has(list, number));
    const { text, content } = change.resource === undefined ? nothing : resourceWords(change.resource);
    const hasWords = words.has(number, '_text', [...text]) && words.has(number, '_content', [...content]);
    const isWhole = isPosted && (change.resource === undefined || hasWords);
    return { versionId: document.versionId, digest: isWhole ? JSON.stringify(document) : '' };
  }

  return {
    compare: (versions) =>
      Promise.resolve(
        versions.map((change) => {
          const own = placed(change);
          return differenceOf(change, stateOf(own), [JSON.stringify(documentOf(own))]);
        }),
      ),
    // eslint-disable-next-line @typescript-eslint/require-await -- LMDB reads at once
    async *keys() {
      const { documents } = serving();
      for (let from = 0; from < documents.size(); from += chunk) {
        const found = Array.from({ length: chunk }, (_, at) => documents.read(documentNumber(from + at)));
        yield found.flatMap((each): IndexedKey[] =>
          each?.terms === undefined
            ? []
            : [{ tenant: tenantOf(each.type), type: typeOf(each.type), id: each.id, versionId: each.versionId }],
        );
      }
    },
  };
}

const nothing = { text: new Set<string>(), content: new Set<string>() };
