// `prepare`: bundles the embedded server, the APPSYNC_JS resolvers and the console into dist/. No network, some seconds.
import { build } from 'esbuild';
import { mkdir, readdir, rm } from 'node:fs/promises';
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

await mkdir('dist', { recursive: true });
const { metafile } = await build({
  entryPoints: programs,
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
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
