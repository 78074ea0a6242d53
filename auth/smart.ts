import { forbidden, OperationOutcomeError } from '../fhir/outcome.js';
import { type Access, anyOf, everything, inCompartments, matching } from './access.js';
import { asked, type AskedInteraction, type Authorizer, ruledAs } from './authorizer.js';
import type { Principal } from './principal.js';
import { accessOfGroups } from './roles.js';
import { accessUnder, directoryTypes, type RoleRules } from './rules.js';
import { covers, parseSmartScope, type SmartScope } from './smart-scopes.js';

/** What a decision is about. */
interface Question {
  readonly principal: Principal;
  readonly interaction: AskedInteraction;
  readonly type: string;
}

/** Interactions with the system whose entries are asked for one by one. */
const ofEntries: readonly AskedInteraction[] = ['batch', 'transaction', 'capabilities'];

/**
 * Authorization by the SMART on FHIR scopes of a token: what at least one of them opens, and never more than the role
 * rules let the user do. https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
 * - `patient/`: the compartment of the patient in context; who and where care is given can be read.
 * - `user/`: what the user's groups may do; who is in no group and a patient, what the group `patient` may.
 * - `system/`: everything, for applications that got their token without a user.
 * @param rules the role rules that users are held to.
 */
export const bySmartScopes = (rules: RoleRules): Authorizer => ({
  authorize(principal, interaction, type) {
    const scopes = principal.scopes.flatMap((text) => parseSmartScope(text) ?? []);
    if (ofEntries.includes(interaction) && scopes.length > 0) return everything;
    const question = { principal, interaction, type: type ?? '' };
    const access = anyOf(
      scopes
        .filter((scope) => type !== undefined && covers(scope, interaction, type))
        .map((scope) => restricted(scope, accessOf(rules, scope, question))),
    );
    if (access.kind === 'everything' || access.grants.length > 0) return access;
    throw forbidden(
      `${asked(principal, interaction, type, 'may not')} by the scopes "${principal.scopes.join(' ')}"${missing(principal, scopes)}`,
    );
  },
});

const nothing: Access = anyOf([]);

const restricted = ({ query }: SmartScope, access: Access): Access =>
  query === undefined ? access : matching(access, query);

function accessOf(rules: RoleRules, { context }: SmartScope, question: Question): Access {
  switch (context) {
    case 'patient':
      return accessOfPatient(rules, question);
    case 'user':
      return accessOfUser(rules, question);
    case 'system':
      return question.principal.isApplication === true ? everything : nothing;
  }
}

const isInGroup = (rules: RoleRules, { groups }: Principal): boolean =>
  rules.some(({ group }) => groups.includes(group));

/** The patient in context; without one, the patient that the user is. */
const patientOf = ({ patient, fhirUser }: Principal): string | undefined =>
  patient ?? (fhirUser?.startsWith('Patient/') === true ? fhirUser : undefined);

function accessOfPatient(rules: RoleRules, { principal, interaction, type }: Question): Access {
  const patient = patientOf(principal);
  if (patient === undefined) return nothing;
  const reach = isInGroup(rules, principal)
    ? accessUnder(rules, principal.groups, ruledAs(interaction), type)
    : undefined;
  if (reach === 'nothing') return nothing;
  if (directoryTypes.includes(type)) return isLook(interaction) ? everything : nothing;
  // Who may look into their own record only may not be given another one by whoever gives out tokens.
  if (reach === 'compartment' && principal.fhirUser !== undefined && principal.fhirUser !== patient) return nothing;
  return inCompartments(patient);
}

const looks: readonly AskedInteraction[] = ['read', 'vread', 'history', 'history-type', 'search'];
const isLook = (interaction: AskedInteraction): boolean => looks.includes(interaction);

function accessOfUser(rules: RoleRules, { principal, interaction, type }: Question): Access {
  const isPatient = !isInGroup(rules, principal) && principal.fhirUser?.startsWith('Patient/') === true;
  const user = isPatient ? { ...principal, groups: ['patient'] } : principal;
  try {
    return accessOfGroups(rules, user, interaction, type);
  } catch (error) {
    if (error instanceof OperationOutcomeError) return nothing;
    throw error;
  }
}

/** What a token with scopes of a context lacks to make use of them. */
function missing(principal: Principal, scopes: readonly SmartScope[]): string {
  const has = (context: SmartScope['context']): boolean => scopes.some((scope) => scope.context === context);
  if (has('patient') && patientOf(principal) === undefined) {
    return ': the token names no patient (claim "launch_response_patient", "patient" or "custom:patient")';
  }
  if (has('system') && principal.isApplication !== true) {
    return ': scopes of system/ count for tokens got by client credentials';
  }
  return '';
}
