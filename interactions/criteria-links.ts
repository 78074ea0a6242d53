import type { FhirDefinitions } from '../fhir/definitions.js';
import { keyText, type ResourceKey } from '../fhir/resource.js';
import { splitEscaped } from '../search/escape.js';
import { readQuery } from './read-query.js';

/** The criteria of an entry of a transaction, which may name other entries: `subject=urn:uuid:…`. */
export interface LinkedCriteria {
  /** The fullUrls that stand in them. */
  readonly names: ReadonlySet<string>;
  /** The criteria with what these entries are about in their place. */
  filled(entries: ReadonlyMap<string, ResourceKey>): string;
}

/** Where criteria begin, behind the type or the whole URL before them. A question mark further on is one of a value. */
export const beginOfCriteria = (text: string): number => /^[^?=&]*\?/.exec(text)?.[0].length ?? 0;

/**
 * Finds the entries that criteria name by their fullUrl, as a value of a reference parameter: an identifier may look the
 * same and is none. docs/adr/0087-criteria-of-a-transaction.md
 * @param text `subject=urn:uuid:…`, also with the type or the whole URL before it.
 * @param fullUrls of the entries of the transaction.
 * @param place of the criteria, for the error.
 * @throws OperationOutcomeError 400 when the encoding is broken, 413 for too many parameters.
 */
export function linkedCriteria(
  { searchParameters }: FhirDefinitions,
  type: string,
  text: string,
  fullUrls: ReadonlySet<string>,
  place: string,
): LinkedCriteria {
  const names = new Set<string>();
  const mark = beginOfCriteria(text);
  const pairs = fullUrls.size === 0 ? [] : readQuery(text.slice(mark), place);
  const isReference = (name: string): boolean => {
    const [code = '', modifier] = name.split(':', 2);
    return modifier !== 'identifier' && searchParameters.find(type, code)?.type === 'reference';
  };
  for (const [name, value] of pairs) {
    if (!isReference(name)) continue;
    for (const part of splitEscaped(value, ',')) if (fullUrls.has(part)) names.add(part);
  }
  if (names.size === 0) return { names, filled: () => text };
  return {
    names,
    filled: (entries) => {
      const textOf = (part: string): string => {
        const key = names.has(part) ? entries.get(part) : undefined;
        return key === undefined ? part : keyText(key);
      };
      const filled = pairs.map(([name, value]) => {
        const parts = isReference(name) ? splitEscaped(value, ',').map(textOf).join(',') : value;
        return `${encodeURIComponent(name)}=${encodeURIComponent(parts)}`;
      });
      return text.slice(0, mark) + filled.join('&');
    },
  };
}
