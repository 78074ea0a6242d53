import type { StoredVersion } from '../persistence/resource-store.js';

/** What a client has already. */
export interface ReadConditions {
  /** The text of an If-None-Match. */
  readonly ifNoneMatch?: string;
  /** An instant, in milliseconds since 1970; NaN, for what is none, does not count. */
  readonly ifModifiedSince?: number;
}

/**
 * Whether the client has this version already; If-None-Match counts before If-Modified-Since.
 * https://hl7.org/fhir/R4/http.html#cread https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2
 * @param precision of the client's instant, in milliseconds: HTTP dates have whole seconds.
 */
export function isUnmodified(version: StoredVersion, conditions: ReadConditions, precision = 1): boolean {
  const { ifNoneMatch, ifModifiedSince } = conditions;
  if (ifNoneMatch !== undefined) return namesVersion(ifNoneMatch, version.versionId);
  if (ifModifiedSince === undefined) return false;
  return Math.floor(Date.parse(version.lastUpdated) / precision) * precision <= ifModifiedSince;
}

/**
 * Whether the text of an If-None-Match names the version, or any by `*`.
 * https://www.rfc-editor.org/rfc/rfc9110#name-if-none-match
 */
export const namesVersion = (ifNoneMatch: string, versionId: number | string): boolean =>
  ifNoneMatch.split(',').some((tag) => {
    const text = tag.trim();
    return text === '*' || text.replace(/^W\//, '').replace(/^"(.*)"$/, '$1') === String(versionId);
  });
