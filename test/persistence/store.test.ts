import { lmdbTable } from '../../persistence/lmdb.js';
import { describeResourceStore } from '../contract/resource-store.js';
import { temporaryRoot } from './temporary-root.js';

describeResourceStore('LMDB', () => {
  const { root, close } = temporaryRoot();
  return Promise.resolve({ table: lmdbTable(root, 'r4'), close });
});
