import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Reads secret bytes from a file of the data folder, making them at the first start.
 * Two processes starting at once agree on one secret: the file is linked into place, never overwritten.
 * @param folder the data folder, which exists.
 * @param name the file's name.
 * @param make makes a new secret; 32 random bytes unless given.
 * @returns the secret's bytes.
 */
export function readSecret(folder: string, name: string, make: () => Uint8Array = () => randomBytes(32)): Uint8Array {
  const file = join(folder, name);
  const draft = `${file}.${String(process.pid)}`;
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  writeFileSync(draft, make(), { mode: 0o600 });
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return readFileSync(file);
}
