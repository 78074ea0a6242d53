import { defaultTenant, type Tenant } from '../../fhir/tenant.js';
import type { Indexable } from '../search-index.js';

/**
 * What stands where lists and documents have a type: it names the tenant as well, so that nothing is in a list of another
 * one's. No type holds a `#`.
 */
export const ownType = (tenant: Tenant, type: string): string =>
  tenant === defaultTenant ? type : `${tenant}#${type}`;
export const typeOf = (own: string): string => own.slice(own.indexOf('#') + 1);
export const tenantOf = (own: string): Tenant =>
  own.includes('#') ? (own.slice(0, own.indexOf('#')) as Tenant) : defaultTenant;

/** A change whose `type` names its tenant as well. */
export type Placed = Omit<Indexable, 'tenant'>;

export const placed = ({ tenant, ...change }: Indexable): Placed => ({ ...change, type: ownType(tenant, change.type) });
