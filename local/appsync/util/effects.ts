import { isMembers } from './dynamodb-expression.js';
import type { SubscriptionFilter } from './subscription-filter.js';

/** What resolver code asks of the request as a whole, beside its field's value. */
export type Effect =
  | { readonly kind: 'responseHeader'; readonly name: string; readonly value: string }
  /** `extensions.setSubscriptionFilter`, in the response handler of a subscription's resolver. */
  | { readonly kind: 'subscriptionFilter'; readonly filter: SubscriptionFilter | null }
  | { readonly kind: 'subscriptionInvalidationFilter'; readonly filter: SubscriptionFilter | null }
  | {
      readonly kind: 'invalidateSubscriptions';
      readonly subscriptionField: string;
      readonly payload: Readonly<Record<string, unknown>>;
    }
  | {
      readonly kind: 'evictFromApiCache';
      readonly typeName: string;
      readonly fieldName: string;
      readonly keys: Readonly<Record<string, unknown>>;
    };

/** A use of an extension with what it does not take. */
export class ExtensionError extends Error {
  override readonly name = 'ExtensionError';
}

/** Headers of the answer that are AppSync's own or HTTP's. https://docs.aws.amazon.com/appsync/latest/devguide/http-helpers-in-utils-http-js.html */
const restricted: ReadonlySet<string> = new Set([
  ...['transfer-encoding', 'connection', 'host', 'expect', 'keep-alive', 'upgrade', 'proxy-authenticate'],
  ...['proxy-authorization', 'te', 'trailer', 'content-length', 'content-type', 'content-encoding', 'date', 'via'],
  ...['set-cookie', 'access-control-allow-origin', 'access-control-expose-headers'],
]);

const text = (value: unknown): string =>
  typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);

/**
 * `util.http.addResponseHeader`.
 * @returns the effect.
 * @throws ExtensionError for a header that is AppSync's own, or is none.
 */
export function responseHeader(name: unknown, value: unknown): Effect {
  if (typeof name !== 'string' || !/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) {
    throw new ExtensionError(`${text(name)} is no name of a header`);
  }
  if (restricted.has(name.toLowerCase()) || /^x-amzn?-/i.test(name)) {
    throw new ExtensionError(`The header ${name} is restricted`);
  }
  const line = text(value);
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(line)) throw new ExtensionError(`The header ${name} has a value that is none`);
  return { kind: 'responseHeader', name, value: line };
}

function filterOf(given: unknown): SubscriptionFilter | null {
  if (given === null || given === undefined) return null;
  const groups = isMembers(given) ? given['filterGroup'] : undefined;
  const isFilter =
    Array.isArray(groups) && groups.every((group) => isMembers(group) && Array.isArray(group['filters']));
  if (!isFilter) throw new ExtensionError('A subscription filter has the form { filterGroup: [{ filters: […] }] }');
  return given as SubscriptionFilter;
}

/** `extensions.*` by name. https://docs.aws.amazon.com/appsync/latest/devguide/extensions-js.html */
export const extensionFunctions: Readonly<Record<string, (...values: unknown[]) => Effect>> = {
  setSubscriptionFilter: (filter) => ({ kind: 'subscriptionFilter', filter: filterOf(filter) }),
  setSubscriptionInvalidationFilter: (filter) => ({ kind: 'subscriptionInvalidationFilter', filter: filterOf(filter) }),
  invalidateSubscriptions(given) {
    const { subscriptionField, payload } = isMembers(given) ? given : {};
    if (typeof subscriptionField !== 'string' || !isMembers(payload)) {
      throw new ExtensionError('invalidateSubscriptions takes { subscriptionField, payload }');
    }
    return { kind: 'invalidateSubscriptions', subscriptionField, payload };
  },
  evictFromApiCache(typeName, fieldName, keys) {
    if (typeof typeName !== 'string' || typeof fieldName !== 'string' || !isMembers(keys)) {
      throw new ExtensionError('evictFromApiCache takes a type, a field and an object of keys');
    }
    return { kind: 'evictFromApiCache', typeName, fieldName, keys };
  },
};
