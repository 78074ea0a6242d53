import {
  CognitoIdentityProviderClient,
  InitiateAuthCommand,
  RespondToAuthChallengeCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { createSrpSession, signSrpSession, wrapAuthChallenge, wrapInitiateAuth } from 'cognito-srp-helper';

/** Where people sign in, and as what application: outputs of a deployment. */
export interface CognitoPlace {
  /** Such as `eu-central-1`. */
  readonly region: string;
  /** Such as `eu-central-1_AbCdEf`. */
  readonly userPoolId: string;
  readonly clientId: string;
  /** AWS's own without it. */
  readonly endpoint?: string;
}

/** Cognito gives no token; the message is a sentence for who asked. */
export class CognitoError extends Error {
  override readonly name = 'CognitoError';
}

/**
 * Gets an access token by user and password: by SRP, which proves the password without sending it.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-authentication-flow-methods.html
 * @returns the access token.
 * @throws CognitoError when the password does not count, or Cognito asks for more (a new password, a code).
 */
export async function cognitoToken(
  { region, userPoolId, clientId, endpoint }: CognitoPlace,
  username: string,
  password: string,
): Promise<string> {
  const client = new CognitoIdentityProviderClient({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    // Both calls are signed by nobody: they need no AWS account.
    credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
  });
  try {
    const session = createSrpSession(username, password, userPoolId, false);
    const AuthFlow = 'USER_SRP_AUTH';
    const asked = wrapInitiateAuth(session, {
      ClientId: clientId,
      AuthFlow,
      AuthParameters: { USERNAME: username },
    });
    const begun = await client.send(
      new InitiateAuthCommand({ ClientId: clientId, AuthFlow, AuthParameters: asked.AuthParameters }),
    );
    const { ChallengeName, ChallengeParameters } = begun;
    if (ChallengeName !== 'PASSWORD_VERIFIER' || ChallengeParameters === undefined) throw asksForMore(ChallengeName);
    const proof = wrapAuthChallenge(signSrpSession(session, { ChallengeName, ChallengeParameters }), {
      ClientId: clientId,
      ChallengeName,
      // Cognito may know the user by another name, which the proof is made with.
      ChallengeResponses: { USERNAME: ChallengeParameters['USER_ID_FOR_SRP'] ?? username },
    });
    const { ChallengeResponses } = proof;
    const proven = await client.send(
      new RespondToAuthChallengeCommand({ ClientId: clientId, ChallengeName, ChallengeResponses }),
    );
    const token = proven.AuthenticationResult?.AccessToken;
    if (token === undefined) throw asksForMore(proven.ChallengeName);
    return token;
  } catch (error) {
    if (error instanceof CognitoError || !(error instanceof Error)) throw error;
    throw new CognitoError(`Cognito gives no token (${error.name}): ${error.message}`);
  } finally {
    client.destroy();
  }
}

const asksForMore = (challenge: string | undefined): CognitoError =>
  new CognitoError(`Cognito asks for more (${challenge ?? 'nothing that is known'}): sign in on the hosted page once`);
