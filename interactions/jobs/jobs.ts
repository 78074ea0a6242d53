import type { Job, JobFile, JobKind, JobSegment } from '../../persistence/job.js';
import type { OutputStore } from '../../persistence/output-store.js';
import type { Principal } from '../../auth/principal.js';

/** A job to begin. */
export interface NewJob {
  readonly kind: JobKind;
  readonly principal: Principal;
  /** The URL of the request. */
  readonly request: string;
  /** What it is asked to do, as JSON has it. */
  readonly input: object;
  /** In how many parts it is done, each of which begins with this progress; as the server has it without. */
  readonly segments?: number;
}

/** A job and how far its parts are. */
export interface JobProgress {
  readonly job: Job;
  readonly segments: readonly JobSegment[];
}

/** The jobs of a server: what began as a request and goes on after its answer. bulk/jobs.ts */
export interface Jobs {
  /**
   * Begins a job.
   * @returns its id.
   * @throws OperationOutcomeError 429 when too many are under way.
   */
  begin(job: NewJob): Promise<string>;
  /** @returns undefined when there is none, or it has expired. */
  read(id: string): Promise<JobProgress | undefined>;
  list(): Promise<readonly JobProgress[]>;
  input(id: string): Promise<unknown>;
  files(id: string): Promise<readonly JobFile[]>;
  /** Ends a job and removes what it has written. */
  cancel(id: string): Promise<void>;
  readonly output: OutputStore;
  /** Whether a URL is one that may be imported from; absent where nothing may. */
  readonly imports?: (url: string) => boolean;
}
