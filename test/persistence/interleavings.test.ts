import { describeInterleavings } from '../contract/interleavings.js';
import { memoryTable } from '../support/memory-table.js';

describeInterleavings(
  'in memory',
  () => Promise.resolve({ table: memoryTable(), close: () => Promise.resolve() }),
  150,
);
