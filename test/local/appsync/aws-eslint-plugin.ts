import plugin from '@aws-appsync/eslint-plugin';
import { Linter } from 'eslint';
import ts from 'typescript';
import { parser } from 'typescript-eslint';

const nameOf = (index: number): string => `/bundles/b${String(index)}.js`;

/**
 * Runs all rules of AWS's own plugin over texts, with type information as its rules want it.
 * @param texts the code of bundles; all become one TypeScript program, since a program takes a second to make.
 * @returns for each text the rules it breaks, without their prefix.
 */
export function brokenRules(texts: readonly string[]): readonly (readonly string[])[] {
  const options: ts.CompilerOptions = { allowJs: true, noEmit: true, target: ts.ScriptTarget.ES2023, types: [] };
  const byName = new Map(texts.map((text, index) => [nameOf(index), text]));
  const host = ts.createCompilerHost(options, true);
  const files = ts.createCompilerHost(options, true);
  host.getSourceFile = (name, target) => {
    const text = byName.get(name);
    return text === undefined ? files.getSourceFile(name, target) : ts.createSourceFile(name, text, target, true);
  };
  host.fileExists = (name) => byName.has(name) || files.fileExists(name);
  host.readFile = (name) => byName.get(name) ?? files.readFile(name);
  const program = ts.createProgram([...byName.keys()], options, host);
  const linter = new Linter({ cwd: '/' });
  const { recommended } = plugin.configs as unknown as Record<string, Linter.Config>;
  return texts.map((text, index) => {
    const config: Linter.Config = {
      ...recommended,
      languageOptions: { parser: parser, parserOptions: { programs: [program] } },
    };
    return linter.verify(text, config, { filename: nameOf(index) }).map(({ ruleId, message }) => {
      return ruleId?.replace('@aws-appsync/', '') ?? `no rule: ${message}`;
    });
  });
}
