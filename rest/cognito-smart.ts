import type { SmartEndpoints } from '../interactions/smart-configuration.js';

/**
 * What the SMART configuration says of a user pool of Cognito.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/federation-endpoints.html
 * @param signIn the URL of its domain, no slash at the end.
 * @param scopes that the deployment's clients may ask for. Cognito's answer with a token names no patient, so that a
 *   patient in context is not among the capabilities.
 */
export function cognitoSmart(signIn: string, scopes: readonly string[]): SmartEndpoints {
  const hasApplications = scopes.some((scope) => scope.startsWith('system/'));
  return {
    authorizationEndpoint: `${signIn}/oauth2/authorize`,
    tokenEndpoint: `${signIn}/oauth2/token`,
    revocationEndpoint: `${signIn}/oauth2/revoke`,
    grantTypes: ['authorization_code', 'refresh_token', ...(hasApplications ? ['client_credentials'] : [])],
    authMethods: ['none', ...(hasApplications ? ['client_secret_basic'] : [])],
    scopes,
    capabilities: ['launch-standalone', 'client-public', ...(hasApplications ? ['client-confidential-symmetric'] : [])],
  };
}
