import { OperationOutcomeError } from '../fhir/outcome.js';
import type { Job, JobFile, JobSegment } from '../persistence/job.js';
import type { OutputStore } from '../persistence/output-store.js';

/** How far a segment is, and what files there are of what it did since the last step. */
export interface SegmentStep {
  readonly progress: unknown;
  readonly done: boolean;
  readonly files: readonly JobFile[];
}

/** A segment that one worker has. */
export interface SegmentWork {
  readonly job: Job;
  /** What the job is asked to do. */
  readonly input: unknown;
  readonly segment: number;
  /** How far the segment is: `{}` at the beginning. */
  readonly progress: unknown;
  /** How many files it has written: the next one is to have a name of its own. */
  readonly files: number;
  readonly output: OutputStore;
  /**
   * Says how much was looked at since the last call, and keeps the segment for longer; to be called often.
   * @throws StopWork when the segment is somebody else's, the job is not wanted any more, or the process ends.
   */
  goOn(seen: number): Promise<void>;
  /** Whether to take a step and leave the rest to another worker. */
  isOver(): boolean;
  /**
   * Keeps a step: what follows a crash begins behind it.
   * @throws StopWork as `goOn`.
   */
  step(step: SegmentStep): Promise<void>;
}

/** What a kind of job does. What it did of a step that was not kept is done again. */
export interface KindOfJob {
  /** Works on a segment until it is done or, a step later at least, its time is over. */
  work(work: SegmentWork): Promise<void>;
  /** Whether this program can do it, or is to leave it to another process; always, without it. */
  readonly takes?: (input: unknown) => boolean;
  /** What is to be done when all segments are, before the job is complete; it may be done again. */
  readonly finish?: (input: unknown, segments: readonly JobSegment[]) => Promise<void>;
  /** Removes what there is besides files of a job that failed or was cancelled; it may be done again. */
  readonly abandon?: (input: unknown) => Promise<void>;
}

/** A worker is to stop: nothing is wrong, somebody else goes on or nobody wants it. */
export class StopWork extends Error {
  override readonly name = 'StopWork';
  readonly why: 'lost' | 'ending';
  constructor(why: 'lost' | 'ending') {
    super(why === 'lost' ? 'The segment is not this worker’s any more' : 'The process ends');
    this.why = why;
  }
}

/** Whether the same may succeed later: an engine does not answer, or others got in the way. */
export const isTransient = (error: unknown): boolean =>
  error instanceof OperationOutcomeError && (error.status >= 500 || error.status === 409);
