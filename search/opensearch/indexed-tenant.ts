import type { ResourceKey } from '../../fhir/resource.js';
import type { Tenant } from '../../fhir/tenant.js';

/** As keys have it (`defaultTenant` of persistence/keys.ts). */
export const noTenant = '-' as Tenant;

/** A tenant as documents name it. No tenant's name begins so, and without tenants it is the word of indices made before. */
export const indexedTenant = (tenant: Tenant): string => (tenant === noTenant ? 'default' : `@${tenant}`);

/** The tenant that a document names. */
const tenantOfIndexed = (text: string): Tenant => (text.startsWith('@') ? (text.slice(1) as Tenant) : noTenant);

/** The id of a resource's document: `keyOfDocument` reads it. */
export const documentId = ({ tenant, type, id }: ResourceKey & { readonly tenant: Tenant }): string =>
  `${indexedTenant(tenant)}#${type}#${id}`;

/** The resource whose document has an id. */
export function keyOfDocument(text: string): ResourceKey & { readonly tenant: Tenant } {
  const [tenant = '', type = '', id = ''] = text.split('#');
  return { tenant: tenantOfIndexed(tenant), type, id };
}
