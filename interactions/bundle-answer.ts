import type { ResultForm } from '../fhir/subset.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import type { HistoryPage } from './history.js';
import type { OperationResult } from './operations/operation.js';
import type { SearchPage } from './search-page.js';
import type { WriteOutcome } from './server.js';

/** What came of one entry of a batch or a transaction, before a face renders it. */
export type EntryAnswer =
  | ({ readonly kind: 'written' } & WriteOutcome)
  /** The tombstones; none when there never was such a resource. */
  | { readonly kind: 'deleted'; readonly versions: readonly StoredVersion[] }
  | { readonly kind: 'read'; readonly version: StoredVersion; readonly form?: ResultForm }
  /** A HEAD that succeeded, of a version where it was one of a resource. */
  | { readonly kind: 'head'; readonly version?: StoredVersion }
  /** The capability statement's JSON text. */
  | { readonly kind: 'capabilities'; readonly text: string }
  /** The client has this version already. */
  | { readonly kind: 'not-modified'; readonly version: StoredVersion }
  /** `path` is where the search looked, below the base. */
  | { readonly kind: 'search'; readonly path: string; readonly page: SearchPage }
  | { readonly kind: 'history'; readonly page: HistoryPage }
  | { readonly kind: 'operation'; readonly answer: OperationResult }
  /** Anything thrown, expected or not: the face renders it as it renders a failed request. */
  | { readonly kind: 'failed'; readonly error: unknown };

/** What came of a batch or a transaction: one answer per entry, in the request's order. */
export interface BundleAnswer {
  readonly type: 'batch-response' | 'transaction-response';
  readonly entries: readonly EntryAnswer[];
}
