import { randomBytes, randomUUID } from 'node:crypto';

const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** KSUID's own epoch, 2014-05-13T16:53:20Z, in seconds since 1970. https://github.com/segmentio/ksuid */
const ksuidEpoch = 1_400_000_000;

const digits = (value: bigint, alphabet: string, length: number): string => {
  let rest = value;
  let text = '';
  const base = BigInt(alphabet.length);
  for (let i = 0; i < length; i++) {
    text = alphabet.charAt(Number(rest % base)) + text;
    rest /= base;
  }
  return text;
};
const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);

/** A random UUID. */
export const autoId = (): string => randomUUID();

/** A ULID: 26 characters, 48 bits of milliseconds before 80 random bits. https://github.com/ulid/spec */
export const autoUlid = (): string => digits((BigInt(Date.now()) << 80n) | number(randomBytes(10)), crockford, 26);

/** A KSUID in base 62: 27 characters, 32 bits of seconds before 128 random bits. */
export const autoKsuid = (): string => {
  const seconds = BigInt(Math.floor(Date.now() / 1000) - ksuidEpoch);
  return digits((seconds << 128n) | number(randomBytes(16)), base62, 27);
};
