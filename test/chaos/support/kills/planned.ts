import type { JsonRequest } from '../json-client.js';

/** What stands for a version in which a resource is deleted. */
export const deleted = 'deleted';

/** What a commit makes of one resource: its next version. */
export interface PlannedWrite {
  readonly type: string;
  /** Absent where the server chooses it. */
  readonly id?: string;
  /** What stands in the version, so that the store tells which write made it; absent of a deletion. */
  readonly label?: string;
  /** The criteria of a conditional create. */
  readonly criteria?: string;
  /** Whether the subscriber of the run is to be told of it. */
  readonly isTold?: boolean;
}

/** A commit that a client is about to ask for: all of its writes, or none. */
export interface PlannedCommit {
  readonly mark: string;
  readonly request: JsonRequest;
  readonly writes: readonly PlannedWrite[];
}
