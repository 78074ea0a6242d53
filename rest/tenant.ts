import type { Request } from 'express';
import type { Claims } from '../auth/principal-from-claims.js';
import { tenantNamed } from '../fhir/tenant.js';
import type { FhirVersion } from '../fhir/version.js';
import type { Principal } from '../auth/principal.js';
import { OperationOutcomeError } from '../fhir/outcome.js';
import { audited } from '../interactions/audit.js';
import type { FhirServer } from '../interactions/server.js';
import {
  invalidTenant,
  type Tenancy,
  tenantOfRequest,
  type TenantServers,
  tenantsOfToken,
} from '../interactions/tenancy.js';
import { auditSubject } from './audit-subject.js';
import type { NoRoute, Route } from './routes.js';

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

/** A request of somebody whose token was verified. */
interface Admitted {
  readonly claims: Claims;
  /** The tenant that the URL names; undefined where it names none. */
  readonly named: string | undefined;
  readonly principal: Principal;
  readonly baseUrl: string;
  readonly route: Route | NoRoute;
}

/**
 * The server that answers a caller: their tenant's. Who asks for another tenant is refused, and that stands in the audit
 * trail of the caller's own tenants (docs/adr/0071-console-restore-and-refusals-on-aws.md).
 * @throws OperationOutcomeError 400 or 403 (`tenantOfRequest`).
 */
export async function admit(tenancy: TenantServers, request: Admitted): Promise<FhirServer> {
  try {
    return tenancy.ofTenant(tenantOfRequest(tenancy, request.claims, request.named));
  } catch (error) {
    if (error instanceof OperationOutcomeError && error.status === 403) await recordRefusal(tenancy, request, error);
    throw error;
  }
}

/** The resource that was asked for is the other tenant's: its id would name one of this tenant's here. */
async function recordRefusal(tenancy: TenantServers, request: Admitted, error: Error): Promise<void> {
  const { claims, principal, baseUrl, route } = request;
  if (route.kind === 'none') return;
  const subject = route.kind === 'bundle' ? { interaction: 'batch', targets: [] } : auditSubject(route);
  if (subject === undefined) return;
  const types = { ...subject, targets: subject.targets.map(({ type }) => ({ type })) };
  for (const own of tenantsOfToken(tenancy, claims)) {
    const refused = audited(tenancy.ofTenant(own), { principal, baseUrl }, types, () => Promise.reject(error));
    await refused.catch(() => undefined); // thrown by whoever asked
  }
}
