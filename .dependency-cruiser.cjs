// One row per layer: what it may import. Everything else is an error.
const allowed = {
  fhir: [],
  lmdb: [],
  search: ['fhir', 'lmdb'],
  persistence: ['fhir', 'lmdb'],
  auth: ['fhir'],
  interactions: ['fhir', 'auth', 'search', 'persistence', 'indexer'],
  graphql: ['fhir', 'auth', 'search', 'persistence', 'interactions'],
  rest: ['fhir', 'auth', 'search', 'persistence', 'interactions'],
  bulk: ['fhir', 'auth', 'search', 'persistence', 'interactions', 'indexer'],
  indexer: ['fhir', 'search', 'persistence'],
  resolvers: ['schema'], // APPSYNC_JS; the Lambda entry has a rule of its own below
  codegen: ['fhir'],
  // What servers on AWS are made of, for the local one and for each Lambda entry (ADR 49).
  compose: ['fhir', 'auth', 'search', 'persistence', 'interactions', 'bulk', 'graphql', 'indexer'],
  console: [],
  local: [
    'compose',
    'fhir',
    'auth',
    'search',
    'persistence',
    'interactions',
    'bulk',
    'graphql',
    'rest',
    'indexer',
    'resolvers',
    'schema',
  ],
  bench: ['local', 'fhir', 'lmdb', 'search', 'persistence', 'indexer'],
  schema: [],
  infra: ['schema'], // and the definitions it deploys, by a rule of their own below
};
const layers = Object.keys(allowed);
const lambda = '^resolvers/lambda/';
const entries = '^(rest/lambda|resolvers/lambda|(indexer|auth|bulk)/[a-z-]*lambda|compose/console/lambda)[.]ts$'; // they open clients: nothing imports them
const shared = '^(persistence/keys|auth/rules)[.]ts$'; // APPSYNC_JS-safe, readable by resolvers/
const deployed =
  '^(persistence/(dynamodb/definition|keys|s3/signed-url-cors)|search/opensearch/index-access|auth/rules|rest/security-headers|compose/console/(policy|deployed))[.]ts$'; // readable by infra/
const exceptions = { resolvers: [shared], infra: [deployed] };
const layerRule = (from) => ({
  name: `${from}-layer`,
  severity: 'error',
  from: { path: `^${from}/`, pathNot: from === 'resolvers' ? [lambda, entries] : [entries] },
  to: {
    path: `^(${[...layers, 'test'].join('|')})/`,
    pathNot: [`^(${[from, ...allowed[from]].join('|')})/`, ...(exceptions[from] ?? [])],
  },
});
const only = (name, packages, places) => ({
  name,
  severity: 'error',
  from: { path: `^(${layers.join('|')})/`, pathNot: places },
  to: { path: `node_modules/(${packages})` },
});
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    ...layers.map(layerRule),
    {
      name: 'lambda-entries',
      severity: 'error',
      from: { path: entries },
      to: { path: '^(local|codegen|bench|console|test)/' },
    },
    { name: 'lambda-entries-are-not-imported', severity: 'error', from: { pathNot: '^test/' }, to: { path: entries } },
    {
      name: 'resolvers-lambda-layer',
      severity: 'error',
      from: { path: lambda },
      to: { path: '^(rest|indexer|local|codegen|bench|console|test)/' },
    },
    only(
      'aws-sdk-at-the-edge',
      '@aws-sdk/',
      '^(persistence/(dynamodb|s3)([.]ts$|/)|indexer/queue[.]ts$|bulk/executions[.]ts$|bench/|local/init-auth/|local/appsync/data-sources/dynamodb/client[.]ts$)',
    ),
    only('lmdb-at-the-edge', 'lmdb/', '^(lmdb/|persistence/lmdb|search/lmdb|local/|bench/)'),
    only('opensearch-at-the-edge', '@opensearch-project/', '^(search/opensearch|local/|bench/)'),
    only('cdk-in-infra-only', '(aws-cdk-lib|constructs|cdk-nag)/', '^infra/'),
    only('express-in-rest-only', 'express/', '^(rest|local)/'),
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
  },
};
