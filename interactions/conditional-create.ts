import { invalidRequest, multipleMatches } from '../fhir/outcome.js';
import { keyText, type ResourceKey } from '../fhir/resource.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { readQuery } from './read-query.js';
import { conditionalMatches, matchingVersion, type PendingWrites } from './search-type.js';
import type { Caller, FhirServer } from './server.js';

/** What criteria of a conditional write found: the one resource there is, or the claim to commit together with a new one. */
export type ConditionalCreate =
  | { readonly kind: 'existing'; readonly version: StoredVersion }
  /** The one match is about to be written by the same transaction. */
  | { readonly kind: 'pending'; readonly key: ResourceKey }
  | { readonly kind: 'none'; readonly claim: { readonly criteria: string; readonly previous?: ResourceKey } };

/** Parameters that say how to answer, not what to find: criteria made of them alone would match everything. */
const resultParameters = new Set([
  '_sort',
  '_count',
  '_include',
  '_revinclude',
  '_summary',
  '_total',
  '_totalMethod',
  '_elements',
  '_contained',
  '_containedType',
  '_format',
  '_pretty',
  '_page',
]);

/** The query of a conditional interaction's URL without `_format` and `_pretty`, which are no criteria. */
export const withoutFormat = (query: string): string =>
  query
    .split('&')
    .filter((pair) => !/^(?:_format|_pretty)(?:=|$)/.test(pair))
    .join('&');

/**
 * The criteria of a conditional interaction, read from what a header or a bundle entry says.
 * @param text `identifier=a|1`, also with the type or the whole URL before it (`Patient?identifier=a|1`), as it was in DSTU2.
 * @param place the header or element, for the error.
 * @param baseUrl by which the caller knows this server.
 * @returns the query, and its canonical form: equal for criteria that differ in order or encoding only.
 * @throws OperationOutcomeError 400 when it has no criteria, is encoded wrongly, or asks for a form of answer.
 */
export function readCriteria(
  type: string,
  text: string,
  place?: string,
  baseUrl?: string,
): { query: string; canonical: string } {
  const isUrl = baseUrl !== undefined && text.startsWith(`${baseUrl}/`);
  const query = text.slice(isUrl ? baseUrl.length : 0).replace(new RegExp(`^/?(?:${type})?\\?`), '');
  const pairs = readQuery(query, place);
  const empty = pairs.find(([, value]) => value === '');
  if (empty !== undefined) throw invalidRequest(`The criterion ${empty[0]} has no value`, place);
  if (pairs.length === 0) throw invalidRequest('Criteria are needed, such as identifier=system|value', place);
  const result = pairs.find(([name]) => resultParameters.has(name));
  if (result !== undefined) throw invalidRequest(`${result[0]} is not a criterion`, place);
  const canonical = pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).sort();
  return { query, canonical: `${type}?${canonical.join('&')}` };
}

/**
 * Looks for what a conditional create would create again, or a conditional update, patch or delete is about.
 * https://hl7.org/fhir/R4/http.html#ccreate https://hl7.org/fhir/R4/http.html#cond-update
 * The claim closes the gap between looking and writing: two equal conditional writes at the same time claim the
 * same criteria, and only one of the commits succeeds.
 * @param criteria as `readCriteria` takes them.
 * @param place the header or element the criteria came from, for errors.
 * @param pending what the transaction does before this: it counts as done.
 * @returns a version that was matched as it is: a write that replaces it is sure that it still matches.
 * @throws OperationOutcomeError 412 when several resources match, 400 when the criteria cannot be read.
 */
export async function findExisting(
  server: FhirServer,
  caller: Caller,
  type: string,
  criteria: string,
  place?: string,
  pending?: PendingWrites,
): Promise<ConditionalCreate> {
  const { query, canonical } = readCriteria(type, criteria, place, caller.baseUrl);
  // Read before searching: whoever commits the claim between here and our commit makes ours fail.
  const previous = await server.store.claimed(canonical);
  const found = await conditionalMatches(server, caller, type, query, 2, pending);
  // The index may not know yet what claimed the criteria; the resource itself tells whether it matches.
  const isUnknown = previous !== undefined && !found.some(({ id }) => id === previous.id);
  const claimed =
    isUnknown && pending?.keys.has(keyText(previous)) !== true
      ? await matchingVersion(server, caller, query, previous)
      : undefined;
  const [match, second] = claimed === undefined ? found : [...found, { type, id: claimed.id, version: claimed }];
  if (second !== undefined) {
    throw multipleMatches(`Several ${type} resources match the criteria; at most one may`, place);
  }
  if (match === undefined) {
    return { kind: 'none', claim: { criteria: canonical, ...(previous === undefined ? {} : { previous }) } };
  }
  const { version, id } = match;
  return version === undefined ? { kind: 'pending', key: { type, id } } : { kind: 'existing', version };
}
