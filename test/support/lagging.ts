import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { commitsOf } from '../../lmdb/commits.js';
import { indexable } from '../../indexer/index-change.js';
import type { FhirServer } from '../../interactions/server.js';
import type { EmbeddedServer } from '../../local/compose.js';
import { currentChange } from '../../persistence/stream.js';
import { lmdbSearchIndex } from '../../search/lmdb.js';
import { defaultTenant } from '../../persistence/keys.js';

/** A server whose searches see what was committed when the test lets them. */
export interface LaggingServer {
  readonly server: FhirServer;
  /** Brings the index to what is committed, as the stream does. */
  catchUp(): Promise<void>;
  /** While set, the index takes nothing. */
  failing: boolean;
  close(): Promise<void>;
}

/** Gives an embedded server an index of its own that no commit writes. */
export function lagging(embedded: EmbeddedServer): LaggingServer {
  const folder = mkdtempSync(join(tmpdir(), 'lagging-index-'));
  const root = open({ path: folder, cache: false, noSync: true });
  const { index } = lmdbSearchIndex(root, 'lagging', embedded.definitions);
  let after: string | undefined;
  const lag: LaggingServer = {
    failing: false,
    server: {
      ...embedded,
      indexing: 'later',
      consistency: 'eventual',
      index: {
        ...index,
        put: (changes) => (lag.failing ? Promise.reject(new Error('The index is away')) : index.put(changes)),
      },
    },
    async catchUp() {
      for (;;) {
        const changes = await embedded.table.changes({ limit: 1_000, ...(after === undefined ? {} : { after }) });
        if (changes.length === 0) return;
        await index.put(
          changes.flatMap((change) => {
            const version = currentChange(change);
            return version === undefined ? [] : [indexable(defaultTenant, version)];
          }),
        );
        after = changes.at(-1)?.position;
      }
    },
    async close() {
      await commitsOf(root).close();
      await root.close();
      rmSync(folder, { recursive: true });
    },
  };
  return lag;
}
