import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../../local/project-folder.js';
import type { BundleSize } from './bundle-size.js';
import type { FunctionRun } from './function.js';
import type { Processor } from './reference.js';

/** What a request takes: the processor's time to the first answer and for a warm one, times the reference's, and resident memory in MiB. */
export interface TimesReference extends Processor {
  readonly memory: number;
}

/** What functions may be: their bundles by name in bytes, and requests of the REST function by version and name. */
export interface LambdaBudget {
  readonly sizes: Readonly<Record<string, BundleSize>>;
  readonly times: Readonly<Record<string, TimesReference>>;
}

/** `bench/lambda-budget.json`. */
export const readBudget = (): LambdaBudget =>
  JSON.parse(readFileSync(join(projectFolder(), 'bench/lambda-budget.json'), 'utf8')) as LambdaBudget;

const least = (of: readonly number[]): number => Math.min(...of);
const rounded = (value: number): number => Math.round(value * 100) / 100;

/**
 * What runs took, times what the reference took in the same minutes. The least of each counts: what else a machine does only adds.
 * @param runs processes of one request, each of which answered it several times.
 */
export function timesReference(runs: readonly FunctionRun[], references: readonly Processor[]): TimesReference {
  const first = runs.map(({ answers }) => answers[0]?.processor ?? NaN);
  const warm = runs.map(
    ({ answers }, at) => ((answers.at(-1)?.processor ?? NaN) - (first[at] ?? NaN)) / (answers.length - 1),
  );
  return {
    first: rounded(least(first) / least(references.map((each) => each.first))),
    warm: rounded(least(warm) / least(references.map((each) => each.warm))),
    memory: least(runs.map(({ answers }) => Math.max(...answers.map(({ memory }) => memory)))),
  };
}

/** What is over its budget, as sentences; a request without one is. */
export function overBudget(name: string, found: TimesReference, budget: LambdaBudget['times']): string[] {
  const allowed = budget[name];
  if (allowed === undefined) return [`${name} has no budget`];
  return (['first', 'warm', 'memory'] as const).flatMap((what) =>
    found[what] <= allowed[what]
      ? []
      : [`${name}: ${what} is ${String(found[what])}, ${String(allowed[what])} are allowed`],
  );
}
