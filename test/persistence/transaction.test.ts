import { lmdbTable } from '../../persistence/lmdb.js';
import { describeTransactions } from '../contract/transactions.js';
import { memoryTable } from '../support/memory-table.js';
import { temporaryRoot } from './temporary-root.js';

describeTransactions('in memory', () => Promise.resolve({ table: memoryTable(), close: () => Promise.resolve() }));

describeTransactions(
  'LMDB',
  () => {
    const { root, close } = temporaryRoot();
    return Promise.resolve({ table: lmdbTable(root, 'items', { changesKept: 1_000_000 }), close });
  },
  20,
);
