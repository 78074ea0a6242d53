import { lookup as resolve, type LookupAddress } from 'node:dns';
import { Agent as HttpAgent, type ClientRequest, request as requestHttp, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';

/** By which names become addresses. */
export type Resolve = typeof resolve;

/** Why the address of a name must not be reached; undefined when it may. */
export type RefusalOf = (address: string, hostname: string) => Error | undefined;

/** Connections are kept as long as Node's own agent keeps them: one kept longer was often closed meanwhile. */
const kept = { keepAlive: true, timeout: 5_000 } as const;

/**
 * Requests to web servers whose names lead to no address that is refused. Their connections are in agents of their own:
 * what another one left open was not looked at. Redirects are not followed.
 * @param lookup by which names become addresses; the system's without it.
 * @returns begins a request, as Node's own `request` does.
 */
export function guardedRequests(
  refusalOf: RefusalOf,
  lookup: Resolve = resolve,
): (url: URL, options: RequestOptions) => ClientRequest {
  const guarded = guardedLookup(refusalOf, lookup);
  const [http, https] = [new HttpAgent(kept), new HttpsAgent(kept)];
  return (url, options) =>
    url.protocol === 'https:'
      ? requestHttps(url, { ...options, lookup: guarded, agent: https })
      : requestHttp(url, { ...options, lookup: guarded, agent: http });
}

/**
 * A lookup for connections that gives no address that is refused: what is looked at is what is connected to, so a name
 * that is another address a moment later leads nowhere else.
 */
function guardedLookup(refusalOf: RefusalOf, lookup: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error !== null) {
        callback(error, '', 0);
        return;
      }
      const [first] = addresses;
      const refusal = addresses.map(({ address }) => refusalOf(address, hostname)).find((each) => each !== undefined);
      if (refusal !== undefined) callback(refusal, '', 0);
      else if (options.all === true) callback(null, addresses);
      else callback(null, first?.address ?? '', first?.family ?? 0);
    });
  };
}
