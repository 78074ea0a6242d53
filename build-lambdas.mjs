// `npm run build:lambda`: bundles each Lambda entry to dist/lambda/<name>/index.mjs with all it needs; what a request does not need is a chunk of
// its own beside it, read when it is asked for; tables and libraries that are used whole or not at all are compressed there.
import { build } from 'esbuild';
import { cp, rm } from 'node:fs/promises';
import { bundledUnits } from './compose/bundle/bundled-units.mjs';
import { leaveOut } from './compose/bundle/leave-out.mjs';
import { pack } from './compose/bundle/pack.mjs';

/** The entries by the names of their functions. */
const entries = {
  rest: 'rest/lambda.ts',
  resolvers: 'resolvers/lambda.ts',
  indexer: 'indexer/lambda.ts',
  publisher: 'indexer/publisher-lambda.ts',
  notifier: 'indexer/notifier-lambda.ts',
  sweeper: 'indexer/sweeper-lambda.ts',
  jobs: 'bulk/lambda.ts',
  prepare: 'indexer/prepare-lambda.ts',
  'search-access': 'indexer/search-access-lambda.ts',
  'add-claims': 'auth/add-claims-lambda.ts',
  'publish-console': 'compose/console/lambda.ts',
};
const outdir = 'dist/lambda';
/** Few requests need them, or the tables of the other FHIR version. */
const packed = [
  /[/\\]fhir[/\\]generated[/\\]\w+[/\\][\w-]+\.js$/,
  'fhirpath',
  'fhirpath/fhir-context/r4/index.js',
  'fhirpath/fhir-context/stu3/index.js',
  'graphql',
  're2js',
  '@lhncbc/ucum-lhc',
];

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
      // The SDK's modules of ESM: what is not used is left out of them, and what is imported when it is needed is a chunk.
      mainFields: ['module', 'main'],
      conditions: ['module'],
      minify: true,
      legalComments: 'none',
      chunkNames: '[name]-[hash]',
      assetNames: '[name]-[hash]',
      plugins: [bundledUnits, leaveOut, pack(packed)],
      // Modules of CommonJS ask for Node's own by `require`; names here must be longer than those that minifying gives.
      banner: {
        js: "import{createRequire as createRequireOfNode}from'node:module';const require=createRequireOfNode(import.meta.url);",
      },
      logLevel: 'warning',
    }),
  ),
);
// The console goes along with the function that puts it where browsers find it; CloudFront compresses by itself.
await cp('dist/console', `${outdir}/publish-console/site`, {
  recursive: true,
  filter: (file) => !/[.]gz$|[/\\]digest$/.test(file),
});
