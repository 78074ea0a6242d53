import { stringifyJson } from '../fhir/json.js';
import type { WriteOutcome } from '../interactions/server.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { jsonAnswer, type RestAnswer } from './answer.js';
import { deletedText, etagOf, information, only, versionText, writtenText } from './bundle.js';
import type { Preference } from './negotiate.js';

/** ETag and Last-Modified of a version. https://hl7.org/fhir/R4/http.html#versioning */
export const versionHeaders = (version: StoredVersion): Record<string, string> => ({
  ETag: etagOf(version),
  'Last-Modified': new Date(version.lastUpdated).toUTCString(),
});

/** The answer to a read or vread. */
export const versionAnswer = (baseUrl: string, version: StoredVersion, body: string): RestAnswer =>
  jsonAnswer(200, body, {
    'Content-Location': `${baseUrl}/${versionText(version)}`,
    ...versionHeaders(version),
  });

/** The answer to a conditional read of what the client has already. */
export const notModifiedAnswer = (version: StoredVersion): RestAnswer => ({
  status: 304,
  headers: versionHeaders(version),
});

/**
 * The answer to a create or update: what is stored now, unless the client prefers otherwise.
 * @param body the JSON text of what is stored.
 */
export function writeAnswer(
  baseUrl: string,
  { version, status, isHidden }: WriteOutcome,
  preference: Preference,
  body: string = version.body,
): RestAnswer {
  const url = `${baseUrl}/${versionText(version)}`;
  const headers = { Location: url, ...versionHeaders(version) };
  const code = status === 'created' ? 201 : 200;
  if (preference.return === 'OperationOutcome') {
    return informationAnswer(code, writtenText({ version, status }), headers);
  }
  if (preference.return === 'minimal' || isHidden === true) return { status: code, headers };
  return jsonAnswer(code, body, { 'Content-Location': url, ...headers });
}

/** The answer to a delete, of one resource, of several or, where there was nothing to delete, of none. */
export function deleteAnswer(versions: readonly StoredVersion[], preference: Preference): RestAnswer {
  const version = only(versions);
  const headers = version === undefined ? {} : versionHeaders(version);
  const answer: RestAnswer =
    preference.return === 'OperationOutcome'
      ? informationAnswer(200, deletedText(versions), headers)
      : { status: 204, headers };
  return { ...answer, deleted: versions };
}

const informationAnswer = (status: number, diagnostics: string, headers: Record<string, string>): RestAnswer =>
  jsonAnswer(status, stringifyJson(information(diagnostics)), headers);
