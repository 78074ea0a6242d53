import { parseSmartScope } from '../../auth/smart-scopes.js';
import type { SmartEndpoints } from '../../interactions/smart-configuration.js';
import { isOfThisMachine } from '../loopback-only.js';
import { introspectionPath } from './introspection.js';
import type { PublicKeys } from './public-keys.js';
import { demoPatientId, type LocalUser } from './users.js';

/** How the local sign-in gives out tokens with SMART scopes. */
export interface SmartSignIn {
  /** The secret of the application that gets tokens without a user; there is no such application without it. */
  readonly applicationSecret?: string;
  /** The public keys of that application, in place of a secret: SMART Backend Services. */
  readonly applicationKeys?: PublicKeys;
}

/**
 * By what an application that has keys signs its requests for tokens.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html#registering-a-client-communicating-public-keys
 */
export const signingAlgorithms = ['RS384', 'ES384'] as const;

/** The scope that asks for a patient. https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#requesting-context-with-scopes */
export const launchPatient = 'launch/patient';

/**
 * Scopes of SMART that open no resources: who the user is, and whether refresh tokens count while the user is away.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#scopes-for-requesting-identity-data
 */
export const userScope = 'fhirUser';
export const offlineScope = 'offline_access';
const onlineScope = 'online_access';
const ofUsers: readonly string[] = [launchPatient, userScope, offlineScope, onlineScope];

/** Those of the scopes asked for that are given to applications of a user, or to one alone (`system/`). */
export const smartScopesOf = (asked: readonly string[], isApplication: boolean): string[] =>
  asked.filter((text) => {
    const scope = parseSmartScope(text);
    if (scope === undefined) return ofUsers.includes(text) && !isApplication;
    return (scope.context === 'system') === isApplication;
  });

/**
 * Whether an application asks for a token for this server: by the URL it is known by, by the one it was asked at, or by another name
 * of this machine.
 * @param aud what it says the base URL is.
 * @param issuer the URL of the sign-in.
 * @param host that the request names, with its port.
 */
export function isOfThisServer(aud: string, issuer: string, host: string): boolean {
  if (!URL.canParse(aud)) return false;
  const asked = new URL(aud);
  const own = new URL(issuer);
  if (asked.origin === own.origin || asked.host === host) return true;
  return isOfThisMachine(aud) && isOfThisMachine(issuer) && asked.port === own.port;
}

/** The patient in context of a local user who asks for one: who is a patient themselves, otherwise the demo's. */
export const patientInContext = ({ fhirUser }: LocalUser, scopes: readonly string[]): string | undefined =>
  scopes.includes(launchPatient) ? (fhirUser?.replace(/^Patient\//, '') ?? demoPatientId) : undefined;

/** What the SMART configuration says of a local sign-in. */
export const smartEndpoints = (issuer: string, { applicationSecret, applicationKeys }: SmartSignIn): SmartEndpoints => {
  const hasKeys = applicationKeys !== undefined;
  const hasApplication = hasKeys || applicationSecret !== undefined;
  const applications = !hasApplication ? [] : hasKeys ? ['private_key_jwt'] : ['client_secret_basic'];
  return {
    authorizationEndpoint: `${issuer}/oauth2/authorize`,
    tokenEndpoint: `${issuer}/oauth2/token`,
    revocationEndpoint: `${issuer}/oauth2/revoke`,
    introspectionEndpoint: `${issuer}${introspectionPath}`,
    openId: { issuer, jwksUri: `${issuer}/.well-known/jwks.json` },
    grantTypes: ['authorization_code', ...(hasApplication ? ['client_credentials'] : [])],
    authMethods: ['none', ...applications],
    ...(hasKeys ? { signingAlgorithms } : {}),
    scopes: [
      'openid',
      'profile',
      ...ofUsers,
      'patient/*.cruds',
      'user/*.cruds',
      ...(hasApplication ? ['system/*.cruds'] : []),
    ],
    capabilities: [
      'launch-standalone',
      'client-public',
      ...(!hasApplication ? [] : [hasKeys ? 'client-confidential-asymmetric' : 'client-confidential-symmetric']),
      'sso-openid-connect',
      'context-standalone-patient',
      'permission-offline',
      'permission-online',
    ],
  };
};
