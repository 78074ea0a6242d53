import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../../local/project-folder.js';

/** The bytes of a function's bundle: all of it, and what is read when it starts whatever is asked. */
export interface BundleSize {
  readonly total: number;
  readonly start: number;
}

/** The bundle of a function as `npm run build:lambda` has made it. */
export function bundleSize(name: string): BundleSize {
  const folder = join(projectFolder(), 'dist/lambda', name);
  const sizeOf = (file: string): number => statSync(join(folder, file)).size;
  const sum = (files: Iterable<string>): number => [...files].reduce((bytes, file) => bytes + sizeOf(file), 0);
  const started = new Set(['index.mjs']);
  for (const file of started) {
    // As esbuild writes them, minified: `import{a as b}from"./chunk-X.mjs";`, and never inside of a string there.
    const code = readFileSync(join(folder, file), 'utf8');
    for (const [, imported = ''] of code.matchAll(/(?:from|import)"\.\/([\w.-]+\.mjs)"/g)) started.add(imported);
  }
  return { total: sum(readdirSync(folder)), start: sum(started) };
}

/** The names of the functions that are bundled. */
export const bundleNames = (): readonly string[] => readdirSync(join(projectFolder(), 'dist/lambda')).sort();
