// `prepare`: bundles the embedded server and the APPSYNC_JS resolvers into dist/. No network, about a second.
import { build } from 'esbuild';
import { mkdir, rm } from 'node:fs/promises';
import { bundleResolvers } from './resolvers/bundle.mjs';

const programs = { main: 'local/start.ts', token: 'local/token.ts', load: 'local/load.ts', bench: 'bench/main.ts' };

await rm('dist', { recursive: true, force: true });
await mkdir('dist', { recursive: true });
await build({
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
});
await bundleResolvers('dist/resolvers');
