import { JwtVerifier } from 'aws-jwt-verify';
import { JwtExpiredError } from 'aws-jwt-verify/error';
import type { Jwks } from 'aws-jwt-verify/jwk';
import { decomposeUnverifiedJwt } from 'aws-jwt-verify/jwt';
import { AuthenticationError } from './modes.js';

/** The claims of a token. */
export type Claims = Readonly<Record<string, unknown>>;

/** Checks a token of an issuer. @throws AuthenticationError when it does not count. */
export type TokenCheck = (token: string, issuer: string) => Promise<Claims>;

const expired = (): AuthenticationError => new AuthenticationError('Token has expired.');

/** The `iss` of a token, unverified; undefined for what is no JWT. */
export function issuerOf(token: string): string | undefined {
  try {
    const { iss } = decomposeUnverifiedJwt(token).payload;
    return typeof iss === 'string' ? iss : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Checks signatures by the issuer's public keys.
 * @param keys the keys by issuer, where they are at hand; others are fetched from `<issuer>/.well-known/jwks.json`.
 */
export function signedTokens(keys: ReadonlyMap<string, Jwks> = new Map()): TokenCheck {
  const verifiers = new Map<string, (token: string) => Promise<Claims>>();
  const verifierOf = (issuer: string): ((token: string) => Promise<Claims>) => {
    const jwksUri = `${issuer.replace(/\/$/, '')}/.well-known/jwks.json`;
    const verifier = JwtVerifier.create({ issuer, audience: null, jwksUri });
    const known = keys.get(issuer);
    if (known !== undefined) verifier.cacheJwks(known);
    return (token) => verifier.verify(token);
  };
  return async (token, issuer) => {
    const verify = verifiers.get(issuer) ?? verifierOf(issuer);
    verifiers.set(issuer, verify);
    try {
      return await verify(token);
    } catch (error) {
      throw error instanceof JwtExpiredError ? expired() : new AuthenticationError('Unable to parse JWT token.');
    }
  };
}

/**
 * Takes tokens by what they say, without their signatures: for an API on the own machine, whose user pool is elsewhere.
 * Expiry and issuer are checked.
 * @param now the clock in milliseconds.
 */
export function unsignedTokens(now: () => number = Date.now): TokenCheck {
  return (token, issuer) =>
    Promise.resolve().then(() => {
      if (issuerOf(token) !== issuer) throw new AuthenticationError('Unable to parse JWT token.');
      const { payload } = decomposeUnverifiedJwt(token);
      if (typeof payload.exp !== 'number' || payload.exp * 1000 <= now()) throw expired();
      return payload;
    });
}
