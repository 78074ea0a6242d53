import { parseJson, parseUniqueJson, tooMuchInJson } from '../fhir/json.js';
import { invalidRequest, notAcceptable, unsupportedMediaType } from '../fhir/outcome.js';
import type { Resource } from '../fhir/resource.js';
import type { FhirVersion } from '../fhir/version.js';
import { contentElement, contentOf, downloadUrl } from '../interactions/binary.js';
import { clip } from '../interactions/resource-type.js';
import type { FhirServer } from '../interactions/server.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import type { RestAnswer } from './answer.js';
import { textOf } from './body.js';
import { requireIntact, type HeaderOf } from './checksum.js';
import { isJsonType, negotiateAnswer } from './negotiate.js';
import { contentRange, rangeOf } from './range.js';
import { versionHeaders } from './render.js';
import type { Route } from './routes.js';

/** Whether a Binary is read, whose answer may be its content as it is. https://hl7.org/fhir/R4/binary.html#rest */
export const isBinaryRead = (route: Route): boolean =>
  (route.kind === 'read' || route.kind === 'vread') && route.key.type === 'Binary';

/** How a read of a Binary is answered: as a FHIR resource, as its content, or by what the content is. */
export type BinaryForm = 'resource' | 'content' | 'json' | 'xml';

const ofFhir = /^application\/(?:fhir\+(?:json|xml)|(?:json|xml)\+fhir)$/;

/**
 * Decides how a read of a Binary is answered: as FHIR only when FHIR is asked for; `_format` always does.
 * https://hl7.org/fhir/R4/binary.html#rest
 * @throws OperationOutcomeError 406 when it asks for FHIR in another format than JSON.
 */
export function negotiateBinary(version: FhirVersion, accept: string | undefined, query: URLSearchParams): BinaryForm {
  if ((query.get('_format') ?? '') !== '') {
    negotiateAnswer(version, accept, query);
    return 'resource';
  }
  const names = (accept ?? '').split(',').flatMap((range) => {
    const isRefused = /;\s*q\s*=\s*0(?:\.0*)?\s*(?:;|$)/i.test(range);
    return isRefused ? [] : [(range.split(';')[0] ?? '').trim().toLowerCase()];
  });
  if (names.some((name) => ofFhir.test(name))) {
    negotiateAnswer(version, accept, query);
    return 'resource';
  }
  if (names.some((name) => name === 'application/json' || name === 'text/json')) return 'json';
  return names.length > 0 && names.every((name) => name === 'application/xml' || name === 'text/xml')
    ? 'xml'
    : 'content';
}

const isOf = (format: 'json' | 'xml', contentType: string): boolean =>
  new RegExp(`^[^;]*[/+]${format}\\s*(?:;|$)`, 'i').test(contentType);

/**
 * The content of a version of a Binary as it is, or a redirection to where it is.
 * @param form what was negotiated, not `resource`.
 * @returns undefined when the Binary is to be answered as a resource after all.
 * @throws OperationOutcomeError 404 when there is no content yet, 406 when it is no XML and that was asked for.
 */
export async function contentAnswer(
  server: FhirServer,
  request: { readonly baseUrl: string; readonly range: string | undefined; readonly form: BinaryForm },
  version: StoredVersion,
): Promise<RestAnswer | undefined> {
  const content = await contentOf(server, version);
  const { contentType } = content;
  const { form } = request;
  if (form === 'resource' || (form === 'json' && !isOf('json', contentType))) return undefined;
  if (form === 'xml' && !isOf('xml', contentType)) {
    throw notAcceptable(`The content is ${clip(contentType)}; FHIR resources are answered in JSON only`, 'http.Accept');
  }
  const headers = {
    ...versionHeaders(version),
    ...contextHeader(version),
    ...inertContent,
    'Accept-Ranges': 'bytes',
  };
  if (content.kind === 'stored') {
    return {
      status: 307,
      headers: { ...headers, Location: await downloadUrl(server, request.baseUrl, version, content) },
    };
  }
  const bytes = content.bytes();
  const part = rangeOf(request.range, bytes.length);
  const typed = { ...headers, 'Content-Type': contentType };
  if (part === undefined) return { status: 200, headers: typed, bytes };
  const ranged = { ...typed, 'Content-Range': contentRange(part, bytes.length) };
  return part === 'unsatisfiable'
    ? { status: 416, headers: ranged }
    : { status: 206, headers: ranged, bytes: bytes.subarray(part.from, part.to + 1) };
}

/** A page that somebody stored is no page of this server: its forms and links lead nowhere when a browser shows it. */
const inertContent = { 'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'; sandbox" };

/** https://hl7.org/fhir/R4/binary.html#rest: the reference of the security context. */
function contextHeader({ body }: StoredVersion): Record<string, string> {
  const { securityContext } = parseJson(body) as Resource & { readonly securityContext?: { reference?: unknown } };
  const reference = securityContext?.reference;
  return typeof reference === 'string' && /^[\x21-\x7e]+$/.test(reference) ? { 'X-Security-Context': reference } : {};
}

/** A Binary as a request brought it. */
export interface SentBinary {
  readonly resource: Resource;
  /** Whether it came as its content, not as a resource. */
  readonly isRaw: boolean;
}

/**
 * Reads the body of a create or update of a Binary: a Binary in JSON, or any other content as it is, whatever its type.
 * https://hl7.org/fhir/R4/binary.html#rest
 * @param id the id in the URL; none for a create.
 * @throws OperationOutcomeError 400 for broken JSON, and when the content is not what its digest says; 415 without a
 * Content-Type, and for XML of FHIR.
 */
export function readBinary(version: FhirVersion, headerOf: HeaderOf, body: Buffer, id?: string): SentBinary {
  const contentType = headerOf('content-type')?.trim();
  if (contentType === undefined || contentType === '') {
    throw unsupportedMediaType('Content-Type is missing; send that of the content, or application/fhir+json');
  }
  if (
    /^application\/(?:fhir\+xml|xml\+fhir)\s*(?:;|$)/i.test(contentType) &&
    /<Binary[\s/>]/.test(body.toString('latin1'))
  ) {
    throw unsupportedMediaType('A Binary in XML is not read: send it in JSON, or its content as it is');
  }
  const json = isJsonType(version, contentType) ? binaryIn(body) : undefined;
  requireIntact(headerOf, body);
  if (json !== undefined) return { resource: json, isRaw: false };
  if (body.length === 0) throw invalidRequest('The body is empty; the content of the Binary is needed');
  const context = headerOf('x-security-context')?.trim() ?? '';
  return {
    resource: {
      resourceType: 'Binary',
      ...(id === undefined ? {} : { id }),
      contentType,
      ...(context === '' ? {} : { securityContext: { reference: context } }),
      [contentElement(version)]: body.toString('base64'),
    },
    isRaw: true,
  };
}

/** The Binary that JSON is; undefined for any other JSON. */
function binaryIn(body: Buffer): Resource | undefined {
  const text = textOf(body);
  if (text.trim() === '') throw invalidRequest('The body is empty; a resource is needed');
  if (tooMuchInJson(text) !== undefined) return undefined; // a Binary has a handful
  const value = parseJson(text) as { resourceType?: unknown } | null;
  if (typeof value !== 'object' || value?.resourceType !== 'Binary') return undefined;
  return parseUniqueJson(text) as Resource;
}
