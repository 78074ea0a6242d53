import { isIP } from 'node:net';
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

/**
 * What of IPv6 is given out to be reached from everywhere. What is outside is none of the public internet whatever it is
 * called: IPv4 addresses in old forms, site-local ones, NAT64 of networks.
 * https://www.iana.org/assignments/ipv6-address-space/ipv6-address-space.xhtml
 */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');
/** https://www.rfc-editor.org/rfc/rfc9637 */
const documentation = ipaddr.IPv6.parseCIDR('3fff::/20');

/** Whether an address is one of the public internet, an IPv4 address within an IPv6 one included. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const known = ipaddr.process(address);
  if (known.range() !== 'unicast') return false;
  return known instanceof ipaddr.IPv4 || (known.match(globalUnicast) && !known.match(documentation));
}

/**
 * Reads an endpoint, as far as its text decides whether it may be reached; its addresses are looked at when it is
 * (`refusalOf`).
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

/** Why an address must not be connected to; undefined when it may. */
export const refusalOf = ({ privateAddresses }: AllowedEndpoints, address: string): EndpointRefused | undefined =>
  privateAddresses || isPublicAddress(address) ? undefined : notPublic(address);
