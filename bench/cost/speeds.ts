/**
 * Resources a second that one function does of a job, assumed: nothing was measured on AWS. On a laptop of two cores the embedded
 * server imports 819, exports 66,191 and indexes 1,683 (docs/benchmarks.md); a function has one core, and waits for its engines.
 */
export const jobSpeeds = { export: 5_000, import: 200, reindex: 1_000 } as const;
