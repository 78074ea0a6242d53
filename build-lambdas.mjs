// `npm run build:lambda`: bundles each Lambda entry to dist/lambda/<name>/index.mjs with all it needs; what a request does not need is a chunk of
// its own beside it, read when it is asked for.
import { build } from 'esbuild';
import { rm } from 'node:fs/promises';

/** The entries by the names of their functions. */
const entries = {
  rest: 'rest/lambda.ts',
  resolvers: 'resolvers/lambda.ts',
  indexer: 'indexer/lambda.ts',
  publisher: 'indexer/publisher-lambda.ts',
  sweeper: 'indexer/sweeper-lambda.ts',
  prepare: 'indexer/prepare-lambda.ts',
  'search-access': 'indexer/search-access-lambda.ts',
  'add-claims': 'auth/add-claims-lambda.ts',
};
const outdir = 'dist/lambda';

await rm(outdir, { recursive: true, force: true });
await Promise.all(
  Object.entries(entries).map(([name, entry]) =>
    build({
      entryPoints: { index: entry },
      outdir: `${outdir}/${name}`,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node22',
      minify: true,
      legalComments: 'none',
      chunkNames: '[name]-[hash]',
      // Modules of CommonJS ask for Node's own by `require`; names here must be longer than those that minifying gives.
      banner: {
        js: "import{createRequire as createRequireOfNode}from'node:module';const require=createRequireOfNode(import.meta.url);",
      },
      logLevel: 'warning',
    }),
  ),
);
