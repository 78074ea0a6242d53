import type { ResourceKey } from '../../fhir/resource.js';
import { defaultTenant, type Tenant } from '../../fhir/tenant.js';

/** A tenant as documents name it. No tenant's name begins so, and without tenants it is the word of indices made before. */
export const indexedTenant = (tenant: Tenant): string => (tenant === defaultTenant ? 'default' : `@${tenant}`);

/** The tenant that a document names. */
const tenantOfIndexed = (text: string): Tenant => (text.startsWith('@') ? (text.slice(1) as Tenant) : defaultTenant);

/** The id of a resource's document: `keyOfDocument` reads it. */
export const documentId = ({ tenant, type, id }: ResourceKey & { readonly tenant: Tenant }): string =>
  `${indexedTenant(tenant)}#${type}#${id}`;

/** The resource whose document has an id. */
export function keyOfDocument(text: string): ResourceKey & { readonly tenant: Tenant } {
  const [tenant = '', type = '', id = ''] = text.split('#');
  return { tenant: tenantOfIndexed(tenant), type, id };
}
