import { randomUUID, sign } from 'node:crypto';
import type { Tenant } from '../../fhir/tenant.js';
import { standardTenancy } from '../../interactions/tenancy.js';
import type { SignInKeys } from './keys.js';
import type { LocalUser } from './users.js';

/** The public client that local tokens are given to; redirects to loopback addresses only. */
export const consoleClientId = 'fhir-on-appsync-console';

/** The client of tokens without a user; it keeps a secret. */
export const applicationClientId = 'fhir-on-appsync-application';

/** The scopes a local sign-in may ask for: those this server asks for. */
export const localScopes = 'openid profile';

/** How long an access token lives, in seconds; Cognito's standard. */
export const standardLife = 3600;

/** What an access token is about, beside the user. */
export interface AccessTokenDetails {
  /** The `iss`: the URL the sign-in is reached by, no slash at the end. */
  readonly issuer: string;
  /** Granted scopes, separated by spaces. */
  readonly scope: string;
  /** Seconds since 1970. */
  readonly issuedAt: number;
  /** Seconds since 1970; before `issuedAt` for a token that already expired. */
  readonly expiresAt: number;
  /** Seconds since 1970 when the user gave the password; `issuedAt` when nobody was asked. */
  readonly authenticatedAt?: number;
  /** The id of the patient in context, when one was asked for. */
  readonly patient?: string | undefined;
  /** The tenant of an application; a user has their own. */
  readonly tenant?: Tenant | undefined;
  /** The claim that names the tenant; the standard one without it. */
  readonly tenantClaim?: string | undefined;
}

/**
 * The claims of an access token as Cognito writes them, with `fhirUser` for who is a patient.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
 * @param user whom the token speaks for.
 * @param details issuer, scope and times.
 * @returns the payload of the token.
 */
export function accessTokenClaims(user: LocalUser, details: AccessTokenDetails): Record<string, unknown> {
  return {
    sub: user.subject,
    'cognito:groups': [...user.groups],
    iss: details.issuer,
    version: 2,
    client_id: consoleClientId,
    token_use: 'access',
    scope: details.scope,
    auth_time: details.authenticatedAt ?? details.issuedAt,
    exp: details.expiresAt,
    iat: details.issuedAt,
    jti: randomUUID(),
    username: user.username,
    ...(user.fhirUser === undefined ? {} : { fhirUser: user.fhirUser }),
    ...(details.patient === undefined ? {} : { launch_response_patient: details.patient }),
    ...tenantClaims(user.tenant, details),
  };
}

/**
 * The claims of an access token that Cognito gives to an application by client credentials: no user, no groups.
 * @returns the payload of the token.
 */
export const applicationTokenClaims = (details: AccessTokenDetails): Record<string, unknown> => ({
  sub: applicationClientId,
  iss: details.issuer,
  version: 2,
  client_id: applicationClientId,
  token_use: 'access',
  scope: details.scope,
  auth_time: details.issuedAt,
  exp: details.expiresAt,
  iat: details.issuedAt,
  jti: randomUUID(),
  ...tenantClaims(details.tenant, details),
});

const tenantClaims = (tenant: Tenant | undefined, { tenantClaim = standardTenancy.claim }: AccessTokenDetails) =>
  tenant === undefined ? {} : { [tenantClaim]: tenant };

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * Signs an access token for a user without any sign-in: what `npm run token` prints.
 * @param keys the keys of the data folder.
 * @param user whom the token speaks for; the application by itself without one.
 * @param options the issuer; `patient` in context, by id; `tenantClaim` as in the details; `life` in seconds, an hour unless given; `scope`, `openid profile` unless given;
 *   `now` in milliseconds since 1970.
 * @returns the JWT.
 */
export function signToken(
  keys: SignInKeys,
  user: LocalUser | undefined,
  options: {
    readonly issuer: string;
    readonly life?: number;
    readonly scope?: string;
    readonly patient?: string | undefined;
    readonly tenant?: Tenant | undefined;
    readonly tenantClaim?: string | undefined;
    readonly now?: number;
  },
): string {
  const issuedAt = Math.floor((options.now ?? Date.now()) / 1000);
  const details: AccessTokenDetails = {
    issuer: options.issuer,
    scope: options.scope ?? localScopes,
    issuedAt,
    expiresAt: issuedAt + (options.life ?? standardLife),
    patient: options.patient,
    tenant: options.tenant,
    tenantClaim: options.tenantClaim,
  };
  const claims = user === undefined ? applicationTokenClaims(details) : accessTokenClaims(user, details);
  const signed = `${part({ kid: keys.privateJwk.kid, alg: 'RS256' })}.${part(claims)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), keys.privateKey).toString('base64url')}`;
}
