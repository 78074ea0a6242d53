import { createHmac, timingSafeEqual } from 'node:crypto';
import { forbidden } from '../fhir/outcome.js';

/** What a signed URL lets anyone who has it do: one kind of request to one path, until an instant. */
export interface SignedRequest {
  /** `GET` opens HEAD as well. */
  readonly method: 'GET' | 'PUT';
  /** Where, below the base of the URLs: see `isContentPath`. */
  readonly path: string;
  /** Milliseconds since 1970; whole seconds count. */
  readonly expires: number;
  /** What the request, or its answer, must be besides: the content's media type. */
  readonly contentType: string;
  /** The size in bytes that an upload must have; any without it. */
  readonly size?: number;
}

/**
 * Whether a text is the path of a content: segments of letters, digits and `-._~`, none of dots alone, so that no path
 * leads out of the folder that it is below.
 */
export const isContentPath = (path: string): boolean =>
  path.length <= 512 && /^(?!\.+(?:\/|$))[A-Za-z0-9\-._~]+(?:\/(?!\.+(?:\/|$))[A-Za-z0-9\-._~]+)*$/.test(path);

/** All that is bound, one per line: a line break in one of them would make it another one's. */
function bound({ method, path, expires, contentType, size }: SignedRequest): string {
  const parts = ['content-1', method, path, String(seconds(expires)), contentType, String(size ?? '')];
  if (parts.some((part) => /[\r\n]/.test(part))) throw new Error('A line break cannot be signed');
  return parts.join('\n');
}

const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);

const signatureOf = (key: Uint8Array, request: SignedRequest): Buffer =>
  createHmac('sha256', key).update(bound(request)).digest();

/**
 * Signs a request of whoever will have the URL: no token is needed with it.
 * @param key 32 bytes, the same in every process that serves the URLs.
 * @param base the URL that the paths are below, no slash at the end.
 */
export function signUrl(key: Uint8Array, base: string, request: SignedRequest): string {
  const { method, path, expires, contentType, size } = request;
  if (!isContentPath(path)) throw new Error(`${path} is no path of a content`);
  const query = new URLSearchParams({
    method,
    expires: String(seconds(expires)),
    type: contentType,
    ...(size === undefined ? {} : { size: String(size) }),
    signature: signatureOf(key, request).toString('base64url'),
  });
  return `${base}/${path}?${query.toString()}`;
}

/**
 * Opens a signed URL.
 * @param url the path below the base, without a slash before it, and the query.
 * @param now milliseconds since 1970.
 * @returns what was signed.
 * @throws OperationOutcomeError 403 when it was changed, is for another method, or has expired.
 */
export function openSignedUrl(
  key: Uint8Array,
  method: string,
  { path, query }: { readonly path: string; readonly query: URLSearchParams },
  now: number,
): SignedRequest {
  const { method: signed = '', expires = '', type: contentType = '', size, signature = '' } = single(query);
  const isSigned = signed === 'GET' || signed === 'PUT';
  if (!isSigned || !number.test(expires) || !(size === undefined || number.test(size)) || !isContentPath(path))
    throw changed();
  if (/[\r\n]/.test(contentType)) throw changed();
  const request: SignedRequest = {
    method: signed,
    path,
    expires: Number(expires) * 1000,
    contentType,
    ...(size === undefined ? {} : { size: Number(size) }),
  };
  // As texts: base64url that decodes to the same bytes may be written in several ways.
  const expected = Buffer.from(signatureOf(key, request).toString('base64url'));
  const given = Buffer.from(signature);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw changed();
  if (signed !== (method === 'HEAD' ? 'GET' : method)) throw forbidden(`This URL was made for ${signed}`);
  if (request.expires <= now) throw forbidden('This URL has expired: ask for a new one');
  return request;
}

/** A number in the one way that this server writes it. */
const number = /^(?:0|[1-9][0-9]{0,14})$/;

/**
 * The parameters of a signed URL by name.
 * @throws OperationOutcomeError 403 when one is there twice, or is none of a signed URL.
 */
function single(query: URLSearchParams): Readonly<Partial<Record<Parameter, string>>> {
  const found = new Map<string, string>();
  for (const [name, value] of query) {
    if (found.has(name) || !parameters.some((each) => each === name)) throw changed();
    found.set(name, value);
  }
  return Object.fromEntries(found);
}

const parameters = ['method', 'expires', 'type', 'size', 'signature'] as const;
type Parameter = (typeof parameters)[number];

const changed = (): Error => forbidden('This URL was not made by this server, or was changed');
