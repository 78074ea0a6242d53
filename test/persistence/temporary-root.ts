import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRoot, type Root } from '../../persistence/lmdb-root.js';

/** A new folder that a test removes. */
export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'fhir-store-'));

/** An embedded store in a folder of its own, and how to close and remove it. */
export function temporaryRoot(): { readonly root: Root; readonly close: () => Promise<void> } {
  const folder = temporaryFolder();
  const root = openRoot(folder);
  return {
    root,
    close: async () => {
      await root.close();
      rmSync(folder, { recursive: true });
    },
  };
}
