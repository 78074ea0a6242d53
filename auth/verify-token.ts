import { JwtVerifier } from 'aws-jwt-verify';
import {
  FetchError,
  JwtBaseError,
  JwtExpiredError,
  JwtInvalidSignatureError,
  JwtNotBeforeError,
  JwtParseError,
  KidNotFoundInJwksError,
  WaitPeriodNotYetEndedJwkError,
} from 'aws-jwt-verify/error';
import type { Jwks } from 'aws-jwt-verify/jwk';
import { decomposeUnverifiedJwt } from 'aws-jwt-verify/jwt';
import { OperationOutcomeError, unauthenticated, unavailable } from '../fhir/outcome.js';
import type { Principal } from './principal.js';
import { type Claims, principalFromClaims } from './principal-from-claims.js';

/** Whose access tokens count, and where their keys are. */
export interface TokenIssuer {
  /** The `iss` of the tokens, exactly: `https://cognito-idp.<region>.amazonaws.com/<user pool id>` for Cognito. */
  readonly issuer: string;
  /** The issuer's public keys, when they are at hand; nothing is fetched then. */
  readonly jwks?: Jwks;
  /** Where the public keys are fetched from, `<issuer>/.well-known/jwks.json` unless given. https only. */
  readonly jwksUri?: string;
  /** The app clients whose tokens count; all of the issuer's when left out. */
  readonly clientIds?: readonly string[];
  /** The clock, in milliseconds since 1970, that ends the life of a remembered token. */
  readonly now?: () => number;
  /** How many verified tokens are remembered, 1,000 unless given; each takes about 3 KB. */
  readonly remembered?: number;
}

/** What a verified access token says. */
export interface VerifiedToken {
  readonly principal: Principal;
  readonly claims: Claims;
}

/**
 * Takes the text of an `Authorization` header, undefined when there is none.
 * @throws OperationOutcomeError 401 with a sentence that says what is wrong with the token; 503 when the issuer's
 *   keys cannot be fetched.
 */
export type TokenVerifier = (authorization: string | undefined) => Promise<VerifiedToken>;

/** The greatest `Authorization` header that is looked at, in characters; Cognito's tokens have about a thousand. */
const longest = 16_384;

function bearerToken(authorization: string | undefined): string {
  const header = authorization?.trim() ?? '';
  if (header === '') {
    throw unauthenticated('The request has no token: send the header "Authorization: Bearer <access token>"');
  }
  if (header.length > longest) {
    throw unauthenticated(`The Authorization header is longer than ${String(longest)} characters`);
  }
  const [scheme = '', token, ...rest] = header.split(/\s+/);
  if (token !== undefined && rest.length === 0 && scheme.toLowerCase() === 'bearer') return token;
  if (token === undefined && scheme.toLowerCase() === 'bearer') {
    throw unauthenticated('The Authorization header has the word "Bearer" but no token after it');
  }
  if (token === undefined && scheme.split('.').length === 3) {
    throw unauthenticated('The Authorization header is a bare token: it must start with "Bearer "');
  }
  throw unauthenticated('The Authorization header must be "Bearer <access token>": no other scheme is understood');
}

const quoted = (value: unknown): string => (typeof value === 'string' ? `"${value.slice(0, 200)}"` : 'none');
const instant = (seconds: number): string => new Date(seconds * 1000).toISOString();

/** https://www.rfc-editor.org/rfc/rfc7515#section-7.1 */
const compact = /^[\w-]+\.[\w-]+\.[\w-]*$/;
const malformed = (): OperationOutcomeError =>
  unauthenticated('The token is malformed: an access token is three base64url parts with dots between them');

