import { exportKind, type ExportSizes } from '../bulk/export-segment.js';
import { createJobs, type JobsOptions } from '../bulk/jobs.js';
import { runJobs } from '../bulk/run-jobs.js';
import type { JobSpace } from '../bulk/work-segment.js';
import type { Jobs } from '../interactions/jobs/jobs.js';
import type { FhirServer } from '../interactions/server.js';
import { jobItems } from '../persistence/job.js';
import { defaultTenant } from '../persistence/keys.js';
import type { OutputStore } from '../persistence/output-store.js';
import type { Table } from '../persistence/table.js';

/** What jobs of a server work with. */
export interface JobSettings {
  readonly table: Table;
  readonly output: OutputStore;
  /** Is told of what went wrong, and of what is tried again. */
  readonly onProblem: (error: unknown, what: string) => void;
  /** In how many parts the table is read; 1 without it. */
  readonly segments?: number;
  /** For tests. */
  readonly exportSizes?: ExportSizes;
  readonly limits?: Pick<JobsOptions, 'mostOfCaller' | 'mostOfAll'>;
  readonly space?: Partial<Pick<JobSpace, 'lease' | 'pause' | 'kept' | 'now'>>;
}

/** Jobs that are done in this process. */
export interface StartedJobs {
  readonly jobs: Jobs;
  /** Leaves what is under way at its last step. */
  readonly stop: () => Promise<void>;
}

/** Does the jobs of a server in this process, beside the requests. */
export function startJobs(server: FhirServer, settings: JobSettings): StartedJobs {
  const { table, output, onProblem, segments = 1 } = settings;
  const ending = new AbortController();
  const space: JobSpace = {
    items: jobItems(table, defaultTenant),
    output,
    kinds: { export: exportKind(server, settings.exportSizes) },
    now: () => server.now(),
    onProblem,
    signal: ending.signal,
    ...settings.space,
  };
  const running = runJobs(space);
  const jobs = createJobs(space, {
    segments,
    ...settings.limits,
    countItems: () => table.countItems?.() ?? Promise.resolve(undefined),
    onBegun: () => {
      running.wake();
    },
  });
  return {
    jobs,
    async stop() {
      ending.abort();
      await running.stop();
    },
  };
}
