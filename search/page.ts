import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { invalidRequest } from '../fhir/outcome.js';
import type { Position } from './search-index.js';

/** The place of a page in a search: all that is needed to answer it again or to go on from it. */
export interface PagePlace {
  /** The query as it was understood. */
  readonly query: readonly (readonly [string, string])[];
  /** The page size. */
  readonly count: number;
  /** How many matches come before the page, as far as was known when the link was made. */
  readonly offset: number;
  /** The page begins behind this place in the order, or, `backwards`, ends before it; from the start, or the end, without one. */
  readonly after?: Position;
  readonly backwards?: boolean;
  /** How many matches this page has, where it is not `count`: the last page. */
  readonly size?: number;
}

/** What a token is bound to, besides its content: it opens only with the same. */
export type PageBinding = readonly (string | readonly string[])[];

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/** Nonces are drawn many at once: to ask the system for each takes a quarter of the time of a token. */
const noncesAtOnce = 256;
let nonces = Buffer.alloc(0);
function newNonce(): Buffer {
  if (nonces.length === 0) nonces = randomBytes(nonceBytes * noncesAtOnce);
  const nonce = nonces.subarray(0, nonceBytes);
  nonces = nonces.subarray(nonceBytes);
  return nonce;
}

const bound = (binding: PageBinding): Buffer => Buffer.from(JSON.stringify(['page-2', ...binding]));

/**
 * Seals a page's place: names and identifiers stand in queries, so a link must not show them.
 * @param key 32 bytes, the same in every process of a deployment.
 * @param binding what the token is good for: FHIR version, type, subject, access filter.
 * @returns a token of URL-safe characters.
 */
export function sealPage(key: Uint8Array, binding: PageBinding, page: PagePlace): string {
  const nonce = newNonce();
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagBytes }).setAAD(bound(binding));
  const content = [page.query, page.count, page.offset, page.after ?? null, page.backwards === true, page.size ?? null];
  const text = packed(JSON.stringify(content));
  const sealed = Buffer.concat([cipher.update(text), cipher.final()]);
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url');
}

/** Page links are URLs, whose length servers and proxies limit, and a search by POST may be long. */
const worthDeflating = 1_000;
const plain = Buffer.of(0);
const deflated = Buffer.of(1);

const packed = (text: string): Buffer =>
  text.length < worthDeflating
    ? Buffer.concat([plain, Buffer.from(text)])
    : Buffer.concat([deflated, deflateRawSync(text)]);

const unpacked = (bytes: Buffer): string =>
  (bytes[0] === deflated[0] ? inflateRawSync(bytes.subarray(1)) : bytes.subarray(1)).toString();

type Content = readonly [PagePlace['query'], number, number, Position | null, boolean, number | null];

/**
 * Opens a page token.
 * @throws OperationOutcomeError 400 for a token that was changed, made for someone else or for another search, or
 * sealed with another key.
 */
export function openPage(key: Uint8Array, binding: PageBinding, token: string): PagePlace {
  const [query, count, offset, after, backwards, size] = JSON.parse(unseal(key, binding, token)) as Content;
  return {
    query,
    count,
    offset,
    ...(after === null ? {} : { after }),
    ...(backwards ? { backwards } : {}),
    ...(size === null ? {} : { size }),
  };
}

function unseal(key: Uint8Array, binding: PageBinding, token: string): string {
  try {
    const bytes = Buffer.from(token, 'base64url');
    if (bytes.length <= nonceBytes + tagBytes || bytes.toString('base64url') !== token) throw new Error('not a token');
    const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
      .setAAD(bound(binding))
      .setAuthTag(bytes.subarray(-tagBytes));
    const sealed = bytes.subarray(nonceBytes, -tagBytes);
    return unpacked(Buffer.concat([decipher.update(sealed), decipher.final()]));
  } catch {
    throw invalidRequest(
      'This page link is not valid here: it was changed, or made for another user, type or server. Search again',
      '_page',
    );
  }
}
