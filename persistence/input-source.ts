import type { Readable } from 'node:stream';

/** Where files come from that are imported. Adapters: input-files.ts, s3/input.ts. */
export interface InputSource {
  /**
   * A file from a byte on.
   * @throws OperationOutcomeError 503 when it may be had later; 400 when it cannot be had.
   */
  open(url: string, from: number): Promise<Readable>;
  /** How many bytes a file has; undefined when nobody tells. */
  size(url: string): Promise<number | undefined>;
}
