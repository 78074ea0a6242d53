import { invalidRequest, preconditionFailed, versionConflict } from '../fhir/outcome.js';
import { keyText, type ResourceKey } from '../fhir/resource.js';
import type { FhirVersion } from '../fhir/version.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { clip } from './resource-type.js';

/** The versions a precondition names: any there is, or one of these versionIds; tags of others are texts and match none. */
export type VersionTags = '*' | readonly (number | string)[];

/** What must hold of the current version for a write to be done. */
export interface Preconditions {
  /** The current version must be one of these. */
  readonly ifMatch?: VersionTags;
  /** The current version must be none of these; with `*` nothing may be there. */
  readonly ifNoneMatch?: VersionTags;
}

/**
 * Reads the versions of an If-Match or If-None-Match of a write: `*`, or a list of `W/"3"`; also `"3"` or `3` as some
 * clients write it. A tag that this server gave to no version (`W/"a1"`) is one that does not match.
 * https://www.rfc-editor.org/rfc/rfc9110#name-if-match
 * @param place the header or element, for the error.
 * @throws OperationOutcomeError 400 for what is no tag.
 */
export function readVersionTags(text: string, place: string): VersionTags {
  if (text.trim() === '*') return '*';
  return text.split(',').map((tag) => {
    const versionId = /^\s*(?:W\/)?("?)([1-9][0-9]{0,14})\1\s*$/.exec(tag)?.[2];
    if (versionId !== undefined) return Number(versionId);
    const other = /^\s*(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")\s*$/.exec(tag)?.[1];
    if (other === undefined) throw invalidRequest(`"${clip(text)}" names no version; W/"3" would`, place);
    return clip(other);
  });
}

/** The preconditions of a write, from the texts of its headers or of a bundle entry's request. */
export function readPreconditions(
  { ifMatch, ifNoneMatch }: { readonly ifMatch?: string | undefined; readonly ifNoneMatch?: string | undefined },
  places: { readonly ifMatch: string; readonly ifNoneMatch: string },
): Preconditions {
  return {
    ...(ifMatch === undefined ? {} : { ifMatch: readVersionTags(ifMatch, places.ifMatch) }),
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch: readVersionTags(ifNoneMatch, places.ifNoneMatch) }),
  };
}

/**
 * Refuses a write whose preconditions do not hold. https://hl7.org/fhir/R4/http.html#concurrency
 * @param current what is stored, a tombstone included: it has a version, but nothing is there.
 * @throws OperationOutcomeError 412; in STU3 409 for ifMatch.
 */
export function requirePreconditions(
  version: FhirVersion,
  key: ResourceKey,
  { ifMatch, ifNoneMatch }: Preconditions,
  current: StoredVersion | undefined,
): void {
  const isThere = current !== undefined && !current.deleted;
  const names = (tags: VersionTags): boolean =>
    tags === '*' ? isThere : current !== undefined && tags.includes(current.versionId);
  if (ifMatch !== undefined && !names(ifMatch)) {
    const actual =
      current === undefined ? 'there is no such resource' : `the current version is ${String(current.versionId)}`;
    const wanted = ifMatch === '*' ? 'there' : `at version ${ifMatch.join(' or ')}`;
    throw versionConflict(version, `${keyText(key)} is not ${wanted}: ${actual}`);
  }
  if (ifNoneMatch !== undefined && names(ifNoneMatch)) {
    const is = ifNoneMatch === '*' ? 'there already' : `at version ${String(current?.versionId)}`;
    throw preconditionFailed(`${keyText(key)} is ${is}; If-None-Match excludes that`, 'http.If-None-Match');
  }
}
