import type { CodegenConfig } from '@graphql-codegen/cli';

/**
 * Types for every document in src/, from the schema the server is made of. Against a running server instead:
 * schema: [{ 'https://127.0.0.1:3000/r4/graphql': { headers: { Authorization: `Bearer ${token}` } } }].
 */
const config: CodegenConfig = {
  schema: ['../../schema/r4/schema.graphql', './appsync.graphql'],
  documents: ['src/**/*.tsx', 'src/**/*.ts', '!src/generated/**'],
  generates: {
    './src/generated/': {
      preset: 'client',
      config: {
        documentMode: 'string', // Amplify takes text; nothing parses a document in the browser
        onlyOperationTypes: true,
        skipTypename: true,
        useTypeImports: true,
        enumsAsTypes: true,
        scalars: { AWSJSON: 'string' },
      },
      presetConfig: { fragmentMasking: false },
    },
  },
};

export default config;
