import { type JsonWebKey, type KeyObject, createHash, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { readSecret } from '../secret.js';
import { SettingsError } from '../settings.js';

/** What the local sign-in signs with: made at the first start, kept in the data folder, so that tokens survive restarts. */
export interface SignInKeys {
  readonly privateKey: KeyObject;
  /** The private key as a JWK with `kid`, `alg` and `use`. */
  readonly privateJwk: SigningJwk;
  /** The public half, as the JWKS shows it. */
  readonly publicJwk: PublicJwk;
  /** What the sign-in page's cookies are signed with. */
  readonly cookieSecret: string;
}

/** A JWK for RS256 signatures, the algorithm of Cognito's tokens. */
export interface SigningJwk extends JsonWebKey {
  readonly kty: string;
  readonly kid: string;
  readonly alg: 'RS256';
  readonly use: 'sig';
}

/** The public half of a `SigningJwk`. */
export type PublicJwk = Readonly<Record<'kty' | 'kid' | 'n' | 'e', string>> & {
  readonly alg: 'RS256';
  readonly use: 'sig';
};

const signingKeyFile = 'sign-in-key.pem';
const cookieSecretFile = 'sign-in-cookies';

const newSigningKey = (): Uint8Array => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
};

/** The key's name: its thumbprint. https://www.rfc-editor.org/rfc/rfc7638 */
const thumbprint = ({ e, kty, n }: JsonWebKey): string =>
  createHash('sha256').update(JSON.stringify({ e, kty, n })).digest('base64url');

/**
 * Reads the keys of the local sign-in, making them when there are none yet (files for the owner alone).
 * @param dataFolder the data folder, which exists.
 * @returns the keys.
 * @throws SettingsError naming the file when it holds no RSA key.
 */
export function readSignInKeys(dataFolder: string): SignInKeys {
  let privateKey: KeyObject;
  const pem = readSecret(dataFolder, signingKeyFile, newSigningKey);
  try {
    privateKey = createPrivateKey(Buffer.from(pem));
  } catch (cause) {
    throw new SettingsError(
      `${join(dataFolder, signingKeyFile)} holds no private key: delete it, and a new one is made (tokens given so far end)`,
      { cause },
    );
  }
  const jwk = privateKey.export({ format: 'jwk' });
  const named = { kid: thumbprint(jwk), alg: 'RS256', use: 'sig', kty: 'RSA' } as const;
  return {
    privateKey,
    privateJwk: { ...jwk, ...named },
    publicJwk: { n: jwk.n ?? '', e: jwk.e ?? '', ...named },
    cookieSecret: Buffer.from(readSecret(dataFolder, cookieSecretFile)).toString('base64url'),
  };
}
