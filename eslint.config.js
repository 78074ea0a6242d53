import js from '@eslint/js';
import appsync from '@aws-appsync/eslint-plugin';
import reactHooks from 'eslint-plugin-react-hooks';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

const recommended = appsync.configs.recommended;
const appsyncRules = (Array.isArray(recommended) ? recommended[0] : recommended).rules;

export default defineConfig(
  {
    ignores: [
      'examples/web',
      'test/browser/clients',
      'infra',
      '**/*.js',
      '**/*.cjs',
      '**/*.mjs',
      '**/generated/**',
      'dist',
      'codegen/node_modules',
    ],
  },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  { languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } } },
  { files: ['console/**/*.{ts,tsx}'], ...reactHooks.configs.flat['recommended-latest'] },
  {
    files: ['resolvers/**/*.ts', 'persistence/keys.ts', 'auth/rules.ts'],
    ignores: ['resolvers/lambda/**', 'resolvers/lambda.ts'],
    plugins: { '@aws-appsync': appsync },
    rules: appsyncRules,
  },
);
