import { forbidden } from '../fhir/outcome.js';
import { type Access, everything, inCompartments } from './access.js';
import { asked, type AskedInteraction, type Authorizer, ruledAs } from './authorizer.js';
import type { Principal } from './principal.js';
import { accessUnder, hasSmartScopes, type RoleRules, scopesSuffice } from './rules.js';

/**
 * Authorization by the groups of a token: what the role rules let them do (rules.ts).
 * @param rules the role rules that count.
 */
export const byRoles = (rules: RoleRules): Authorizer => ({
  authorize(principal, interaction, type) {
    requireScopes(principal);
    return accessOfGroups(rules, principal, interaction, type);
  },
});

function requireScopes({ scopes, username }: Principal): void {
  if (scopesSuffice(scopes)) return;
  const why = hasSmartScopes(scopes)
    ? 'scopes of SMART on FHIR count here only with AUTHORIZATION=smart or roles+smart'
    : 'this server asks for "openid" and "profile", or for "aws.cognito.signin.user.admin"';
  throw forbidden(`The token of ${username} has the scopes "${scopes.join(' ')}": ${why}`);
}

/**
 * What the role rules open to the groups of a principal, whatever the scopes of the token.
 * @throws OperationOutcomeError 403 when the rules do not allow it, or when only the own compartment is allowed and the
 * token names no patient.
 */
export function accessOfGroups(
  rules: RoleRules,
  principal: Principal,
  interaction: AskedInteraction,
  type: string | undefined,
): Access {
  const reach = accessUnder(rules, principal.groups, ruledAs(interaction), type ?? '');
  if (reach === 'everything') return everything;
  if (reach === 'nothing') throw forbidden(asked(principal, interaction, type, 'may not'));
  const { fhirUser } = principal;
  if (fhirUser?.startsWith('Patient/') === true) return inCompartments(fhirUser);
  throw forbidden(
    `${asked(principal, interaction, type, 'may')} only in a Patient compartment, and the token names no patient (claim "fhirUser", such as "Patient/1")`,
  );
}
