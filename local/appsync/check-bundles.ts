import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { bundleResolvers } from '../../resolvers/bundle.mjs';
import { BundleError, compileBundle } from './bundle/compile.js';

/**
 * Bundles resolvers and holds each against what APPSYNC_JS knows: the check the runtime makes when it loads them, for
 * those who write them. ESLint's AppSync plugin lets some of it pass (`throw`, `new`, foreign globals).
 * @param entries the resolvers' sources by name; the project's without it.
 * @returns a message for each bundle AppSync would refuse, with every place in it.
 */
export async function checkBundles(entries?: Readonly<Record<string, string>>): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'resolvers-'));
  try {
    await bundleResolvers(folder, entries);
    const messages: string[] = [];
    for (const file of (await readdir(folder)).sort()) {
      try {
        compileBundle(basename(file, '.js'), await readFile(join(folder, file), 'utf8'));
      } catch (error) {
        if (!(error instanceof BundleError)) throw error;
        messages.push(error.message);
      }
    }
    return messages;
  } finally {
    await rm(folder, { recursive: true });
  }
}
