import { lmdbTable } from '../../persistence/lmdb.js';
import { describeTransactions } from '../contract/transactions.js';
import { temporaryRoot } from './temporary-root.js';

const make = () => {
  const { root, close } = temporaryRoot();
  return Promise.resolve({ table: lmdbTable(root, 'items', { changesKept: 1_000_000 }), close });
};

// Each call is flushed to disk here: every 25th place of a fault is tried, all of them on the table in memory.
describeTransactions('LMDB', make, 25);
