import type { Principal } from '../../auth/principal.js';

/** What an import is asked to do, as its job keeps it: one segment for each file. */
export interface ImportInput {
  /** Who brings it: every resource is written with their rights. */
  readonly principal: Principal;
  readonly baseUrl: string;
  readonly inputSource: string;
  readonly files: readonly ImportFile[];
  /** Whether a resource without an id is created, unless its identifier is there already. */
  readonly conditionalCreate: boolean;
}

/** A file to be imported. */
export interface ImportFile {
  /** The type of all resources in it. */
  readonly type: string;
  readonly url: string;
}

/** How far the import of a file is. */
export interface ImportProgress {
  /** Bytes and lines that are done. */
  readonly bytes?: number;
  readonly lines?: number;
  /** Resources that are stored as the file has them, those that were so before among them. */
  readonly count?: number;
  /** Of the first file: how many bytes each of all has, null where nobody tells. */
  readonly sizes?: readonly (number | null)[];
}
