import { unauthenticated } from '../fhir/outcome.js';
import type { Principal } from './principal.js';

/** The claims of a verified access token, by name, as JSON has them. */
export type Claims = Readonly<Record<string, unknown>>;

const relativeReference = /^[A-Z][A-Za-z]*\/[A-Za-z0-9\-.]{1,64}$/;

/** Claims that say for which patient a token was given: as SMART servers name it, and as an attribute of Cognito's users. */
const patientClaims = ['launch_response_patient', 'patient', 'custom:patient'];

const text = (claims: Claims, name: string): string | undefined => {
  const value = claims[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];

/** The one patient the claims name, by id or relative reference; none when they disagree or name something else. */
function patientOf(claims: Claims): string | undefined {
  const named = patientClaims.flatMap((name) => text(claims, name) ?? []);
  const references = new Set(named.map((value) => (value.includes('/') ? value : `Patient/${value}`)));
  const [only, ...others] = references;
  return others.length === 0 && only?.startsWith('Patient/') === true && relativeReference.test(only)
    ? only
    : undefined;
}

/**
 * Who a verified Cognito access token speaks for.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
 * @param claims the token's claims. Groups of an unknown shape give no group, and so no right. A `fhirUser` counts
 *   only as a relative reference (`Patient/1`): an absolute one may name another server's patient. The same holds for the patient of the launch
 *   (`launch_response_patient`, `patient` or `custom:patient`), which may be a bare id as well.
 * @returns the principal.
 * @throws OperationOutcomeError 401 when the claims name no subject.
 */
export function principalFromClaims(claims: Claims): Principal {
  const subject = text(claims, 'sub');
  if (subject === undefined) throw unauthenticated('The token names nobody: it has no claim "sub"');
  const fhirUser = text(claims, 'fhirUser') ?? text(claims, 'custom:fhirUser');
  const patient = patientOf(claims);
  const clientId = text(claims, 'client_id') ?? '';
  const isApplication = subject === clientId && text(claims, 'username') === undefined;
  return {
    subject,
    username: text(claims, 'username') ?? subject,
    groups: texts(claims['cognito:groups']),
    scopes: (text(claims, 'scope') ?? '').split(' ').filter((scope) => scope !== ''),
    clientId,
    ...(fhirUser !== undefined && relativeReference.test(fhirUser) ? { fhirUser } : {}),
    ...(patient === undefined ? {} : { patient }),
    ...(isApplication ? { isApplication } : {}),
  };
}
