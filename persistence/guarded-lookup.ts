import { lookup as resolve, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** By which names become addresses. */
export type Resolve = typeof resolve;

/** Agents of their own keep connections as long as Node's own agent does: one kept longer was often closed meanwhile. */
export const kept = { keepAlive: true, timeout: 5_000 } as const;

/**
 * A lookup for connections that gives no address that is refused: what is looked at is what is connected to, so a name
 * that is another address a moment later leads nowhere else. Connections made by it belong into an agent of their own:
 * what another one left open was not looked at.
 * @param refusalOf why an address must not be reached; undefined when it may.
 * @param lookup the system's without it.
 */
export function guardedLookup(
  refusalOf: (address: string) => Error | undefined,
  lookup: Resolve = resolve,
): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error !== null) {
        callback(error, '', 0);
        return;
      }
      const [first] = addresses;
      const refusal = addresses.map(({ address }) => refusalOf(address)).find((each) => each !== undefined);
      if (refusal !== undefined) callback(refusal, '', 0);
      else if (options.all === true) callback(null, addresses);
      else callback(null, first?.address ?? '', first?.family ?? 0);
    });
  };
}
