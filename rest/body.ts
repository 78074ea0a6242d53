import express, { type Request, type RequestHandler, type Response } from 'express';
import { parseUniqueJson } from '../fhir/json.js';
import { invalidRequest, tooCostly, unsupportedMediaType } from '../fhir/outcome.js';

/** Reads the body of a request as bytes. */
export type ReadBytes = (request: Request, response: Response) => Promise<Buffer>;
/** Reads the body of a request as text. */
export type ReadBody = (request: Request, response: Response) => Promise<string>;

/**
 * A reader of bodies, which may be compressed (gzip, deflate, br).
 * @param limit the most bytes taken, after decompression.
 * @returns the bytes, decompressed; throws 413 when there are more, 415 for another encoding, 400 when it is broken.
 */
export function createBytesReader(limit: number): ReadBytes {
  const parse: RequestHandler = express.raw({ type: () => true, limit });
  return async (request, response) => {
    try {
      await new Promise<void>((resolve, reject) => {
        parse(request, response, (error?: unknown) => {
          if (error === undefined) resolve();
          else reject(error instanceof Error ? error : new Error('the body could not be read'));
        });
      });
    } catch (error) {
      throw bodyError(error, limit);
    }
    const body: unknown = request.body;
    return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
  };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The text that bytes are.
 * @throws OperationOutcomeError 400 when they are not UTF-8.
 */
export function textOf(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw invalidRequest('The body is not valid UTF-8');
  }
}

/**
 * Parses the text of a body.
 * @throws OperationOutcomeError 400 when it is empty or no JSON, naming line and column.
 */
export function parseBody(text: string): unknown {
  if (text.trim() === '') throw invalidRequest('The body is empty; a resource is needed');
  return parseUniqueJson(text);
}

/** What reading a body threw, as an outcome. https://github.com/stream-utils/raw-body#errors */
function bodyError(error: unknown, limit: number): unknown {
  const type: unknown = error instanceof Error ? Reflect.get(error, 'type') : undefined;
  if (type === 'entity.too.large') {
    return tooCostly(`The body is longer than ${String(limit)} bytes, the most this server takes in one request`);
  }
  if (type === 'encoding.unsupported') {
    return unsupportedMediaType(
      'Content-Encoding is not one this server reads: gzip, deflate, br',
      'http.Content-Encoding',
    );
  }
  const status: unknown = error instanceof Error ? Reflect.get(error, 'status') : undefined;
  if (status !== 400) return error;
  return invalidRequest('The body is incomplete or not compressed as Content-Encoding says', 'http.Content-Encoding');
}
