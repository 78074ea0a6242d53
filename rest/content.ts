import type { Request, Response } from 'express';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  invalidRequest,
  methodNotAllowed,
  notFound,
  OperationOutcomeError,
  unsupportedMediaType,
} from '../fhir/outcome.js';
import type { FhirServer } from '../interactions/server.js';
import { contentRoute, type ContentFiles, type ContentStore } from '../persistence/content-store.js';
import type { SignedRequest } from '../persistence/signed-url.js';
import type { RestAnswer } from './answer.js';
import { intactOnly } from './checksum.js';
import { errorAnswer, type ErrorLog } from './errors.js';
import { contentRange, rangeOf } from './range.js';
import { send } from './send.js';

/** Contents whose URLs this server answers. */
export interface ServedContents {
  readonly contents: ContentStore;
  readonly files: ContentFiles;
  readonly now: () => number;
}

/** The contents of a server whose URLs it answers itself; undefined where another one does, or there are none. */
export function servedContents({ contents, now }: Pick<FhirServer, 'contents' | 'now'>): ServedContents | undefined {
  return contents?.files === undefined ? undefined : { contents, files: contents.files, now };
}

const route = `/${contentRoute}/`;

/** Whether a request is one of a signed URL. @param url the target below the base. */
export const isOfContent = (url: string): boolean => url.startsWith(route);

/**
 * Answers a URL that was signed: its signature is all that it is asked for. Content goes through in a stream, whatever
 * its size; an upload counts when all of it came and it is what its digest says.
 */
export async function serveContent(
  served: ServedContents,
  log: ErrorLog,
  http: Request,
  response: Response,
): Promise<void> {
  // Whatever the content is, a browser that is led here keeps it and runs nothing of it.
  response.setHeader('Content-Disposition', 'attachment');
  response.setHeader('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'; sandbox");
  let answer: RestAnswer;
  try {
    const signed = open(served, http);
    if (signed.method === 'GET') {
      await download(served, signed, http, response);
      return;
    }
    answer = await upload(served, signed, http);
  } catch (error) {
    if (response.headersSent) {
      response.destroy(); // a content that breaks off must not look whole
      return;
    }
    answer = errorAnswer(error, log);
  }
  const headers = http.complete ? answer.headers : { ...answer.headers, Connection: 'close' };
  await send(response, { ...answer, headers }, { method: http.method, acceptEncoding: undefined });
}

function open({ files, now }: ServedContents, { method, url }: Request): SignedRequest {
  if (!['GET', 'HEAD', 'PUT'].includes(method)) throw methodNotAllowed('The URL of a content is for GET, HEAD or PUT');
  const mark = url.indexOf('?');
  const [path, query] = mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)];
  return files.open(method, { path: path.slice(route.length), query: new URLSearchParams(query) }, now());
}

async function download(
  { contents, files }: ServedContents,
  { path, contentType }: SignedRequest,
  http: Request,
  response: Response,
): Promise<void> {
  const found = await contents.head(path);
  if (found === undefined) throw notFound('The content of this URL');
  const { size } = found;
  const part = rangeOf(http.get('range'), size);
  response.setHeader('Content-Type', contentType);
  response.setHeader('Accept-Ranges', 'bytes');
  response.statusCode = part === undefined ? 200 : part === 'unsatisfiable' ? 416 : 206;
  if (part !== undefined) response.setHeader('Content-Range', contentRange(part, size));
  const length = part === undefined ? size : part === 'unsatisfiable' ? 0 : part.to - part.from + 1;
  response.setHeader('Content-Length', length);
  const isSent = http.method === 'GET' && part !== 'unsatisfiable' && size > 0;
  const content = isSent ? await files.read(path, part) : Readable.from([]);
  if (content === undefined) throw notFound('The content of this URL');
  await pipeline(content, response);
}

async function upload({ files }: ServedContents, signed: SignedRequest, http: Request): Promise<RestAnswer> {
  const sent = http.get('content-type') ?? '';
  if (sent.trim().toLowerCase() !== signed.contentType.toLowerCase()) {
    throw unsupportedMediaType(`This URL takes a content of the type ${signed.contentType}`);
  }
  const encoding = (http.get('content-encoding') ?? 'identity').trim().toLowerCase();
  if (encoding !== 'identity') {
    throw unsupportedMediaType('A content is sent as it is, without Content-Encoding', 'http.Content-Encoding');
  }
  const checked = intactOnly((name) => http.get(name), signed.size);
  const writing = files.write(signed.path, checked);
  try {
    await Promise.all([pipeline(http, checked), writing]);
  } catch (error) {
    if (!http.complete && !(error instanceof OperationOutcomeError))
      throw invalidRequest('The content broke off', 'http.Content-Length');
    throw error;
  }
  return { status: 200, headers: {} };
}
