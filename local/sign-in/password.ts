import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { documentedPassword } from './users.js';

const loopback = /^(::1|(::ffff:)?127(\.\d{1,3}){3})$/;

/** What a request tells of where it comes from. */
type Arrival = Pick<IncomingMessage, 'headers'> & {
  readonly socket: { readonly remoteAddress?: string | undefined };
};

/** Whether a request comes from this machine, not through a proxy on it. */
const isFromHere = ({ socket, headers }: Arrival): boolean =>
  loopback.test(socket.remoteAddress ?? '') &&
  headers['x-forwarded-for'] === undefined &&
  headers['x-forwarded-host'] === undefined &&
  headers.forwarded === undefined;

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * Checks a password. The documented one counts only for who comes from this machine: everybody knows it.
 * @param given what was typed.
 * @param password what the server was started with; undefined when the documented one counts.
 * @param request the request it came with.
 * @returns why it does not count, for the sign-in page; undefined when it does.
 */
export function whyPasswordIsWrong(given: string, password: string | undefined, request: Arrival): string | undefined {
  if (password === undefined && !isFromHere(request)) {
    return 'From another machine nobody signs in with the documented password: start the server with SIGN_IN_PASSWORD';
  }
  if (timingSafeEqual(digest(given), digest(password ?? documentedPassword))) return undefined;
  return password === undefined ? 'The password is wrong: it is in docs/sign-in.md' : 'The password is wrong';
}
