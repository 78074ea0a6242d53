import type { ItemKey, WriteAction } from '../table.js';
import { chunkItems, recordItem, type TransactionRecord, type TransactionSpace } from './record.js';
import { alone, packed } from './writes.js';

/**
 * Writes the record of a transaction, pending, and the list of its participants: before anything is locked, so that
 * whoever ends the transaction finds all that may be.
 * @returns the record.
 */
export async function begin(
  space: TransactionSpace,
  {
    id,
    started,
    participants,
  }: { readonly id: string; readonly started: string; readonly participants: readonly ItemKey[] },
): Promise<TransactionRecord> {
  const { table, tenant } = space;
  const chunks = chunkItems(tenant, id, participants);
  const expires = space.now() + space.expiry;
  const record: TransactionRecord = { id, state: 'pending', expires, chunks: chunks.length, started };
  const puts: WriteAction[] = [
    { kind: 'put', item: recordItem(tenant, record), condition: { kind: 'absent' } },
    ...chunks.map((item): WriteAction => ({ kind: 'put', item })),
  ];
  for (const write of packed(table, puts.map(alone))) {
    await table.write(write.flatMap(({ actions }) => actions)); // refused only when it is there already: a repetition
  }
  return record;
}
