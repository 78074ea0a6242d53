import type { Api } from './api.js';
import { askTogether } from './bundle.js';
import { at } from './json.js';

/** What refers to a resource by a parameter. */
export interface Pointing {
  readonly type: string;
  readonly parameter: string;
  readonly total: number;
}

/**
 * How many resources refer to one by each parameter that may; asked together.
 * @param reverse parameters as `Observation:subject`.
 */
export async function pointing(
  api: Api,
  reverse: readonly string[],
  target: string,
  signal: AbortSignal,
): Promise<readonly Pointing[]> {
  const pairs = reverse.map((each) => each.split(':') as [string, string]);
  const urls = pairs.map(([type, parameter]) => `${type}?${parameter}=${target}&_summary=count`);
  return (await askTogether(api, urls, signal))
    .flatMap((answer, place) => {
      const [type, parameter] = pairs[place] ?? ['', ''];
      const total = at(answer, 'total');
      return typeof total === 'number' && total > 0 ? [{ type, parameter, total }] : [];
    })
    .toSorted((a, b) => b.total - a.total);
}

/** The same with what two parameters of a type find as often told once: `patient` and `subject` are mostly alike. */
export function together(all: readonly Pointing[]): readonly (Pointing & { readonly names: readonly string[] })[] {
  const found = new Map<string, Pointing & { readonly names: string[] }>();
  for (const each of all) {
    const key = `${each.type} ${String(each.total)}`;
    const known = found.get(key);
    if (known === undefined) found.set(key, { ...each, names: [each.parameter] });
    else known.names.push(each.parameter);
  }
  return [...found.values()];
}
