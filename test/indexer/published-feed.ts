import type { PublishedFeed } from '../../indexer/publish.js';
import { lmdbPlace } from '../../persistence/lmdb-place.js';
import type { Root } from '../../persistence/lmdb-root.js';
import type { LmdbTable } from '../../persistence/lmdb.js';

/** The feed of an embedded table, whose reader is not woken. */
export function publishedFeed(root: Root, table: LmdbTable): PublishedFeed {
  const place = lmdbPlace(root, 'published');
  return {
    changes: (request) => table.changes(request),
    end: () => table.lastPosition(),
    readPlace: () => place.read(),
    writePlace: (position) => place.write(position),
    onChange: () => undefined,
  };
}
