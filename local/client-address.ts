import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';
import { SettingsError } from '../compose/settings-error.js';

/** Addresses of proxies, as ranges. */
export type TrustedProxies = readonly (readonly [ipaddr.IPv4 | ipaddr.IPv6, number])[];

/**
 * Reads TRUSTED_PROXIES: addresses and ranges such as `10.0.0.0/8`, separated by commas.
 * @throws SettingsError for what is neither, and for a range of all addresses.
 */
export function trustedProxiesOf(text: string): TrustedProxies {
  const names = text.split(',').map((each) => each.trim());
  return names
    .filter((each) => each !== '')
    .map((each) => {
      const [address = ''] = each.split('/');
      if (!isAddress(address) || (each !== address && !ipaddr.isValidCIDR(each))) throw notProxies(each);
      const range = each === address ? rangeOf(ipaddr.process(each)) : ipaddr.parseCIDR(each);
      if (range[1] === 0) throw notProxies(each);
      return range;
    });
}

const notProxies = (text: string): SettingsError =>
  new SettingsError(
    `TRUSTED_PROXIES has "${text}": it must be an address of a proxy, or a range of them such as 10.0.0.0/8`,
  );

/** Written as everybody writes it: `1` and `0x7f.1` are addresses to some. */
const isAddress = (text: string): boolean => ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);

const rangeOf = (address: ipaddr.IPv4 | ipaddr.IPv6): [ipaddr.IPv4 | ipaddr.IPv6, number] => [
  address,
  address.kind() === 'ipv4' ? 32 : 128,
];

/**
 * Where a request comes from, as what is counted by: an IPv4 address, or the 64 bits of an IPv6 one that a network has.
 * `X-Forwarded-For` counts only as far as trusted proxies wrote it: from the end, what is before the last of them.
 */
export function clientAddress({ headers, socket }: IncomingMessage, trusted: TrustedProxies): string {
  const peer = socket.remoteAddress ?? '';
  const given = trusted.length === 0 ? undefined : headers['x-forwarded-for'];
  const written = (Array.isArray(given) ? given.join(',') : (given ?? '')).split(',').map((each) => each.trim());
  let from = peer;
  for (const each of written.reverse()) {
    if (!isTrusted(from, trusted) || !isAddress(each)) break;
    from = each;
  }
  return networkOf(from);
}

const isTrusted = (text: string, trusted: TrustedProxies): boolean => {
  if (!isAddress(text)) return false;
  const address = ipaddr.process(text);
  return trusted.some(([first, bits]) => first.kind() === address.kind() && address.match([first, bits]));
};

function networkOf(text: string): string {
  if (!isAddress(text)) return text;
  const address = ipaddr.process(text);
  return address instanceof ipaddr.IPv4
    ? address.toString()
    : address.parts
        .slice(0, 4)
        .map((part) => part.toString(16))
        .join(':');
}
