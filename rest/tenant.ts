import type { Request } from 'express';
import type { Claims } from '../auth/principal-from-claims.js';
import { tenantNamed } from '../fhir/tenant.js';
import type { FhirVersion } from '../fhir/version.js';
import type { FhirServer } from '../interactions/server.js';
import { invalidTenant, type Tenancy, tenantOfRequest, type TenantServers } from '../interactions/tenancy.js';

/** Where a version's face is mounted: at `/r4`, and where tenants share the deployment at `/tenant/[id]/r4` as well. */
export const mountPaths = (version: FhirVersion, tenancy: Tenancy | undefined): string[] =>
  tenancy === undefined ? [`/${version}`] : [`/${version}`, `/${tenancy.prefix}/:tenant/${version}`];

/**
 * The name of a tenant in the path that a face is mounted at, as it is written there.
 * @returns undefined where the path names none.
 * @throws OperationOutcomeError 400 for what is no name of a tenant.
 */
export function tenantInPath({ prefix }: Tenancy, { baseUrl }: Pick<Request, 'baseUrl'>): string | undefined {
  const [first, name, version] = baseUrl.split('/').slice(-3);
  if (version === undefined || first !== prefix || name === undefined) return undefined;
  if (tenantNamed(name) === undefined) throw invalidTenant(name);
  return name;
}

/**
 * The server that answers a caller: their tenant's.
 * @throws OperationOutcomeError 400 or 403 (`tenantOfRequest`).
 */
export const serverFor = (tenancy: TenantServers, claims: Claims | undefined, named: string | undefined): FhirServer =>
  tenancy.ofTenant(tenantOfRequest(tenancy, claims ?? {}, named));
