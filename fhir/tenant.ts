declare const named: unique symbol;

/**
 * Whose resources: one of the organisations that share a deployment, or the one of a deployment without them. It is a part
 * of keys and paths, so a text becomes one by `tenantNamed` only.
 */
export type Tenant = string & { readonly [named]: true };

/** The tenant of a deployment without tenants. */
export const defaultTenant = '-' as Tenant;

const tenantPattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/**
 * The tenant that a text from outside names.
 * @returns undefined for what is no name of one: it is 1 to 64 letters, digits, `-` and `_`, a letter or digit first. So no
 * text names `defaultTenant`, and none leads out of a key or a path.
 */
export const tenantNamed = (text: string): Tenant | undefined =>
  tenantPattern.test(text) ? (text as Tenant) : undefined;
