import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import type { FhirDefinitions } from '../../fhir/definitions.js';
import type { SearchLimits } from '../../search/lmdb/view.js';
import { lmdbSearchIndex } from '../../search/lmdb.js';
import { describeSearchIndex, type IndexUnderTest } from '../contract/search-index.js';

/** Opens an empty index in an environment of its own. */
const make =
  (limits?: SearchLimits) =>
  (definitions: FhirDefinitions): Promise<IndexUnderTest> => {
    const folder = mkdtempSync(join(tmpdir(), 'search-index-'));
    const root = open({ path: folder, cache: false, noSync: true });
    const close = async (): Promise<void> => {
      await root.close();
      rmSync(folder, { recursive: true });
    };
    return Promise.resolve({ index: lmdbSearchIndex(root, 'r4', definitions, limits).index, close });
  };

describeSearchIndex('on LMDB, collecting what it finds', make());
describeSearchIndex('on LMDB, walking along its lists', make({ collected: 0, sorted: 0 }));
describeSearchIndex('on LMDB, doing either', make({ collected: 3, sorted: 6 }));
