import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { SettingsError } from '../settings.js';

/** The keys of an application, as a JSON Web Key Set has them. https://www.rfc-editor.org/rfc/rfc7517#section-5 */
export interface PublicKeys {
  readonly keys: readonly JsonWebKey[];
}

/**
 * Reads the public keys of an application. What is private in the file goes no further.
 * @throws SettingsError for a file that has none.
 */
export function readPublicKeys(path: string): PublicKeys {
  try {
    const { keys } = JSON.parse(readFileSync(path, 'utf8')) as { keys: readonly (JsonWebKey & { kid?: string })[] };
    const found = keys.map(({ kid, ...key }) => ({
      ...createPublicKey({ key, format: 'jwk' }).export({ format: 'jwk' }),
      ...(kid === undefined ? {} : { kid }),
      use: 'sig',
    }));
    if (found.length > 0) return { keys: found };
  } catch {
    // told below
  }
  throw new SettingsError(`APPLICATION_JWKS is "${path}": it must be a file with a JSON Web Key Set`);
}
