import { type Client, errors } from '@opensearch-project/opensearch';
import { mapping } from '../mapping.js';

/** How an index is laid out; a shard count cannot be changed later. */
export interface IndexLayout {
  readonly shards?: number;
  readonly replicas?: number;
}

/**
 * Makes an index with the mapping, and its alias, unless there is one of that name.
 * @param alias by which the index is searched and written, so that another index can take its place.
 */
export async function createIndex(
  client: Client,
  alias: string,
  { shards = 1, replicas = 1 }: IndexLayout = {},
): Promise<void> {
  const { body: exists } = await client.indices.existsAlias({ name: alias });
  if (exists) return;
  try {
    await client.indices.create({
      index: `${alias}-1`,
      body: {
        settings: { index: { number_of_shards: shards, number_of_replicas: replicas } },
        mappings: mapping,
        aliases: { [alias]: { is_write_index: true } },
      },
    });
  } catch (error) {
    const isThere =
      error instanceof errors.ResponseError && error.message.includes('resource_already_exists_exception');
    if (!isThere) throw error;
  }
}
