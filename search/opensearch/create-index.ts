import { type Client, errors } from '@opensearch-project/opensearch';
import { mapping } from '../mapping.js';
import { unhurried } from './client.js';

/** How an index is laid out; a shard count cannot be changed later. */
export interface IndexLayout {
  readonly shards?: number;
  readonly replicas?: number;
}

/**
 * Makes an index with the mapping, and its alias, unless there is one of that name.
 * @param alias by which the index is searched and written, so that another index can take its place.
 * @param terms what the terms of its documents depend on (`termsFingerprint`).
 */
export async function createIndex(
  client: Client,
  alias: string,
  { terms, ...layout }: IndexLayout & { readonly terms?: string } = {},
): Promise<void> {
  const { body: exists } = await client.indices.existsAlias({ name: alias });
  if (!exists) await makeIndex(client, `${alias}-1`, alias, layout, terms);
}

/** Makes an index with the mapping under an alias, unless it is there. @returns whether it was not. */
export async function makeIndex(
  client: Client,
  index: string,
  alias: string,
  { shards = 1, replicas = 1 }: IndexLayout,
  terms?: string,
): Promise<boolean> {
  try {
    const body = {
      settings: { index: { number_of_shards: shards, number_of_replicas: replicas } },
      mappings: { ...mapping, ...(terms === undefined ? {} : { _meta: { terms } }) },
      aliases: { [alias]: { is_write_index: true } },
    };
    await client.indices.create({ index, body }, unhurried);
    return true;
  } catch (error) {
    const isThere =
      error instanceof errors.ResponseError && error.message.includes('resource_already_exists_exception');
    if (!isThere) throw error;
    return false;
  }
}

/** What the terms of the documents depend on that an alias leads to; undefined where nobody said so. */
export async function indexedTerms(client: Client, alias: string): Promise<unknown> {
  const { body } = await client.indices.getMapping({ index: alias });
  return Object.values(body)[0]?.mappings._meta?.['terms'];
}

/** The names of the indices that an alias leads to: one, or none where there is no such alias. */
export async function indicesOf(client: Client, alias: string): Promise<readonly string[]> {
  const { body: exists } = await client.indices.existsAlias({ name: alias });
  if (!exists) return [];
  const { body } = await client.indices.getAlias({ name: alias });
  return Object.keys(body);
}
