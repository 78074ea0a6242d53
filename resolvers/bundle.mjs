// Bundles each APPSYNC_JS resolver to one file, as AppSync takes it.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** The resolvers and pipeline functions: one bundle for each field shape. */
export const resolverNames = [
  'read',
  'read-current',
  'read-by-lambda',
  'list',
  'connection',
  'reverse-list',
  'reverse-connection',
  'reference',
  'create',
  'update',
  'delete',
];

/** https://docs.aws.amazon.com/general/latest/gr/appsync.html#limits_appsync */
const maxCharacters = 32_768;

const folder = fileURLToPath(new URL('./', import.meta.url));

/**
 * Bundles the resolvers.
 * @param {string} outdir the folder the files `<name>.js` go to.
 * @returns {Promise<void>}
 * @throws Error when a bundle is larger than AppSync takes.
 */
export async function bundleResolvers(outdir) {
  await build({
    entryPoints: Object.fromEntries(resolverNames.map((name) => [name, join(folder, `${name}.ts`)])),
    outdir,
    bundle: true,
    format: 'esm',
    // What APPSYNC_JS knows beyond ES6 (`?.`, `??`, spread) stays; esbuild writes no helpers for it.
    target: 'es2022',
    platform: 'neutral',
    external: ['@aws-appsync/utils'],
    logLevel: 'warning',
  });
  for (const name of resolverNames) {
    const { length } = await readFile(join(outdir, `${name}.js`), 'utf8');
    if (length > maxCharacters) throw new Error(`${name}.js has ${length} characters, AppSync takes ${maxCharacters}`);
  }
}
