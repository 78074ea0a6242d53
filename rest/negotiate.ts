import { notAcceptable, unsupportedMediaType, type OperationOutcomeError } from '../fhir/outcome.js';
import { fhirVersionNumbers, type FhirVersion } from '../fhir/version.js';
import { jsonPatchType } from '../interactions/read-patch.js';
import { clip } from '../interactions/resource-type.js';

const jsonTypes = new Set(['application/fhir+json', 'application/json', 'application/json+fhir', 'text/json']);
const wildcards = new Set(['*/*', 'application/*']);

/** What the client wants of an answer's form. */
export interface AnswerFormat {
  readonly pretty: boolean;
}

/**
 * Decides the answer's format: JSON, or a refusal. `_format` counts before Accept.
 * https://hl7.org/fhir/R4/http.html#mime-type
 * @param query the request's query parameters.
 * @throws OperationOutcomeError 406 naming what was asked for.
 */
export function negotiateAnswer(
  version: FhirVersion,
  accept: string | undefined,
  query: URLSearchParams,
): AnswerFormat {
  const format = query.get('_format');
  if (format !== null && format !== '') {
    // A + in a query is a space: `application/fhir+json` written without %2B.
    const wanted = format
      .trim()
      .toLowerCase()
      .replace(/(fhir|json) (json|fhir)/, '$1+$2');
    if (wanted !== 'json' && !isJsonType(version, wanted)) throw jsonOnly(version, '_format', format, '_format');
  } else if (accept !== undefined && !acceptsJson(version, accept)) {
    throw jsonOnly(version, 'Accept', accept, 'http.Accept');
  }
  return { pretty: query.get('_pretty') === 'true' };
}

const jsonOnly = (version: FhirVersion, where: string, value: string, expression: string): OperationOutcomeError =>
  notAcceptable(`${where} asks for "${clip(value)}"; here ${onlyForm(version)} is answered`, expression);

/** What is read and written below a base, by its media type and its version. */
const onlyForm = (version: FhirVersion): string =>
  `application/fhir+json of FHIR ${fhirVersionNumbers[version].replace(/\.\d+$/, '')} only`;

function acceptsJson(version: FhirVersion, accept: string): boolean {
  if (accept === '*/*' || accept === 'application/fhir+json' || accept.trim() === '') return true;
  return accept
    .split(',')
    .some((range) => !/;\s*q\s*=\s*0(?:\.0*)?\s*(?:;|$)/i.test(range) && isJsonType(version, range, true));
}

/** Whether a media type is JSON, of this FHIR version if it names one (`fhirVersion=4.0`). */
export function isJsonType(version: FhirVersion, mediaType: string, wildcard = false): boolean {
  const [type = '', ...parameters] = mediaType.split(';');
  const name = type.trim().toLowerCase();
  if (!jsonTypes.has(name) && !(wildcard && wildcards.has(name))) return false;
  const asked = parameters.map((parameter) => /^\s*fhirVersion\s*=\s*"?([^"]*)"?\s*$/i.exec(parameter)?.[1]?.trim());
  return asked.every((number) => number === undefined || `${fhirVersionNumbers[version]}.`.startsWith(`${number}.`));
}

/**
 * Refuses a body that is not JSON by its Content-Type.
 * @throws OperationOutcomeError 415 naming the header's value.
 */
export function requireJsonBody(version: FhirVersion, contentType: string | undefined): void {
  if (contentType === 'application/fhir+json' || contentType === 'application/json') return;
  if (contentType === undefined) throw unsupportedMediaType('Content-Type is missing; send application/fhir+json');
  if (!isJsonType(version, contentType)) {
    throw unsupportedMediaType(`Content-Type is "${clip(contentType)}"; here ${onlyForm(version)} is read`);
  }
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType)?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) {
    throw unsupportedMediaType(`Content-Type says charset ${clip(charset)}; JSON is UTF-8`);
  }
}

/**
 * Which form of patch a body has, by its Content-Type. https://hl7.org/fhir/R4/http.html#patch
 * @returns `json` for a JSON Patch, `resource` for the Parameters of a FHIRPath Patch.
 * @throws OperationOutcomeError 415 naming the header's value.
 */
export function patchForm(version: FhirVersion, contentType: string | undefined): 'json' | 'resource' {
  const name = contentType?.split(';')[0]?.trim().toLowerCase();
  if (name === jsonPatchType) return 'json';
  if (contentType !== undefined && isJsonType(version, contentType)) {
    requireJsonBody(version, contentType);
    return 'resource';
  }
  const actual = contentType === undefined ? 'missing' : `"${clip(contentType)}"`;
  throw unsupportedMediaType(
    `Content-Type is ${actual}; a patch is ${jsonPatchType}, or application/fhir+json for a FHIRPath Patch`,
  );
}

/**
 * Refuses a body that is not a form, as a search by POST needs it.
 * @throws OperationOutcomeError 415 naming the header's value.
 */
export function requireFormBody(contentType: string | undefined): void {
  if (/^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(contentType ?? '')) return;
  throw unsupportedMediaType(
    `Content-Type is ${contentType === undefined ? 'missing' : `"${clip(contentType)}"`}; _search reads application/x-www-form-urlencoded`,
  );
}

/** What a client prefers. https://hl7.org/fhir/R4/http.html#ops */
export interface Preference {
  readonly return?: 'minimal' | 'representation' | 'OperationOutcome';
  readonly handling: 'strict' | 'lenient';
  /** Whether the answer may come before what is asked for is done. https://hl7.org/fhir/R4/async.html */
  readonly respondAsync?: boolean;
}

/** Reads the Prefer header; what is not understood does not count, as RFC 7240 wants it. */
export function readPreference(prefer: string | undefined): Preference {
  let preferred: Preference = { handling: 'strict' };
  for (const preference of prefer?.split(/[,;]/) ?? []) {
    const [name = '', value = ''] = preference.split('=').map((part) => part.trim().replace(/^"(.*)"$/, '$1'));
    const what = name.toLowerCase();
    if (what === 'respond-async') preferred = { ...preferred, respondAsync: true };
    if (what === 'handling' && value === 'lenient') preferred = { ...preferred, handling: 'lenient' };
    if (what === 'return' && (value === 'minimal' || value === 'representation' || value === 'OperationOutcome')) {
      preferred = { ...preferred, return: value };
    }
  }
  return preferred;
}
