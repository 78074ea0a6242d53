import { type Api, pathBelow } from './api.js';
import { at, objectsOf, type Resource, textAt } from './json.js';

/**
 * The resources of a bundle, but for what the server says of a search (`outcome`).
 * @param mode those that a search brings so, such as `match` or `include`; all without it.
 */
export const resourcesOf = (bundle: unknown, mode?: string): readonly Resource[] =>
  objectsOf(at(bundle, 'entry'))
    .filter((entry) => {
      const its = textAt(entry, 'search', 'mode');
      return mode === undefined ? its !== 'outcome' : its === mode;
    })
    .map((entry) => entry['resource'] as Resource);

/** The path below the base of the page after this one; undefined on the last. */
export function nextPageOf({ version }: Pick<Api, 'version'>, bundle: unknown): string | undefined {
  const next = objectsOf(at(bundle, 'link')).find((link) => link['relation'] === 'next');
  const url = textAt(next, 'url');
  return url === undefined ? undefined : pathBelow(version, url);
}

/** Asks several things together. @returns what each entry gave, undefined for what was refused. */
export async function askTogether(api: Api, urls: readonly string[], signal: AbortSignal): Promise<readonly unknown[]> {
  if (urls.length === 0) return [];
  const entry = urls.map((url) => ({ request: { method: 'GET', url } }));
  const body = JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry });
  const { json } = await api.send('', { method: 'POST', body, signal });
  return objectsOf(at(json, 'entry')).map((each) => each['resource']);
}
