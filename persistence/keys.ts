import type { ResourceKey } from '../fhir/resource.js';
import { defaultTenant, type Tenant } from '../fhir/tenant.js';

export { defaultTenant, type Tenant };

// APPSYNC_JS-safe: shared by the store and the resolvers, so that the key format exists once.
//
// A partition key is made of parts joined by `#`. No part can hold a `#`: an id is letters, digits, `-` and `.`
// (https://hl7.org/fhir/R4/datatypes.html#id), a tenant letters, digits, `-` and `_` (fhir/tenant.ts), a type letters, a digest is hexadecimal. So two
// different resources never share a partition key. Whoever takes an id from outside checks it against `idPattern`.

/**
 * The partition key of all versions of a resource.
 * @param id a logical id; the caller has checked its characters.
 */
export const partitionKey = (tenant: Tenant, type: string, id: string): string => `${tenant}#${type}#${id}`;

/**
 * What names something of a tenant's among those of all tenants: its own name, behind the tenant's where there are tenants.
 */
export const ownName = (tenant: Tenant, name: string): string =>
  tenant === defaultTenant ? name : `${tenant}#${name}`;

/** The tenant in a partition key. */
export const tenantOf = (pk: string): Tenant => (pk.split('#')[0] ?? '') as Tenant;

/** The resource in a partition key (`partitionKey`). */
export const resourceOfPartition = (pk: string): ResourceKey => {
  const [, type = '', id = ''] = pk.split('#');
  return { type, id };
};

/** The sort key of a resource's current version. It sorts behind every archive key. */
export const currentKey = 'current';

/**
 * Whether a key is that of a resource's current version. In partitions that are none of a resource's some sort keys come from
 * outside (the name of a tenant, the id of a Subscription), and may be the same word.
 */
export const isCurrent = ({ pk, sk }: { readonly pk: string; readonly sk: string }): boolean =>
  sk === currentKey && pk.split('#').length === 3;

/** The sort key of a version that is no longer current: its number with zeros before it, so that text order is number order. */
export const archiveKey = (versionId: number): string => `0000000000000000${versionId.toString()}`.slice(-16);

/**
 * The partition key of a claim. No resource has it: types begin with a capital letter.
 * @param digest of the claim's criteria, hexadecimal: criteria are of any length and characters, keys are not.
 */
export const claimPartitionKey = (tenant: Tenant, digest: string): string => `${tenant}#claim#${digest}`;

/** The sort key of a claim. */
export const claimKey = 'claim';

/** The partition of the jobs of a tenant, one item each. */
export const jobsPartition = (tenant: Tenant): string => `${tenant}#jobs`;

/** The partition of the item that says which jobs are under way: one item, so that they are counted in the write that begins one. */
export const jobPlacesPartition = (tenant: Tenant): string => `${tenant}#job-places`;

/** The partition of what a job works on: its input, its segments, its files. */
export const jobPartition = (tenant: Tenant, id: string): string => `${tenant}#job#${id}`;

/** The job whose partition it is (`jobPartition`); undefined for another. */
export const jobOfPartition = (pk: string): string | undefined => {
  const [, kind, id] = pk.split('#');
  return kind === 'job' ? id : undefined;
};

/** The partition of what the processes of a deployment keep secret together. */
export const secretPartition = (tenant: Tenant): string => `${tenant}#secret`;

/** The partition of the tenants that have or had anything in a table, one item each. It is none of theirs. */
export const tenantsPartition = `${defaultTenant}#tenants`;
