import { parseSmartScope } from '../../auth/smart-scopes.js';
import type { SmartEndpoints } from '../../interactions/smart-configuration.js';
import { demoPatientId, type LocalUser } from './users.js';

/** How the local sign-in gives out tokens with SMART scopes. */
export interface SmartSignIn {
  /** The secret of the application that gets tokens without a user; there is no such application without it. */
  readonly applicationSecret?: string;
}

/** The scope that asks for a patient. https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#requesting-context-with-scopes */
export const launchPatient = 'launch/patient';

/** Those of the scopes asked for that are given to applications of a user, or to one alone (`system/`). */
export const smartScopesOf = (asked: readonly string[], isApplication: boolean): string[] =>
  asked.filter((text) => {
    const scope = parseSmartScope(text);
    if (scope === undefined) return text === launchPatient && !isApplication;
    return (scope.context === 'system') === isApplication;
  });

/** The patient in context of a local user who asks for one: who is a patient themselves, otherwise the demo's. */
export const patientInContext = ({ fhirUser }: LocalUser, scopes: readonly string[]): string | undefined =>
  scopes.includes(launchPatient) ? (fhirUser?.replace(/^Patient\//, '') ?? demoPatientId) : undefined;

/** What the SMART configuration says of a local sign-in. */
export const smartEndpoints = (issuer: string, { applicationSecret }: SmartSignIn): SmartEndpoints => {
  const hasApplication = applicationSecret !== undefined;
  return {
    authorizationEndpoint: `${issuer}/oauth2/authorize`,
    tokenEndpoint: `${issuer}/oauth2/token`,
    revocationEndpoint: `${issuer}/oauth2/revoke`,
    grantTypes: ['authorization_code', ...(hasApplication ? ['client_credentials'] : [])],
    authMethods: ['none', ...(hasApplication ? ['client_secret_basic'] : [])],
    scopes: [
      'openid',
      'profile',
      launchPatient,
      'patient/*.cruds',
      'user/*.cruds',
      ...(hasApplication ? ['system/*.cruds'] : []),
    ],
    capabilities: [
      'launch-standalone',
      'client-public',
      ...(hasApplication ? ['client-confidential-symmetric'] : []),
      'context-standalone-patient',
    ],
  };
};
