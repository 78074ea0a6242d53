import { idPattern } from './resource.js';

/** What the text of a `Reference.reference` says. https://hl7.org/fhir/R4/references.html#literal */
export type ParsedReference =
  | { readonly kind: 'relative'; readonly type: string; readonly id: string; readonly versionId?: string }
  | {
      readonly kind: 'absolute';
      readonly base: string;
      readonly type: string;
      readonly id: string;
      readonly versionId?: string;
    }
  /** Into the same resource: `#p1`. */
  | { readonly kind: 'fragment'; readonly id: string }
  /** `urn:uuid:…` or `urn:oid:…`. */
  | { readonly kind: 'urn'; readonly uri: string }
  /** `Patient?identifier=…`, also `Patient/?identifier=…` as some clients write it. */
  | { readonly kind: 'conditional'; readonly type: string; readonly query: string }
  | { readonly kind: 'other'; readonly text: string };

const literal = /^(?:(https?:\/\/.+)\/)?([A-Z][A-Za-z]+)\/([^/?#]+)(?:\/_history\/([^/?#]+))?$/;

/**
 * Reads the text of a reference.
 * @param text as it stands in the resource.
 * @returns its kind and parts; `other` for what is no FHIR reference.
 */
export function parseReference(text: string): ParsedReference {
  if (text.startsWith('#')) return { kind: 'fragment', id: text.slice(1) };
  if (text.startsWith('urn:')) return { kind: 'urn', uri: text };
  const conditional = /^([A-Z][A-Za-z]+)\/?\?(.*)$/s.exec(text);
  if (conditional?.[1] !== undefined && conditional[2] !== undefined) {
    return { kind: 'conditional', type: conditional[1], query: conditional[2] };
  }
  const [, base, type, id, versionId] = literal.exec(text) ?? [];
  if (type === undefined || id === undefined || !idPattern.test(id)) return { kind: 'other', text };
  const key = { type, id, ...(versionId === undefined ? {} : { versionId }) };
  return base === undefined ? { kind: 'relative', ...key } : { kind: 'absolute', base, ...key };
}
