import { type AttributeClaims, claimsOfAttributes } from './claims-of-attributes.js';

/** What of Cognito's event counts here. */
interface TokenGenerationEvent {
  readonly request: { readonly userAttributes?: Readonly<Record<string, string | undefined>> };
  response: { claimsAndScopeOverrideDetails?: { accessTokenGeneration: { claimsToAddOrOverride: AttributeClaims } } };
}

/**
 * The Lambda function before a user pool gives out tokens: who a user is in the records becomes claims of the access
 * token, which Cognito puts into ID tokens only.
 * @param event of version 2, which has access tokens.
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
 */
export const handler = (event: TokenGenerationEvent): Promise<TokenGenerationEvent> => {
  const claimsToAddOrOverride = claimsOfAttributes(event.request.userAttributes ?? {});
  event.response = { claimsAndScopeOverrideDetails: { accessTokenGeneration: { claimsToAddOrOverride } } };
  return Promise.resolve(event);
};
