import { rmSync } from 'node:fs';
import { openRoot } from '../../persistence/lmdb-root.js';
import { lmdbTable } from '../../persistence/lmdb.js';
import { describeKills } from '../contract/kill.js';
import { temporaryFolder } from './temporary-root.js';

describeKills(
  'LMDB',
  () => {
    const place = temporaryFolder();
    return Promise.resolve({
      engine: 'lmdb',
      place,
      open: () => {
        const root = openRoot(place); // the killed process's lock is taken over
        return Promise.resolve({ table: lmdbTable(root, 'items'), close: () => root.close() });
      },
      settled: () => Promise.resolve(), // it wrote by itself
      remove: () => {
        rmSync(place, { recursive: true });
        return Promise.resolve();
      },
    });
  },
  ['transaction'],
  ['before', 'after'],
); // crash.test.ts kills during the write
