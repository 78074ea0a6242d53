import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '@opensearch-project/opensearch';
import type { NextIndex, NextIndexNames } from '../next-index.js';
import { unhurried } from './client.js';
import { indicesOf, makeIndex } from './create-index.js';
import { asked } from './retry.js';

/** By which every process writes to an index that is made, while it is made. */
export const nextAlias = (alias: string): string => `${alias}-next`;

/** How long a process believes what it knows of a next index, in milliseconds; whoever makes one waits longer. */
export const knownFor = 1_000;

/**
 * Whether an index is being made beside the one that serves, as every put asks.
 * @param believed milliseconds that an answer counts for.
 */
export function nextIndexWatch(client: Client, alias: string, believed: number): () => Promise<boolean> {
  let known = { isThere: false, until: -Infinity };
  return async () => {
    const since = performance.now();
    if (since < known.until) return known.isThere;
    const { body: isThere } = await asked(client.indices.existsAlias({ name: nextAlias(alias) }));
    known = { isThere, until: since + believed };
    return isThere;
  };
}

/**
 * Makes an index anew on OpenSearch: the next one has an alias of its own, by which every put goes there too.
 * @param put puts versions by that alias.
 * @param terms what `NextIndex.terms` is; asked for when it is needed, since it takes every search parameter.
 * @param believed as the puts of all processes have it.
 */
export function nextOpenSearchIndex(
  client: Client,
  alias: string,
  { terms: termsOf, put, believed }: Pick<NextIndex, 'put'> & { terms: () => string; believed: number },
): NextIndex {
  const next = nextAlias(alias);
  let made: string | undefined;
  const terms = (): string => (made ??= termsOf());
  const remove = (index: string): Promise<unknown> =>
    client.indices.delete({ index, ignore_unavailable: true }, unhurried);

  async function names(): Promise<NextIndexNames> {
    const [replaces] = await indicesOf(client, alias);
    if (replaces === undefined) throw new Error(`There is no index ${alias}`);
    const { body } = await client.indices.get({ index: `${alias}-*` });
    const numbers = Object.keys(body).map((name) => Number(/^-([0-9]+)$/.exec(name.slice(alias.length))?.[1] ?? 0));
    return { replaces, index: `${alias}-${String(Math.max(0, ...numbers) + 1)}` };
  }

  async function open({ index, replaces }: NextIndexNames): Promise<boolean> {
    if ((await indicesOf(client, alias)).includes(index)) return false; // it serves already
    for (const other of await indicesOf(client, next)) if (other !== index) await remove(other);
    const { body } = await client.indices.getSettings({ index: replaces });
    const { number_of_shards: shards = 1, number_of_replicas: replicas = 1 } = body[replaces]?.settings?.index ?? {};
    const isNew = await makeIndex(client, index, next, { shards: Number(shards), replicas: Number(replicas) }, terms());
    await pause(2 * believed); // what a process knows was asked for at most so long ago
    return isNew;
  }

  async function serve({ index, replaces }: NextIndexNames): Promise<void> {
    if (!(await indicesOf(client, alias)).includes(index)) {
      await client.indices.updateAliases({
        body: {
          actions: [
            { remove: { index: replaces, alias, must_exist: true } },
            { add: { index, alias, is_write_index: true } },
            { remove: { index, alias: next, must_exist: true } }, // not one that was given up
          ],
        },
      });
    }
    await pause(2 * believed); // searches under way end
    await remove(replaces);
  }

  async function count({ index }: NextIndexNames): Promise<number> {
    await client.indices.refresh({ index });
    const { body } = await client.count({ index });
    return body.count;
  }

  async function abandon({ index }: NextIndexNames): Promise<void> {
    // Whoever takes its alias away, to let it serve or to remove it, has it: it is not there for others.
    const actions = [{ remove: { index, alias: next, must_exist: true } }];
    const { statusCode } = await client.indices.updateAliases({ body: { actions } }, { ignore: [404] });
    if (statusCode === 404) return;
    await remove(index);
  }

  return {
    get terms() {
      return terms();
    },
    // Each may be done again: while OpenSearch is busy a job waits, and is not given up.
    names: () => asked(names()),
    open: (each) => asked(open(each)),
    put,
    count: (each) => asked(count(each)),
    serve: (each) => asked(serve(each)),
    abandon: (each) => asked(abandon(each)),
  };
}
