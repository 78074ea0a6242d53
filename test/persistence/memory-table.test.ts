import { describeTable } from '../contract/table.js';
import { memoryTable } from '../support/memory-table.js';

// The table that other tests trust in place of an engine.
describeTable('in memory', () => Promise.resolve({ table: memoryTable(), close: () => Promise.resolve() }), {
  largest: 10_000,
});
