import { createHmac } from 'node:crypto';
import { withoutDeadline } from '../fhir/deadline.js';
import type { Tenant } from '../fhir/tenant.js';
import { type BodyStore, tenantPath } from '../persistence/body-store.js';
import { defaultTenant } from '../persistence/keys.js';
import type { ResourceStore } from '../persistence/resource-store.js';
import type { DecidedTransaction } from '../persistence/stream.js';
import { sweepBodies } from '../persistence/sweep-bodies.js';
import type { Table } from '../persistence/table.js';
import { tenantsIn } from '../persistence/tenants.js';

/** So many tenants' servers are kept; those asked for least lately are made anew. */
const mostKept = 1_000;

/** What a process has of each tenant: made when it is first asked for, and kept, so that caches bound to it last. */
export function ofTenants<Made>(make: (tenant: Tenant) => Made, most = mostKept): (tenant: Tenant) => Made {
  const made = new Map<Tenant, Made>();
  return (tenant) => {
    const known = made.get(tenant);
    if (known !== undefined && made.size < most) return known;
    const found = known ?? withoutDeadline(() => make(tenant)); // it lasts longer than the request that needs it first
    made.delete(tenant);
    made.set(tenant, found);
    if (made.size > most) for (const oldest of made.keys()) if (made.delete(oldest)) break;
    return found;
  };
}

/**
 * What page links of a tenant are sealed with: a link of one opens nothing of another's.
 * @param key of the deployment; that of a deployment without tenants is this one.
 */
export const pageKeyOf = (key: Uint8Array, tenant: Tenant): Uint8Array =>
  tenant === defaultTenant ? key : createHmac('sha256', key).update(`pages of ${tenant}`).digest();

/** Where below a folder a tenant's files are; in the folder itself those of a deployment without tenants. */
export const folderOf = (folder: string, tenant: Tenant): string =>
  tenant === defaultTenant ? folder : `${folder}/${tenantPath(tenant)}`;

/** A version on its table, as it is served to each tenant. */
interface StoresOfTenants {
  readonly table: Table;
  readonly ofTenant: (tenant: Tenant) => { readonly store: ResourceStore };
}

/** Ends a transaction that the stream tells of, whosesoever it is. */
export const recoverOfTenants =
  ({ ofTenant }: Pick<StoresOfTenants, 'ofTenant'>) =>
  ({ tenant, id }: DecidedTransaction): Promise<void> =>
    ofTenant(tenant).store.recover(id);

/** Ends the transactions that processes have left, of all tenants. @returns how many. */
export async function sweepOfTenants({ table, ofTenant }: StoresOfTenants): Promise<number> {
  let ended = 0;
  for (const tenant of await tenantsIn(table)) ended += await ofTenant(tenant).store.sweep();
  return ended;
}

/** Removes the bodies that no item refers to, of all tenants. @returns how many. */
export async function sweepBodiesOfTenants(table: Table, bodies: BodyStore, now: number): Promise<number> {
  let removed = 0;
  for (const tenant of await tenantsIn(table)) removed += await sweepBodies(table, bodies, now, tenant);
  return removed;
}
