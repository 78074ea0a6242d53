import type { JsonAnswer, JsonClient } from '../json-client.js';
import type { StoreState } from './store-state.js';

interface HistoryPage {
  readonly link?: readonly { readonly relation: string; readonly url: string }[];
  readonly entry?: readonly {
    readonly resource?: { readonly id: string; readonly meta: { readonly lastUpdated: string } };
    readonly request: { readonly url: string };
    readonly response?: { readonly lastModified: string };
  }[];
}

/** Reads the history of types page by page over HTTP: it has each version of the store once, the newest first. */
export async function wrongHistoryOf(
  client: JsonClient,
  version: string,
  versions: StoreState['versions'],
): Promise<string[]> {
  const wrong: string[] = [];
  for (const type of ['Patient', 'Observation']) {
    const told: string[] = [];
    const instants: string[] = [];
    for (let path: string | undefined = `/${version}/${type}/_history?_count=500`; path !== undefined;) {
      const answer: JsonAnswer<HistoryPage> = await client.ask<HistoryPage>({ method: 'GET', path });
      const { status, json, text } = answer;
      if (status !== 200) return [`${path} is ${String(status)}: ${text.slice(0, 300)}`];
      for (const { resource, request, response } of json.entry ?? []) {
        told.push(resource === undefined ? request.url : `${type}/${resource.id}`);
        // STU3 tells no instant of a deletion.
        const instant = response?.lastModified ?? resource?.meta.lastUpdated;
        if (instant !== undefined) instants.push(instant);
      }
      const next: string | undefined = json.link?.find(({ relation }) => relation === 'next')?.url;
      path = next === undefined ? undefined : new URL(next).pathname + new URL(next).search;
    }
    const expected = [...versions].flatMap(([key, all]) => (key.startsWith(`${type}/`) ? all.map(() => key) : []));
    if (told.toSorted().join() !== expected.toSorted().join()) {
      wrong.push(
        `${version}: the history of ${type} has ${String(told.length)} versions, not ${String(expected.length)}`,
      );
    }
    if (instants.join() !== instants.toSorted().toReversed().join()) wrong.push(`${version}: ${type} is not in order`);
  }
  return wrong;
}
