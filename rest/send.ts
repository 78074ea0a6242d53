import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGzip, gzip } from 'node:zlib';
import type { RestAnswer } from './answer.js';

const compress = promisify(gzip);

/** Shorter bodies fit into few packets anyway. In characters. */
const worthCompressing = 8192;

/**
 * Sends an answer.
 * @param request what decides the form: HEAD has no body, `acceptEncoding` may allow gzip.
 */
export async function send(
  response: ServerResponse,
  answer: RestAnswer,
  request: { readonly method: string; readonly acceptEncoding: string | undefined },
): Promise<void> {
  const { status, headers, body, bytes: content, stream } = answer;
  response.statusCode = status;
  for (const name of Object.keys(headers)) response.setHeader(name, headers[name] ?? '');
  if (stream !== undefined) {
    await sendStream(response, stream, request);
    return;
  }
  if (content !== undefined) {
    response.setHeader('Content-Length', content.length);
    response.end(request.method === 'HEAD' ? undefined : content);
    return;
  }
  if (body === undefined) {
    response.end();
    return;
  }
  response.appendHeader('Vary', 'Accept-Encoding');
  let bytes = Buffer.from(body, 'utf8');
  if (body.length >= worthCompressing && allowsGzip(request.acceptEncoding)) {
    bytes = await compress(bytes, { level: 1 });
    response.setHeader('Content-Encoding', 'gzip');
  }
  response.setHeader('Content-Length', bytes.length);
  if (request.method === 'HEAD') response.end();
  else response.end(bytes);
}

/** Sends a body as it comes: when it breaks off, so does the answer, and nobody takes a part for the whole. */
async function sendStream(
  response: ServerResponse,
  stream: Readable,
  { method, acceptEncoding }: { readonly method: string; readonly acceptEncoding: string | undefined },
): Promise<void> {
  response.appendHeader('Vary', 'Accept-Encoding');
  const isPacked = allowsGzip(acceptEncoding);
  if (isPacked) {
    response.removeHeader('Content-Length');
    response.setHeader('Content-Encoding', 'gzip');
  }
  if (method === 'HEAD') {
    stream.destroy();
    response.end();
    return;
  }
  try {
    await (isPacked ? pipeline(stream, createGzip({ level: 1 }), response) : pipeline(stream, response));
  } catch {
    response.destroy(); // the client went, or the store did not answer any more
  }
}

/** https://www.rfc-editor.org/rfc/rfc9110#name-accept-encoding */
const allowsGzip = (acceptEncoding: string | undefined): boolean =>
  acceptEncoding?.split(',').some((coding) => /^\s*gzip\s*(?:;(?!\s*q\s*=\s*0(?:\.0*)?\s*$).*)?$/i.test(coding)) ===
  true;
