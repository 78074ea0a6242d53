import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { commitsOf } from '../../lmdb/commits.js';
import type { FhirDefinitions } from '../../fhir/definitions.js';
import type { SearchLimits } from '../../search/lmdb/view.js';
import { lmdbSearchIndex } from '../../search/lmdb.js';
import { describeSearchIndex, type IndexUnderTest } from '../contract/search-index.js';

/** So many parts of what waits are merged after a put, index by index: nothing, some of it, all. */
const merges = [0, 1, Infinity, 3, 17, 60];
let made = 0;

/** Opens an empty index in an environment of its own. */
const make =
  (limits?: SearchLimits) =>
  (definitions: FhirDefinitions): Promise<IndexUnderTest> => {
    const folder = mkdtempSync(join(tmpdir(), 'search-index-'));
    const root = open({ path: folder, cache: false, noSync: true });
    const close = async (): Promise<void> => {
      await commitsOf(root).close();
      await root.close();
      rmSync(folder, { recursive: true });
    };
    const { index, merge } = lmdbSearchIndex(root, 'r4', definitions, { ...limits, pending: 0, merged: 5 });
    const most = merges[(made += 1) % merges.length] ?? 0;
    const put: typeof index.put = async (...changes) => {
      await index.put(...changes);
      for (let parts = 0; parts < most && (await merge()); parts += 1);
    };
    return Promise.resolve({ index: { ...index, put }, close });
  };

describeSearchIndex('on LMDB, collecting what it finds', make());
describeSearchIndex('on LMDB, walking along its lists', make({ collected: 0, sorted: 0 }));
describeSearchIndex('on LMDB, doing either', make({ collected: 3, sorted: 6 }));
