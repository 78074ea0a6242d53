import { createHash, type Hash } from 'node:crypto';
import { Transform } from 'node:stream';
import { invalidRequest, type OperationOutcomeError } from '../fhir/outcome.js';

/** A digest that a client says its content has, and the header it stands in. */
interface Stated {
  readonly algorithm: 'md5' | 'sha256';
  readonly digest: Buffer;
  readonly header: string;
}

/** Reads a header; undefined when it is not there. */
export type HeaderOf = (name: string) => string | undefined;

/**
 * The digests that a request states of its content: `Content-MD5` (RFC 1864), `Content-Digest` and `Repr-Digest`
 * (RFC 9530), `x-amz-checksum-sha256` as S3 takes it. Those by other algorithms do not count.
 * @throws OperationOutcomeError 400 for what is no digest.
 */
function statedDigests(headerOf: HeaderOf): readonly Stated[] {
  const found: Stated[] = [];
  const add = (header: string, algorithm: Stated['algorithm'], text: string | undefined): void => {
    if (text === undefined) return;
    const digest = Buffer.from(text.trim(), 'base64');
    if (digest.length !== (algorithm === 'md5' ? 16 : 32)) throw wrong(`${header} is no digest in base64`, header);
    found.push({ algorithm, digest, header });
  };
  add('Content-MD5', 'md5', headerOf('content-md5'));
  add('x-amz-checksum-sha256', 'sha256', headerOf('x-amz-checksum-sha256'));
  for (const header of ['Content-Digest', 'Repr-Digest']) {
    const text = headerOf(header.toLowerCase());
    add(header, 'sha256', text === undefined ? undefined : /(?:^|,)\s*sha-256=:([^:]*):/i.exec(text)?.[1]);
  }
  return found;
}

const wrong = (diagnostics: string, header: string): OperationOutcomeError =>
  invalidRequest(diagnostics, `http.${header}`);

/** What of a content is being checked. */
interface Running {
  readonly stated: Stated;
  readonly hash: Hash;
}

function begin(headerOf: HeaderOf): readonly Running[] {
  const stated = statedDigests(headerOf);
  const encoding = headerOf('content-encoding') ?? 'identity';
  if (stated.length > 0 && encoding.toLowerCase() !== 'identity') {
    throw wrong('The digest of a compressed content is not checked: send it as it is', 'Content-Encoding');
  }
  return stated.map((each) => ({ stated: each, hash: createHash(each.algorithm) }));
}

function end(running: readonly Running[]): void {
  for (const { stated, hash } of running) {
    if (!hash.digest().equals(stated.digest)) {
      throw wrong(`The content is not what ${stated.header} says: it was damaged on its way`, stated.header);
    }
  }
}

/**
 * Checks a content against the digests its request states.
 * @throws OperationOutcomeError 400 when one of them is another.
 */
export function requireIntact(headerOf: HeaderOf, content: Buffer): void {
  const running = begin(headerOf);
  for (const { hash } of running) hash.update(content);
  end(running);
}

/**
 * Lets a content through, and fails at its end when it is not what its request states.
 * @param size the bytes it must have; any without it.
 * @throws OperationOutcomeError 400 for what is no digest.
 */
export function intactOnly(headerOf: HeaderOf, size?: number): Transform {
  const running = begin(headerOf);
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      seen += chunk.length;
      for (const { hash } of running) hash.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      try {
        if (size !== undefined && seen !== size) {
          throw invalidRequest(`The content has ${String(seen)} bytes, not ${String(size)}`, 'http.Content-Length');
        }
        end(running);
        done();
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
      }
    },
  });
}
