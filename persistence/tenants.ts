import type { Tenant } from '../fhir/tenant.js';
import { defaultTenant, tenantsPartition } from './keys.js';
import { typeItem } from './history-keys.js';
import type { Item, Table } from './table.js';

/** More than one table is shared by. */
const mostTenants = 1_000_000;

/** The item that says that a tenant has or had something in the table: it is written with the first of it, or before. */
export const tenantItem = (tenant: Tenant): Item => ({ pk: tenantsPartition, sk: tenant });

/**
 * The tenants that have or had anything in a table, and always the one of a deployment without tenants: whoever ends what
 * others left undone does so for each of them. 1 query.
 */
export async function tenantsIn(table: Pick<Table, 'query'>): Promise<readonly Tenant[]> {
  const items = await table.query({ pk: tenantsPartition, limit: mostTenants });
  return [defaultTenant, ...items.map(({ sk }) => sk as Tenant)];
}

/**
 * Says that a tenant has resources of a type, before the first of them is there, and with its first type that there is the
 * tenant. 1 read, 1 write when it is not said yet, 2 where there are tenants.
 */
export async function announceType(table: Pick<Table, 'get' | 'write'>, tenant: Tenant, type: string): Promise<void> {
  const item = typeItem(tenant, type);
  if ((await table.get(item)) !== undefined) return;
  // Each by itself: transactions on a tenant's one item would get in each other's way while its first types come.
  const items = tenant === defaultTenant ? [item] : [tenantItem(tenant), item];
  for (const each of items) await table.write([{ kind: 'put', item: each }]);
}
