import type { Readable } from 'node:stream';
import type { SignedRequest } from './signed-url.js';

/** A content that is kept. */
export interface KeptContent {
  /** In bytes. */
  readonly size: number;
}

/** What a URL is to let whoever has it do. */
export interface ContentTerms {
  /** See `isContentPath` of signed-url.ts. */
  readonly path: string;
  /** The media type: an upload must name it, a download answers it. */
  readonly contentType: string;
  /** Milliseconds since 1970. */
  readonly expires: number;
  /** The base URL by which the caller knows this server (`https://host/r4`): where URLs lead that this server serves. */
  readonly baseUrl: string;
}

/** Bytes of a content, both ends included. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Where content goes that no request of this server carries: it is put and fetched by URLs that need no token, of any
 * size, in a stream. Adapters: content-files.ts, s3/content.ts.
 */
export interface ContentStore {
  /** Whether a content is there, and its size; undefined when there is none. */
  head(path: string): Promise<KeptContent | undefined>;
  /** Removes a content; one that is not there is removed already. */
  delete(path: string): Promise<void>;
  /** A URL to PUT the content to, with the Content-Type that the terms name. */
  uploadUrl(terms: ContentTerms): Promise<string>;
  /** A URL to GET the content from. */
  downloadUrl(terms: ContentTerms): Promise<string>;
  /** What is behind the URLs, where this server answers them; absent where another one does. */
  readonly files?: ContentFiles;
}

/** Contents whose URLs this server answers itself. */
export interface ContentFiles {
  /**
   * Opens a URL that was signed here.
   * @param target the path below `[base]/$content/`, and the query.
   * @param now milliseconds since 1970.
   * @throws OperationOutcomeError 403 for any other URL.
   */
  open(method: string, target: { readonly path: string; readonly query: URLSearchParams }, now: number): SignedRequest;
  /**
   * Puts a content, whole or not at all. A path keeps its content: the same bytes again are taken, others are not.
   * @throws OperationOutcomeError 409 when other bytes are there; what the stream fails with.
   */
  write(path: string, content: Readable): Promise<void>;
  /** The bytes of a content, or a part of them; undefined when there is none. */
  read(path: string, range?: ByteRange): Promise<Readable | undefined>;
}

/** Where below the base URL this server answers the URLs that it signed. */
export const contentRoute = '$content';
