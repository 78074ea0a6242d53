import type { Claims } from '../auth/principal-from-claims.js';
import { forbidden, invalidRequest } from '../fhir/outcome.js';
import { type Tenant, tenantNamed } from '../fhir/tenant.js';
import { clip } from './resource-type.js';
import type { FhirServer } from './server.js';

/** How a request says whose resources it is about, where tenants share a deployment. */
export interface Tenancy {
  /** The claim of an access token that names its tenant, or several; `custom:` before it counts alike. */
  readonly claim: string;
  /** The first segment of URLs that name a tenant: `/tenant/[id]/r4`. */
  readonly prefix: string;
}

/** A version as it is served to each tenant. */
export interface TenantServers extends Tenancy {
  /** To be called for tenants of verified tokens only: a tenant's server is kept, and works on its jobs. */
  readonly ofTenant: (tenant: Tenant) => FhirServer;
}

/** As FHIR Works on AWS has them. */
export const standardTenancy: Tenancy = { claim: 'tenantId', prefix: 'tenant' };

/**
 * The tenant of a request: the one its URL names, which must be one of the token's; without such a URL the token's only one.
 * @param claims of the verified access token.
 * @param named the segment of the URL; undefined where it has none.
 * @throws OperationOutcomeError 400 for a name that is none, and where the token has several and the URL names none of them;
 *   403 for another tenant than the token's, and for a token of none.
 */
export function tenantOfRequest({ claim, prefix }: Tenancy, claims: Claims, named?: string): Tenant {
  const asked = named === undefined ? undefined : tenantNamed(named);
  if (named !== undefined && asked === undefined) throw invalidTenant(named);
  const own = tenantsOfToken({ claim }, claims);
  const [only, second] = own;
  if (only === undefined) {
    throw forbidden(`The token is of no tenant: its claim "${claim}" (or "custom:${claim}") must name one`);
  }
  if (asked !== undefined) {
    if (!own.includes(asked)) throw forbidden(`The token is not of the tenant ${asked}, which the URL names`);
    return asked;
  }
  if (second !== undefined) {
    throw invalidRequest(`The token is of several tenants: name one in the URL, as in /${prefix}/${only}/`, 'http.url');
  }
  return only;
}

/** What a URL says that names no tenant where it should. */
export const invalidTenant = (text: string): Error =>
  invalidRequest(
    `"${clip(text)}" is no name of a tenant: 1 to 64 letters, digits, "-" and "_", a letter or digit first`,
    'http.url',
  );

/** The tenants a token names. What is no name of one counts for nothing. */
export function tenantsOfToken({ claim }: Pick<Tenancy, 'claim'>, claims: Claims): readonly Tenant[] {
  const value = claims[claim] ?? claims[`custom:${claim}`];
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
  const named = texts.flatMap((text) => (typeof text === 'string' ? (tenantNamed(text) ?? []) : []));
  return [...new Set(named)];
}
