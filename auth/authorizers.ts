import type { Authorizer } from './authorizer.js';
import { byRoles } from './roles.js';
import { hasSmartScopes, type RoleRules } from './rules.js';
import { bySmartScopes } from './smart.js';

/** Which authorization component counts: the setting AUTHORIZATION. */
export const authorizations = ['roles', 'smart', 'roles+smart'] as const;
export type Authorization = (typeof authorizations)[number];

/**
 * The authorization component a setting names.
 * @param authorization `roles`: groups of tokens with the scopes of a sign-in. `smart`: SMART scopes only.
 *   `roles+smart`: a token with SMART scopes is held to them, any other to its groups.
 * @param rules the role rules that count.
 */
export function authorizerFor(authorization: Authorization, rules: RoleRules): Authorizer {
  const roles = byRoles(rules);
  const smart = bySmartScopes(rules);
  switch (authorization) {
    case 'roles':
      return roles;
    case 'smart':
      return smart;
    case 'roles+smart':
      return {
        authorize(principal, interaction, type) {
          const authorizer = hasSmartScopes(principal.scopes) ? smart : roles;
          return authorizer.authorize(principal, interaction, type);
        },
      };
  }
}
