import { BatchGetItemCommand } from '@aws-sdk/client-dynamodb';
import { unavailable } from '../../fhir/outcome.js';
import { textOf } from '../key-text.js';
import type { Item, ItemKey } from '../table.js';
import { fromAttributes, keyAttributes } from './attributes.js';
import type { TablePlace } from './place.js';

/** The most keys of one BatchGetItem. */
const maxBatchKeys = 100;

/**
 * Reads items by their keys, 100 a call, each key once.
 * @param see is given each item as soon as it is read: others may have to be waited for.
 * @returns the items in the keys' order, undefined where there is none.
 * @throws OperationOutcomeError 503 when the database keeps leaving keys out, or does not answer.
 */
export async function readItems(
  table: TablePlace,
  keys: readonly ItemKey[],
  see: (item: Item) => void = () => undefined,
): Promise<readonly (Item | undefined)[]> {
  const wanted = [...new Map(keys.map((key) => [textOf(key), key])).values()];
  const chunks: ItemKey[][] = [];
  for (let start = 0; start < wanted.length; start += maxBatchKeys)
    chunks.push(wanted.slice(start, start + maxBatchKeys));
  const found = new Map<string, Item>();
  await Promise.all(
    chunks.map(async (chunk) => {
      for (const item of await readChunk(table, chunk, see)) found.set(textOf(item), item);
    }),
  );
  return keys.map((key) => found.get(textOf(key)));
}

function readChunk(
  { client, name, calls }: TablePlace,
  chunk: readonly ItemKey[],
  see: (item: Item) => void,
): Promise<readonly Item[]> {
  const items: Item[] = [];
  let left = chunk.map(keyAttributes);
  return calls.repeat(
    async () => {
      const request = new BatchGetItemCommand({ RequestItems: { [name]: { Keys: left, ConsistentRead: true } } });
      const { Responses, UnprocessedKeys } = await calls.once((options) => client.send(request, options));
      const read = (Responses?.[name] ?? []).map(fromAttributes);
      read.forEach(see);
      items.push(...read);
      left = UnprocessedKeys?.[name]?.Keys ?? [];
      return left.length === 0 ? items : undefined;
    },
    () => unavailable('The database answers only a part of what is asked for now. Try again'),
  );
}
