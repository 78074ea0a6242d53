import type { IncomingMessage } from 'node:http';
import { invalidRequest } from '../fhir/outcome.js';

const hostPattern = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/;
const prefixPattern = /^(?:\/[A-Za-z0-9._~-]+)*$/;

/**
 * The base URL by which the client knows this server, without a slash at the end: it stands in every link.
 *
 * What a proxy says (`Forwarded`, `X-Forwarded-Host`, `-Proto`, `-Prefix`) counts only when the peer is on this
 * machine; anyone else could put a host of their own into the links others get.
 * @param mountPath where the face is mounted, such as `/r4`.
 * @throws OperationOutcomeError 400 when Host, or what a proxy says, is no host.
 */
export function baseUrlOf(request: IncomingMessage, mountPath: string): string {
  const { headers, socket } = request;
  const isProxied =
    isLoopback(socket.remoteAddress) &&
    (headers.forwarded ??
      headers['x-forwarded-host'] ??
      headers['x-forwarded-proto'] ??
      headers['x-forwarded-prefix']) !== undefined;
  const proxy = isProxied ? proxySays(request) : {};
  const host = proxy.host ?? headers.host ?? '';
  if (!hostPattern.test(host)) throw invalidRequest('The request names no host', 'http.Host');
  const proto = proxy.proto ?? ('encrypted' in socket ? 'https' : 'http');
  if (proto !== 'http' && proto !== 'https')
    throw invalidRequest('The protocol is http or https', 'http.X-Forwarded-Proto');
  const prefix = (proxy.prefix ?? '').replace(/\/+$/, '');
  if (!prefixPattern.test(prefix)) throw invalidRequest('The prefix is no path', 'http.X-Forwarded-Prefix');
  return `${proto}://${host}${prefix}${mountPath}`;
}

const isLoopback = (address: string | undefined): boolean =>
  address !== undefined && (address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.'));

/** What the nearest client-side proxy says: the first of each list. https://www.rfc-editor.org/rfc/rfc7239 */
function proxySays({ headers }: IncomingMessage): { host?: string; proto?: string; prefix?: string } {
  const says: { host?: string; proto?: string; prefix?: string } = {};
  for (const pair of first(headers.forwarded)?.split(';') ?? []) {
    const [, name, value] = /^\s*(host|proto)\s*=\s*"?([^"]*)"?\s*$/i.exec(pair) ?? [];
    if (name !== undefined && value !== undefined) says[name.toLowerCase() === 'host' ? 'host' : 'proto'] = value;
  }
  const host = first(headers['x-forwarded-host']);
  const proto = first(headers['x-forwarded-proto']);
  const prefix = first(headers['x-forwarded-prefix']);
  if (host !== undefined) says.host ??= host;
  if (proto !== undefined) says.proto ??= proto;
  if (prefix !== undefined) says.prefix = prefix;
  return says;
}

const first = (header: string | string[] | undefined): string | undefined =>
  (Array.isArray(header) ? header[0] : header)?.split(',')[0]?.trim();
