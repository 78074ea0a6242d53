// `prepare`: bundles the embedded server and the APPSYNC_JS resolvers into dist/. No network, about a second.
import { build } from 'esbuild';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleResolvers } from './resolvers/bundle.mjs';

const programs = {
  main: 'local/start.ts',
  token: 'local/token.ts',
  load: 'local/load.ts',
  bench: 'bench/main.ts',
  engines: 'local/engines/main.ts',
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

// What an earlier build left goes last, so that a server that runs from dist/ meanwhile finds its files.
const written = new Set(Object.keys(metafile.outputs));
for (const entry of await readdir('dist', { recursive: true, withFileTypes: true })) {
  const file = join(entry.parentPath ?? entry.path, entry.name).replaceAll('\\', '/');
  if (entry.isFile() && !file.startsWith('dist/resolvers/') && !file.startsWith('dist/lambda/') && !written.has(file))
    await rm(file);
}
