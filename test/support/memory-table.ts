/** The table of the example: for tests that need very many tables, or that nothing happens between two calls. */
export { memoryTable } from '../../examples/in-memory/table.js';
