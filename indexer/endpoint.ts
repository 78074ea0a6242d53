import { lookup as resolve, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Where notifications may go. */
export interface AllowedEndpoints {
  /** URLs that endpoints must be, or be below: `https://hooks.example.org/fhir`. */
  readonly prefixes: readonly string[];
  /** Whether addresses that are not public (loopback, private, link-local, …) may be reached. */
  readonly privateAddresses: boolean;
}

/** An endpoint that must not be reached. */
export class EndpointRefused extends Error {
  override readonly name = 'EndpointRefused';
}

/** Whether an address is one of the public internet, an IPv4 address within an IPv6 one included. */
export const isPublicAddress = (address: string): boolean =>
  ipaddr.isValid(address) && ipaddr.process(address).range() === 'unicast';

/**
 * Reads an endpoint, as far as its text decides whether it may be reached; its addresses are looked at when it is
 * (`guardedLookup`).
 * @throws EndpointRefused with why not.
 */
export function requireAllowed(text: string, { prefixes, privateAddresses }: AllowedEndpoints): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw new EndpointRefused('it is no http or https URL');
  if (url.username !== '' || url.password !== '') throw new EndpointRefused('it names a user; headers are for that');
  if (url.hash !== '') throw new EndpointRefused('it has a fragment, which is never sent');
  if (!prefixes.some((prefix) => isBelow(url, prefix))) throw new EndpointRefused('it is none this server may notify');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (!privateAddresses && isIP(host) !== 0 && !isPublicAddress(host)) throw notPublic(host);
  return url;
}

function isBelow(url: URL, prefix: string): boolean {
  const allowed = new URL(prefix);
  const path = allowed.pathname.replace(/\/+$/, '');
  // A server behind may read an encoded slash or dots as others do not.
  if (/%2f|%5c|%2e/i.test(url.pathname)) return false;
  return url.origin === allowed.origin && (url.pathname === path || url.pathname.startsWith(`${path}/`));
}

const notPublic = (address: string): EndpointRefused =>
  new EndpointRefused(`${address} is no address of the public internet`);

/**
 * A lookup for connections that gives public addresses only: what is looked at is what is connected to, so a name
 * that is another address a moment later leads nowhere else.
 * @param lookup by which names become addresses; the system's without it.
 */
export function guardedLookup(
  { privateAddresses }: AllowedEndpoints,
  lookup: typeof resolve = resolve,
): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error !== null) {
        callback(error, '', 0);
        return;
      }
      const hidden = privateAddresses ? undefined : addresses.find(({ address }) => !isPublicAddress(address));
      const [first] = addresses;
      if (hidden !== undefined) callback(notPublic(hidden.address), '', 0);
      else if (options.all === true) callback(null, addresses);
      else callback(null, first?.address ?? '', first?.family ?? 0);
    });
  };
}
