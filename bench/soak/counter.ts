/** What happened since it was taken last: latencies of what was done, in milliseconds, and what failed. */
export class Counter {
  latencies: number[] = [];
  errors = 0;
  firstError = '';
  failed(what: string, error: unknown): void {
    this.errors += 1;
    this.firstError ||= `${what}: ${error instanceof Error ? error.message : String(error)}`;
  }
  take(): { latencies: readonly number[]; errors: number; firstError: string } {
    const { latencies, errors, firstError } = this;
    this.latencies = [];
    this.errors = 0;
    this.firstError = '';
    return { latencies: latencies.sort((a, b) => a - b), errors, firstError };
  }
}
