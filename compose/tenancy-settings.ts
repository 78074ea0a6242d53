import type { Tenant } from '../fhir/tenant.js';
import { standardTenancy, type Tenancy } from '../interactions/tenancy.js';
import { oneOf, SettingsError } from './settings-error.js';

/**
 * TENANCY, TENANT_CLAIM and TENANT_PREFIX.
 * @param setting the text of a variable, or the standard where it is not set.
 * @returns undefined where tenants do not share the deployment.
 * @throws SettingsError for what cannot be used.
 */
export function tenancyOf(setting: (name: string, standard: string) => string): Tenancy | undefined {
  if (oneOf('TENANCY', setting('TENANCY', 'off').toLowerCase(), ['off', 'pooled']) === 'off') return undefined;
  const claim = setting('TENANT_CLAIM', standardTenancy.claim);
  if (!/^[\w:.-]{1,128}$/.test(claim))
    throw new SettingsError(`TENANT_CLAIM is "${claim}": it must be the name of a claim`);
  const prefix = setting('TENANT_PREFIX', standardTenancy.prefix);
  if (!/^[a-z][a-z0-9-]{0,63}$/.test(prefix)) {
    throw new SettingsError(`TENANT_PREFIX is "${prefix}": it may have small letters, digits and "-", a letter first`);
  }
  return { claim, prefix };
}

/** What stands in IMPORT_SOURCES where the tenant's name is to be. */
export const tenantMark = '{tenant}';

/** The sources of imports of a tenant. */
export const ownSources = (sources: readonly string[], tenant: Tenant): readonly string[] =>
  sources.map((each) => each.replaceAll(tenantMark, tenant));

/**
 * Sees to it that no tenant imports another one's files: in each source a whole segment of the path is the tenant's name.
 * @throws SettingsError for one that does not.
 */
export function requireOwnSources(tenancy: Tenancy | undefined, sources: readonly string[] = []): void {
  const shared = tenancy === undefined ? undefined : sources.find((each) => !each.includes(`/${tenantMark}/`));
  if (shared === undefined) return;
  throw new SettingsError(
    `IMPORT_SOURCES has a URL without /${tenantMark}/: with TENANCY=pooled each tenant has its own`,
  );
}
