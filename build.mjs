// `prepare`: bundles the embedded server, the APPSYNC_JS resolvers and the console into dist/. No network, some seconds.
import { build } from 'esbuild';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buildConsole } from './console/build.mjs';
import { bundleResolvers } from './resolvers/bundle.mjs';

const programs = {
  main: 'local/start.ts',
  token: 'local/token.ts',
  load: 'local/load.ts',
  drift: 'local/drift.ts',
  restore: 'local/restore.ts',
  'migrate-fhir-works': 'local/migrate-fhir-works.ts',
  bench: 'bench/main.ts',
  engines: 'local/engines/main.ts',
  'graphql-schema': 'graphql/print-schema.ts',
};

/** Packages of many small modules of CommonJS: to find and read them took a fifth of a start. Others stay what npm installed. */
const bundled = ['cors', 'express', 'graphql'];
const { dependencies, devDependencies } = JSON.parse(await readFile('package.json', 'utf8'));
const external = Object.keys({ ...dependencies, ...devDependencies }).filter((name) => !bundled.includes(name));

await mkdir('dist', { recursive: true });
const { metafile } = await build({
  entryPoints: programs,
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  mainFields: ['module', 'main'],
  // A second copy of graphql, of CommonJS, would not know the types of the first.
  alias: Object.fromEntries(
    ['graphql/language/parser', 'graphql/utilities/extendSchema'].map((each) => [`${each}.js`, `${each}.mjs`]),
  ),
  external,
  // Modules of CommonJS ask for Node's own by `require`.
  banner: {
    js: "import{createRequire as createRequireOfNode}from'node:module';const require=createRequireOfNode(import.meta.url);",
  },
  sourcemap: true,
  sourcesContent: false,
  chunkNames: 'chunks/[name]-[hash]',
  logLevel: 'warning',
  metafile: true,
});
await bundleResolvers('dist/resolvers');
const { operationSchema } = await import('./dist/graphql-schema.js');
await buildConsole('dist/console', operationSchema);

// What an earlier build left goes last, so that a server that runs from dist/ meanwhile finds its files.
const written = new Set(Object.keys(metafile.outputs));
for (const entry of await readdir('dist', { recursive: true, withFileTypes: true })) {
  const file = join(entry.parentPath ?? entry.path, entry.name).replaceAll('\\', '/');
  if (entry.isFile() && !/^dist[/](resolvers|lambda|console)[/]/.test(file) && !written.has(file)) await rm(file);
}
