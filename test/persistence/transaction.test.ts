import { describeTransactions } from '../contract/transactions.js';
import { memoryTable } from '../support/memory-table.js';

describeTransactions('in memory', () => Promise.resolve({ table: memoryTable(), close: () => Promise.resolve() }));
