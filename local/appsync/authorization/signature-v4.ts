import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { AuthenticationError } from './modes.js';

/** A request as it was signed. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query as they came. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text, 'utf8').digest();

const encoded = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);

function canonicalQuery(query: string): string {
  return [...new URLSearchParams(query)]
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort()
    .join('&');
}

const headerText = (value: string | readonly string[] | undefined): string =>
  (typeof value === 'string' ? value : (value ?? []).join(',')).trim().replaceAll(/ +/g, ' ');

/** How far the clock of the caller may be off, in milliseconds. */
const maxSkew = 5 * 60_000;

const refused = (message: string, errorType: string): AuthenticationError =>
  new AuthenticationError(message, errorType, 403);

function timeOf(text: string): number {
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? [];
  const [year = NaN, month = NaN, ...rest] = parts.map(Number);
  return Date.UTC(year, month - 1, ...rest);
}

/**
 * Verifies the signature of a request, Signature Version 4.
 * @param secretOf the secret of an access key; undefined for a key that is not known.
 * @param now the clock in milliseconds.
 * @returns the access key.
 * @throws AuthenticationError 403 that says what is wrong with it.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function verifySignature(
  request: SignedRequest,
  secretOf: (accessKeyId: string) => string | undefined,
  now: () => number = Date.now,
): string {
  const [, credential = '', signedHeaders = '', signature = ''] =
    /^AWS4-HMAC-SHA256\s+Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/.exec(
      headerText(request.headers['authorization']),
    ) ?? [];
  const [accessKeyId = '', day, region, service, end] = credential.split('/');
  const date = headerText(request.headers['x-amz-date']);
  if (signature === '' || service === undefined || end !== 'aws4_request' || !date.startsWith(day ?? ' ')) {
    throw refused('The Authorization header is no signature of version 4.', 'IncompleteSignatureException');
  }
  const names = signedHeaders.split(';');
  if (!names.includes('host')) throw refused('The header host is not signed.', 'IncompleteSignatureException');
  const secret = secretOf(accessKeyId);
  if (secret === undefined) {
    throw refused('The security token included in the request is invalid.', 'UnrecognizedClientException');
  }
  const [path = '/', query = ''] = request.url.split('?', 2);
  const canonical = [
    request.method,
    path.split('/').map(encoded).join('/'),
    canonicalQuery(query),
    ...names.map((name) => `${name}:${headerText(request.headers[name])}`),
    '',
    signedHeaders,
    sha256(request.body),
  ].join('\n');
  const scope = [day, region, service, end].join('/');
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n');
  const key = [day ?? '', region ?? '', service, end].reduce<string | Buffer>(hmac, `AWS4${secret}`);
  const expected = hmac(key, toSign);
  if (!timingSafeEqual(expected, Buffer.from(signature, 'hex'))) {
    throw refused(
      'The request signature we calculated does not match the signature you provided.',
      'InvalidSignatureException',
    );
  }
  const skew = Math.abs(timeOf(date) - now());
  if (!(skew <= maxSkew)) throw refused(`Signature expired: ${date} is too far from now.`, 'InvalidSignatureException');
  return accessKeyId;
}
