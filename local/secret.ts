import { createHmac, randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SettingsError } from './settings.js';

/**
 * Reads secret bytes from a file of the data folder, making them at the first start.
 * Two processes starting at once agree on one secret: the file is linked into place, never overwritten.
 * @param folder the data folder, which exists.
 * @param name the file's name.
 * @param make makes a new secret, which its reader checks; 32 random bytes without it.
 * @returns the secret's bytes.
 * @throws SettingsError when random bytes are missing from the file.
 */
export function readSecret(folder: string, name: string, make?: () => Uint8Array): Uint8Array {
  const file = join(folder, name);
  const found = (): Uint8Array => (make === undefined ? requireWhole(file, readFileSync(file)) : readFileSync(file));
  const draft = `${file}.${String(process.pid)}`;
  try {
    return found();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  // On the disk before it has its name: after a power cut an empty file would stop every start.
  writeFileSync(draft, make?.() ?? randomBytes(randomLength), { mode: 0o600, flush: true });
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return found();
}

/** A secret of each FHIR version's own: what is signed for one counts nowhere else. */
export const versionSecret = (secret: Uint8Array, version: string): Uint8Array =>
  createHmac('sha256', secret).update(version).digest();

const randomLength = 32;

function requireWhole(file: string, bytes: Uint8Array): Uint8Array {
  if (bytes.length >= randomLength) return bytes;
  throw new SettingsError(
    `The secret in ${file} is damaged: it has ${String(bytes.length)} bytes. Restore it from a backup, or remove it: ` +
      'a new one is made, and what was sealed with the old one does not count any more',
  );
}
