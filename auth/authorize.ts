import type { AccessFilter } from '../fhir/access.js';
import { forbidden } from '../fhir/outcome.js';
import type { Principal } from './principal.js';
import { type Interaction, type RoleRules, accessUnder, scopesSuffice } from './rules.js';

/** What may not be done, in words: most interactions are verbs. */
const inWords: Partial<Record<Interaction, string>> = {
  vread: 'read versions of',
  history: 'read the history of',
  transaction: 'post a transaction',
  batch: 'post a batch',
  capabilities: 'read the capabilities',
  reindex: 'make the search index anew, of',
};

const everything: AccessFilter = { kind: 'everything' };

/** Who it is, as a sentence names them: never more than the token itself says. */
const named = (principal: Principal): string =>
  principal.groups.length === 0
    ? `${principal.username} (in no group)`
    : `${principal.username} (${principal.groups.join(', ')})`;

/**
 * Decides, before anything is read, what of a type a principal may see or change by an interaction.
 * @param rules the role rules that count.
 * @param principal who asks.
 * @param interaction what they ask for.
 * @param type the resource type asked for; left out for transaction, batch and capabilities, whose entries are
 *   authorized one by one.
 * @returns the filter every version has to pass (`permits`).
 * @throws OperationOutcomeError 403 when the scopes or the rules do not allow it, or when only the own compartment
 *   is allowed and the token names no patient.
 */
export function authorize(
  rules: RoleRules,
  principal: Principal,
  interaction: Interaction,
  type?: string,
): AccessFilter {
  if (!scopesSuffice(principal.scopes)) {
    throw forbidden(
      `The token of ${principal.username} has the scopes "${principal.scopes.join(' ')}": this server asks for "openid" and "profile", or for "aws.cognito.signin.user.admin"`,
    );
  }
  const reach = accessUnder(rules, principal.groups, interaction, type ?? '');
  if (reach === 'everything') return everything;
  if (reach === 'nothing') {
    throw forbidden(
      `${named(principal)} may not ${inWords[interaction] ?? interaction}${type === undefined ? '' : ` ${type}`}`,
    );
  }
  if (principal.fhirUser?.startsWith('Patient/') !== true) {
    throw forbidden(
      `${named(principal)} may ${inWords[interaction] ?? interaction}${type === undefined ? '' : ` ${type}`} only in a Patient compartment, and the token names no patient (claim "fhirUser", such as "Patient/1")`,
    );
  }
  return { kind: 'compartments', compartments: [principal.fhirUser] };
}
