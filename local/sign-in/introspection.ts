import { OperationOutcomeError } from '../../fhir/outcome.js';
import type { TokenVerifier } from '../../auth/verify-token.js';

/** Where it is, below the issuer. */
export const introspectionPath = '/oauth2/introspect';

/** What is answered. */
export interface Introspection {
  readonly status: 200 | 400 | 401;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The claims that are told as they are. */
const told = ['scope', 'client_id', 'username', 'sub', 'iss', 'aud', 'exp', 'iat', 'jti', 'fhirUser'];

/**
 * Says whether an access token of the local sign-in counts, and what it says. Who asks shows a token that counts: there
 * is nothing to be found out by guessing, since tokens are signed, but nobody else need be served. Refresh tokens are
 * their client's affair, and are not told of.
 * https://www.rfc-editor.org/rfc/rfc7662 https://hl7.org/fhir/smart-app-launch/STU2.2/token-introspection.html
 * @param verify whose tokens count.
 * @param authorization the header of who asks.
 * @param form the body: `token`.
 * @returns the answer; one about a token that does not count says nothing else of it.
 */
export async function introspect(
  verify: TokenVerifier,
  authorization: string | undefined,
  form: URLSearchParams,
): Promise<Introspection> {
  if ((await claimsOf(verify, authorization)) === undefined) {
    return { status: 401, body: { error: 'invalid_token', error_description: 'send an access token that counts' } };
  }
  const token = form.get('token');
  if (token === null || token === '') {
    return { status: 400, body: { error: 'invalid_request', error_description: 'the form has no token' } };
  }
  const claims = await claimsOf(verify, `Bearer ${token}`);
  if (claims === undefined) return { status: 200, body: { active: false } };
  const patient = claims['launch_response_patient'];
  return {
    status: 200,
    body: {
      active: true,
      token_type: 'Bearer',
      ...Object.fromEntries(told.flatMap((name) => (claims[name] === undefined ? [] : [[name, claims[name]]]))),
      ...(patient === undefined ? {} : { patient }),
    },
  };
}

async function claimsOf(verify: TokenVerifier, authorization: string | undefined) {
  try {
    return (await verify(authorization)).claims;
  } catch (error) {
    if (error instanceof OperationOutcomeError) return undefined;
    throw error;
  }
}
