import { expect, test } from '@jest/globals';
import { readPageKey } from '../../persistence/page-key.js';
import { memoryTable } from '../support/memory-table.js';

test('all processes of a deployment have the same key, whoever was first', async () => {
  const table = memoryTable();
  const [first, ...others] = await Promise.all([readPageKey(table), readPageKey(table), readPageKey(table)]);
  expect(first).toHaveLength(32);
  expect(others).toEqual([first, first]);
  expect(await readPageKey(table)).toEqual(first);
  expect(await readPageKey(memoryTable())).not.toEqual(first);
});

test('a damaged key is told, not used', async () => {
  const table = memoryTable();
  await table.write([{ kind: 'put', item: { pk: '-#secret', sk: 'page', secret: 'c2hvcnQ=' } }]);
  await expect(readPageKey(table)).rejects.toThrow('damaged: it has 5 bytes');
});
