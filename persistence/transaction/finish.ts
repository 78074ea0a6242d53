import type { WriteAction } from '../table.js';
import { chunkKey, recordItem, recordKey, type TransactionRecord, type TransactionSpace } from './record.js';
import { alone, packed } from './writes.js';

/**
 * Removes a decided transaction's record, last of all: while a lock may be left, its record is there.
 * Where the history index lags, the record of a commit that took long stays a while longer: the history of types ends
 * before it, until the index has shown what was committed.
 */
export async function finish(space: TransactionSpace, record: TransactionRecord): Promise<void> {
  const { table, tenant } = space;
  const removals = Array.from({ length: record.chunks }, (_, chunk): WriteAction => {
    return { kind: 'remove', key: chunkKey(tenant, record.id, chunk) };
  });
  for (const write of packed(table, removals.map(alone))) await table.write(write.flatMap(({ actions }) => actions));
  const key = recordKey(tenant, record.id);
  const stays = record.state === 'committed' && record.ended === undefined && tookLong(space, record);
  const item = recordItem(tenant, { ...record, ended: space.now() });
  await table.write([
    stays
      ? { kind: 'put', item, condition: { kind: 'equals', attributes: { state: 'committed', ended: undefined } } }
      : { kind: 'remove', key },
  ]);
}

/** Whether the history of types may have passed what a transaction wrote before the index shows it. */
const tookLong = ({ table, now }: TransactionSpace, { started }: TransactionRecord): boolean =>
  table.historyHorizon > 0 && now() - Date.parse(started) > table.historyHorizon / 2;

/** Whether the index has shown by now what a transaction wrote that ended then. */
export const isShown = ({ table, now }: TransactionSpace, ended: number): boolean =>
  now() - ended > table.historyHorizon / 2;
