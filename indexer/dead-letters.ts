import type { SQSRecord } from 'aws-lambda';
import type { BodyStore } from '../persistence/body-store.js';
import { currentKey, isCurrent, tenantOf } from '../persistence/keys.js';
import { loadVersion } from '../persistence/load-version.js';
import type { ItemChange, ItemKey, Table } from '../persistence/table.js';
import type { SearchIndex } from '../search/search-index.js';
import { indexable } from './index-change.js';
import { isTransient } from './transient.js';

/** A batch that Lambda gave up, as its on-failure destination is told of it. https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html */
export interface LostBatch {
  readonly streamArn: string;
  readonly shardId: string;
  readonly startSequenceNumber: string;
  readonly endSequenceNumber: string;
}

/** What a dead letter names: an item that was refused (`deadLetterOf`), or a batch that Lambda gave up. */
export type DeadLetter = { readonly item: ItemKey } | { readonly batch: LostBatch };

/** The text of a letter for an item that cannot be indexed: its key, and nothing of what is in it. */
export const deadLetterOf = (item: ItemKey): string => JSON.stringify({ item: { pk: item.pk, sk: item.sk } });

/**
 * Reads a letter of the queue.
 * @throws Error for one that nobody here wrote.
 */
export function readDeadLetter({ body }: Pick<SQSRecord, 'body'>): DeadLetter {
  const { item, DDBStreamBatchInfo: batch } = JSON.parse(body) as {
    item?: Partial<ItemKey>;
    DDBStreamBatchInfo?: LostBatch;
  };
  if (typeof item?.pk === 'string' && typeof item.sk === 'string') return { item: { pk: item.pk, sk: item.sk } };
  if (batch !== undefined) return { batch };
  throw new Error('A dead letter names neither an item nor a batch');
}

/** What letters are indexed with. */
export interface LetterIndexing {
  readonly table: Pick<Table, 'get'>;
  readonly bodies: BodyStore | undefined;
  readonly index: Pick<SearchIndex, 'put'>;
  /** The changes of a batch, as long as the stream keeps them. */
  readonly readBatch: (batch: LostBatch) => Promise<readonly ItemChange[]>;
}

/**
 * Indexes what a letter names as it is now: whatever happened since, the current version is what counts. What still cannot
 * be indexed holds up nothing else of a batch.
 * @throws what says that something still cannot be done; the letter stays in the queue then.
 */
export async function indexLetter(letter: DeadLetter, work: LetterIndexing): Promise<void> {
  const keys = 'item' in letter ? [letter.item] : (await work.readBatch(letter.batch)).map(({ key }) => key);
  const partitions = new Set(keys.filter(isCurrent).map(({ pk }) => pk));
  let refusal: { readonly error: unknown } | undefined;
  for (const pk of partitions) {
    try {
      await indexCurrent(pk, work);
    } catch (error) {
      if (isTransient(error)) throw error; // it would be the same with the others
      refusal ??= { error };
    }
  }
  if (refusal !== undefined) throw refusal.error;
}

async function indexCurrent(pk: string, { table, bodies, index }: LetterIndexing): Promise<void> {
  const item = await table.get({ pk, sk: currentKey });
  const version = item === undefined ? undefined : await loadVersion(item, bodies);
  if (version !== undefined) await index.put([indexable(tenantOf(pk), version)], { visible: false });
}
