import type { Readable } from 'node:stream';

/** What names a file: the job that wrote it, and its name in it, of letters, digits, `-` and `.`. */
export interface OutputKey {
  readonly job: string;
  readonly name: string;
}

/** A file that is being written. */
export interface OutputFile {
  /** Adds text at its end. */
  append(text: string): Promise<void>;
  /** Ends it: it is durable, and whole, from then on. */
  close(): Promise<void>;
  /** Gives it up: nothing of it is kept. */
  abandon(): Promise<void>;
}

/** A file that is there. */
export interface OutputContent {
  readonly bytes: number;
  /** Its bytes, to be read or destroyed. */
  readonly stream: Readable;
}

/**
 * Where the files of jobs are. A file is there when it is closed, and never in part; written again under the same name it
 * is replaced. In memory there is a bounded part of each file that is open. Adapters: output-files.ts, s3/output.ts.
 */
export interface OutputStore {
  create(key: OutputKey): Promise<OutputFile>;
  /** @returns undefined when there is no such file. */
  read(key: OutputKey): Promise<OutputContent | undefined>;
  /** Removes all files of a job, those that were left open as well; what is not there is removed already. */
  remove(job: string): Promise<void>;
  /**
   * A URL by which whoever has it can read a file for so many seconds.
   * Absent where files are read through the server only.
   */
  readonly signedUrl?: (key: OutputKey, seconds: number) => Promise<string>;
}