/** Why a token does not count, as an outcome; what is no fault of the token goes on as it is. */
function refusal(cause: unknown, issuer: string): unknown {
  if (cause instanceof JwtParseError) return malformed();
  if (cause instanceof JwtExpiredError) {
    return unauthenticated(`The token expired at ${instant(Number(cause.failedAssertion.actual))}: get a new one`);
  }
  if (cause instanceof JwtNotBeforeError) {
    return unauthenticated(`The token is not valid before ${instant(Number(cause.failedAssertion.actual))}`);
  }
  if (cause instanceof KidNotFoundInJwksError || cause instanceof WaitPeriodNotYetEndedJwkError) {
    return unauthenticated(`The token is signed by a foreign key: it is none of the keys of ${issuer}`);
  }
  if (cause instanceof JwtInvalidSignatureError) {
    return unauthenticated(`The token's signature is wrong: it was changed, or ${issuer} did not sign it`);
  }
  if (cause instanceof FetchError) return unavailable(`The keys of ${issuer} cannot be fetched: try again later`);
  // Whatever else the verifier found (a header without kid, an algorithm that does not fit the key, …).
  if (cause instanceof JwtBaseError) return unauthenticated(`The token does not count: ${cause.message}`);
  return cause;
}

/** Checks what Cognito's access tokens say beyond RFC 7519, on a token whose signature is right. */
function refusalByClaims(claims: Claims, clientIds: readonly string[] | undefined): OperationOutcomeError | undefined {
  const { token_use: use, client_id: client } = claims;
  // An ID token of an issuer that does not write `token_use` has an audience and no client.
  if (use === 'id' || (use === undefined && client === undefined && claims['aud'] !== undefined)) {
    return unauthenticated(
      'The token is an ID token: send the access token (in the token answer it is "access_token")',
    );
  }
  if (use !== 'access') {
    return unauthenticated(`The token is no access token: its claim "token_use" is ${quoted(use)}, not "access"`);
  }
  if (typeof claims['exp'] !== 'number') return unauthenticated('The token has no claim "exp": it would never expire');
  if (clientIds !== undefined && (typeof client !== 'string' || !clientIds.includes(client))) {
    return unauthenticated(`The token was given to the client ${quoted(client)}, which is not one of this server's`);
  }
  return undefined;
}

/**
 * Makes the check every request's token passes: signature, issuer, life, that it is an access token, client.
 * A token that passed is remembered by its text until it expires, because it comes again with every request.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
 * @param from whose tokens count.
 * @returns the check.
 */
export function createTokenVerifier(from: TokenIssuer): TokenVerifier {
  const { issuer, jwks, clientIds, now = Date.now, remembered = 1000 } = from;
  const jwksUri = from.jwksUri ?? `${issuer}/.well-known/jwks.json`;
  const verifier = JwtVerifier.create({ issuer, jwksUri, audience: null });
  if (jwks !== undefined) verifier.cacheJwks(jwks);
  const known = new Map<string, { readonly verified: VerifiedToken; readonly until: number }>();

  const verify = async (token: string): Promise<Claims> => {
    try {
      // Decoders pass over padding and what is no letter of theirs.
      if (!compact.test(token)) throw malformed();
      const { header, payload } = decomposeUnverifiedJwt(token);
      const { iss } = payload;
      if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64')) {
        // https://www.rfc-editor.org/rfc/rfc7515#section-4.1.11
        throw unauthenticated('The token asks for more than this server understands: its header has "crit" or "b64"');
      }
      if (iss !== issuer) {
        throw unauthenticated(
          `The token is of a foreign issuer: its "iss" is ${quoted(iss)}, this server trusts "${issuer}"`,
        );
      }
      // Synchronously when the keys are at hand: an unknown key must not make it fetch any.
      return jwks === undefined ? await verifier.verify(token) : verifier.verifySync(token);
    } catch (cause) {
      throw cause instanceof OperationOutcomeError ? cause : refusal(cause, issuer);
    }
  };

  return async (authorization) => {
    const token = bearerToken(authorization);
    const hit = known.get(token);
    if (hit !== undefined) {
      known.delete(token);
      if (hit.until > now()) {
        known.set(token, hit);
        return hit.verified;
      }
    }
    const claims = await verify(token);
    const refused = refusalByClaims(claims, clientIds);
    if (refused !== undefined) throw refused;
    const verified: VerifiedToken = { principal: principalFromClaims(claims), claims };
    known.set(token, { verified, until: Number(claims['exp']) * 1000 });
    if (known.size > remembered) for (const oldest of known.keys()) if (known.delete(oldest)) break;
    return verified;
  };
}
