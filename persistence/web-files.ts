import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';
import { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { invalidRequest, OperationOutcomeError, unavailable } from '../fhir/outcome.js';
import { guardedRequests, type RefusalOf, type Resolve } from './guarded-request.js';
import type { InputSource } from './input-source.js';

/** How long a server may take until it begins to answer, in milliseconds. */
const patience = 30_000;

/**
 * Files of web servers. Redirects are not followed: they may lead to other places than were allowed. A name that
 * is an address of this machine (`localhost` apart), or of where clouds keep credentials, is refused when it is
 * connected to: who owns a name decides what it is an address of, later as well. Private addresses may have names:
 * files lie there.
 * @param lookup by which names become addresses; the system's without it.
 */
export function webFiles(lookup?: Resolve): InputSource {
  const request = guardedRequests(refusalOf, lookup);

  function ask(url: string, from: number, to?: number): Promise<IncomingMessage> {
    // Bytes are counted as they are in the file.
    const isPart = from > 0 || to !== undefined;
    const range = isPart ? { range: `bytes=${String(from)}-${String(to ?? '')}` } : {};
    const headers = { 'accept-encoding': 'identity', 'user-agent': 'fhir-on-appsync', ...range };
    return new Promise((resolve, reject) => {
      const sending = request(new URL(url), { headers });
      const timer = setTimeout(() => sending.destroy(new Error('no answer in time')), patience);
      sending.on('error', (error) => {
        clearTimeout(timer);
        reject(error instanceof OperationOutcomeError ? error : unavailable(`${shown(url)} does not answer for now`));
      });
      sending.on('response', (response) => {
        clearTimeout(timer);
        resolve(response);
      });
      sending.end();
    });
  }

  return {
    async open(url, from) {
      const answer = await ask(url, from);
      const { statusCode: status = 0 } = answer;
      if (status !== 200 && status !== 206) {
        answer.destroy();
        if (status >= 500 || status === 429) throw unavailable(`${shown(url)} answers ${String(status)} for now`);
        throw invalidRequest(`${shown(url)} cannot be read: it answers ${String(status)}`);
      }
      const stream = decoded(answer);
      return status === 206 || from === 0 ? stream : Readable.from(without(stream, from));
    },
    /** Asked by a range: what signs URLs signs them for GET. */
    async size(url) {
      const answer = await ask(url, 0, 0).catch(() => undefined);
      answer?.destroy();
      const { statusCode: status = 0, headers } = answer ?? { headers: {} };
      if (![200, 206, 416].includes(status)) return undefined;
      const told = status === 200 ? headers['content-length'] : headers['content-range'];
      const size = /(?:^|\/)([0-9]+)$/.exec(told ?? '')?.[1];
      return size === undefined ? undefined : Number(size);
    },
  };
}

const isOwnName = (hostname: string): boolean => /^(?:.+\.)?localhost$/.test(hostname);

/** Where a name never leads: this machine, its links (where clouds keep credentials), and what is no single place. */
const closed: readonly string[] = ['loopback', 'linkLocal', 'unspecified', 'multicast', 'broadcast', 'reserved'];
/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html, by IPv6. */
const metadata = 'fd00:ec2::254';

const refusalOf: RefusalOf = (address, hostname) => {
  if (isOwnName(hostname)) return undefined;
  const known = ipaddr.isValid(address) ? ipaddr.process(address) : undefined;
  const isOpen = known !== undefined && !closed.includes(known.range()) && known.toString() !== metadata;
  return isOpen && !isWithinOld(known)
    ? undefined
    : invalidRequest('A source of imports is at an address that names may not have');
};

/** An IPv4 address in the old form of IPv6 (`::7f00:1`), which has no range of its own. */
const isWithinOld = (address: ipaddr.IPv4 | ipaddr.IPv6): boolean =>
  address instanceof ipaddr.IPv6 && address.parts.slice(0, 6).every((part) => part === 0);

/** Compressed by who does not do without, though it was asked for what the file is. */
function decoded(answer: IncomingMessage): Readable {
  const encoding = (answer.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  const decoder = { gzip: createGunzip, 'x-gzip': createGunzip, deflate: createInflate, br: createBrotliDecompress }[
    encoding
  ];
  if (decoder === undefined) return answer;
  const plain = decoder();
  answer.on('error', (error) => plain.destroy(error));
  plain.on('close', () => answer.destroy());
  return answer.pipe(plain);
}

/** A URL without its query, which may be a signature. */
const shown = (url: string): string => url.split('?')[0] ?? '';

/** What is behind the first bytes, of a server that gives no ranges. */
async function* without(stream: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const chunk of stream) {
    if (left < chunk.length) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}
