import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** As the project's, for what needs the CDK to be understood. */
export default defineConfig(
  { ignores: ['**/*.js', 'cdk.out', 'node_modules'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  { languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } } },
  // A construct is made for what its constructor adds to the stack.
  { rules: { '@typescript-eslint/no-extraneous-class': ['error', { allowConstructorOnly: true }] } },
);
