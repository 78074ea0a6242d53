import type { FhirNode } from '../fhirpath/node.js';

/** A code and its system, where it is known: a `code` has none of its own. */
export interface Code {
  readonly system?: string;
  readonly code: string;
}

/** Tells whether a code is in a value set; undefined where that cannot be told. */
export type CodeCheck = (valueSet: string, code: Code) => boolean | undefined;

/** The codes of a value of a coded type. */
export function codesOfNode({ type, value }: FhirNode): Code[] {
  if (typeof value === 'string') return [{ code: value }];
  if (typeof value !== 'object' || value === null) return [];
  const { coding, system, code } = value as {
    readonly coding?: unknown;
    readonly system?: unknown;
    readonly code?: unknown;
  };
  if (type === 'CodeableConcept') {
    return Array.isArray(coding)
      ? (coding as unknown[]).flatMap((each) => codesOfNode({ type: 'Coding', value: each }))
      : [];
  }
  return typeof code === 'string' ? [{ code, ...(typeof system === 'string' ? { system } : {}) }] : [];
}
