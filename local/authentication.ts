import { principalFromClaims } from '../auth/principal-from-claims.js';
import { createTokenVerifier, type TokenVerifier } from '../auth/verify-token.js';
import type { SignIn } from './sign-in/sign-in.js';

/** Who everyone is when sign-in is off. */
const anyone = {
  sub: 'anyone',
  username: 'anyone',
  'cognito:groups': ['practitioner', 'operator'],
  scope: 'openid profile',
  token_use: 'access',
  client_id: 'none',
};

/**
 * How requests of the embedded server are authenticated, on both faces.
 * @param auth `off` takes everyone for a practitioner and an operator; the settings allow it on loopback only.
 * @param signIn whose tokens count.
 */
export function createAuthentication(auth: 'on' | 'off', signIn: SignIn): TokenVerifier {
  if (auth === 'on') return createTokenVerifier(signIn);
  const verified = { principal: principalFromClaims(anyone), claims: anyone };
  return () => Promise.resolve(verified);
}
