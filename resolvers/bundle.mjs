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
  'on-resource-changed',
  'publish-change',
];

/** https://docs.aws.amazon.com/general/latest/gr/appsync.html#limits_appsync */
const maxCharacters = 32_768;

const folder = fileURLToPath(new URL('./', import.meta.url));

/** The resolvers' sources by the names of their bundles. */
const sources = Object.fromEntries(resolverNames.map((name) => [name, join(folder, `${name}.ts`)]));

/**
 * Bundles the resolvers.
 * @param {string} outdir the folder the files `<name>.js` go to.
 * @param {Record<string, string>} entries sources by name; the project's resolvers without it.
 * @returns {Promise<void>}
 * @throws Error when a bundle is larger than AppSync takes.
 */
export async function bundleResolvers(outdir, entries = sources) {
  await build({
    entryPoints: entries,
    outdir,
    bundle: true,
    format: 'esm',
    // What APPSYNC_JS knows beyond ES6 (`?.`, `??`, spread) stays; esbuild writes no helpers for it.
    target: 'es2022',
    platform: 'neutral',
    external: ['@aws-appsync/utils'],
    logLevel: 'warning',
  });
  for (const name of Object.keys(entries)) {
    const { length } = await readFile(join(outdir, `${name}.js`), 'utf8');
    if (length > maxCharacters) throw new Error(`${name}.js has ${length} characters, AppSync takes ${maxCharacters}`);
  }
}
