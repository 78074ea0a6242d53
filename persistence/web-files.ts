import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';
import { Readable, type Transform } from 'node:stream';
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

  async function asked(url: string, from: number): Promise<IncomingMessage> {
    const answer = await ask(url, from);
    const { statusCode: status = 0 } = answer;
    if (status === 200 || status === 206 || (status === 416 && from > 0)) return answer;
    answer.destroy();
    if (status >= 500 || status === 429) throw unavailable(`${shown(url)} answers ${String(status)} for now`);
    throw invalidRequest(`${shown(url)} cannot be read: it answers ${String(status)}`);
  }

  return {
    async open(url, from) {
      let answer = await asked(url, from);
      if (from > 0 && (answer.statusCode === 416 || (answer.statusCode === 206 && isEncoded(answer)))) {
        // A part of what is compressed begins anywhere, or behind its end, and at the end of a file is no part: the whole
        // is read again.
        answer.destroy();
        answer = await asked(url, 0);
      }
      const stream = decoded(answer, shown(url));
      return from === 0 || answer.statusCode === 206 ? stream : Readable.from(without(stream, from, shown(url)));
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

const refusalOf: RefusalOf = (address, hostname) => {
  if (isOwnName(hostname)) return undefined;
  const known = ipaddr.isValid(address) ? ipaddr.process(address) : undefined;
  const isOpen = known !== undefined && [known, ...embeddedIn(known)].every(mayHaveName);
  return isOpen ? undefined : invalidRequest('A source of imports is at an address that names may not have');
};

type Address = ipaddr.IPv4 | ipaddr.IPv6;

const mayHaveName = (address: Address): boolean =>
  !closed.includes(address.range()) &&
  !unnamed.some((range) => range[0].kind() === address.kind() && address.match(range));

/**
 * What no range of `closed` has: the old form of IPv4 in IPv6 (`::7f00:1`), translation within a network, which may lead
 * anywhere in it (RFC 8215), and where clouds keep credentials: services of AWS by IPv6 (of an instance, and of pods),
 * Google's by IPv6, and Alibaba's.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
 * https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html
 */
const unnamed = ['::/96', '64:ff9b:1::/48', 'fd00:ec2::/32', 'fd20:ce::254/128', '100.100.100.200/32'].map((range) =>
  ipaddr.parseCIDR(range),
);

/** Where the IPv4 address begins in an IPv6 address that stands for it, in bytes. `ipaddr.process` knows `::ffff:0:0/96`. */
const translated: readonly (readonly [range: ReturnType<typeof ipaddr.IPv6.parseCIDR>, at: number])[] = [
  [ipaddr.IPv6.parseCIDR('64:ff9b::/96'), 12], // NAT64, RFC 6052
  [ipaddr.IPv6.parseCIDR('::ffff:0:0:0/96'), 12], // SIIT, RFC 2765
  [ipaddr.IPv6.parseCIDR('2002::/16'), 2], // 6to4, RFC 3056
];

/** The IPv4 addresses that what is sent to an IPv6 address is sent on to. */
function embeddedIn(address: Address): ipaddr.IPv4[] {
  if (!(address instanceof ipaddr.IPv6)) return [];
  const bytes = address.toByteArray();
  return translated.flatMap(([range, at]) => (address.match(range) ? [new ipaddr.IPv4(bytes.slice(at, at + 4))] : []));
}

const encodingOf = (answer: IncomingMessage): string =>
  (answer.headers['content-encoding'] ?? '').trim().toLowerCase() || 'identity';

const isEncoded = (answer: IncomingMessage): boolean => encodingOf(answer) !== 'identity';

const decoders = new Map<string, () => Transform>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

/**
 * Compressed by who does not do without, though it was asked for what the file is. It is decompressed as it is read: of
 * one that is small and becomes very much, no more is in memory than of another.
 * @throws OperationOutcomeError 400 for an encoding that is not known; the stream fails with one when it is another.
 */
function decoded(answer: IncomingMessage, url: string): Readable {
  if (!isEncoded(answer)) return answer;
  const encoding = encodingOf(answer);
  const decoder = decoders.get(encoding);
  if (decoder === undefined) {
    answer.destroy();
    const known = [...decoders.keys()].join(', ');
    throw invalidRequest(`${url} has the content encoding "${encoding.slice(0, 40)}"; known are ${known}`);
  }
  const plain = decoder();
  answer.on('error', (error) => plain.destroy(error));
  plain.on('close', () => answer.destroy());
  const told = Readable.from(
    toldWhenWrong(answer.pipe(plain), `${url} is not compressed as its content encoding says`),
  );
  return told.on('close', () => plain.destroy());
}

/** What breaks off (`Z_BUF_ERROR`, a connection) may be had later; what was compressed otherwise is so the next time. */
async function* toldWhenWrong(stream: Readable, why: string): AsyncGenerator<Uint8Array> {
  try {
    yield* stream as AsyncIterable<Uint8Array>;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isWrong = code === 'Z_DATA_ERROR' || (typeof code === 'string' && code.startsWith('ERR__ERROR_FORMAT'));
    throw isWrong ? invalidRequest(why) : error;
  }
}

/** A URL without its query, which may be a signature. */
const shown = (url: string): string => url.split('?')[0] ?? '';

/** No part of a chunk, which would keep all of it in memory. */
const nothing = new Uint8Array();

/**
 * What is behind the first bytes, of a server that gives no ranges. What is passed over comes as empty chunks: who waits for
 * the next one sees that it does not stand still.
 */
async function* without(stream: AsyncIterable<Uint8Array>, bytes: number, url: string): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const chunk of stream) {
    yield left < chunk.length ? chunk.subarray(left) : nothing;
    left = Math.max(0, left - chunk.length);
  }
  if (left > 0) throw invalidRequest(`${url} is shorter than it was when it was begun`);
}
