import type { Tenant } from '../../fhir/tenant.js';

/** As keys have it (`defaultTenant` of persistence/keys.ts). */
export const noTenant = '-' as Tenant;

/** A tenant as documents name it. No tenant's name begins so, and without tenants it is the word of indices made before. */
export const indexedTenant = (tenant: Tenant): string => (tenant === noTenant ? 'default' : `@${tenant}`);

/** The tenant that a document names. */
export const tenantOfIndexed = (text: string): Tenant => (text.startsWith('@') ? (text.slice(1) as Tenant) : noTenant);
