import { type Tenant, tenantNamed } from '../../fhir/tenant.js';

/** A tenant of the tests. */
export function tenant(name: string): Tenant {
  const found = tenantNamed(name);
  if (found === undefined) throw new Error(`${name} names no tenant`);
  return found;
}
