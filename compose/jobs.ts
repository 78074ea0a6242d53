import { exportKind, type ExportSizes } from '../bulk/export-segment.js';
import { createJobs, type JobsOptions } from '../bulk/jobs.js';
import { importKind, type ImportSizes } from '../bulk/import-segment.js';
import { reindexKind } from '../bulk/reindex-segment.js';
import { runJobs } from '../bulk/run-jobs.js';
import { isBelowSource } from '../bulk/import-sources.js';
import type { JobSpace } from '../bulk/work-segment.js';
import { invalidRequest } from '../fhir/outcome.js';
import type { Jobs } from '../interactions/jobs/jobs.js';
import type { FhirServer } from '../interactions/server.js';
import type { BodyStore } from '../persistence/body-store.js';
import { localFiles } from '../persistence/input-files.js';
import { webFiles } from '../persistence/web-files.js';
import type { InputSource } from '../persistence/input-source.js';
import { jobItems } from '../persistence/job.js';
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
  /** Where the bodies are that are too large for their items; undefined where all are in them. */
  readonly bodies?: BodyStore | undefined;
  /** Whether other processes do jobs of the same table. */
  readonly isShared: boolean;
  /** What the URLs of imports begin with; nothing is imported without it. */
  readonly importSources?: readonly string[];
  /** Where objects of S3 are imported from; none are without it. */
  readonly s3Files?: InputSource;
  /** For tests. */
  readonly exportSizes?: ExportSizes;
  readonly importSizes?: ImportSizes;
  readonly reindexPage?: number;
  readonly limits?: Pick<JobsOptions, 'mostOfCaller' | 'mostOfAll'>;
  readonly space?: Partial<Pick<JobSpace, 'lease' | 'pause' | 'kept' | 'now'>>;
}

/** Jobs that are done in this process. */
export interface StartedJobs {
  readonly jobs: Jobs;
  /** Leaves what is under way at its last step. */
  readonly stop: () => Promise<void>;
}

/**
 * What the workers of a server's jobs work with, wherever they run.
 * @param signal aborted when the process ends.
 */
export function jobSpaceOf(server: FhirServer, settings: JobSettings, signal?: AbortSignal): JobSpace {
  return {
    items: jobItems(settings.table, server.tenant),
    output: settings.output,
    kinds: {
      export: exportKind(server, settings.exportSizes),
      import: importKind(server, (url) => sourceOf(settings, url), settings.importSizes),
      ...reindexes(server, settings),
    },
    now: () => server.now(),
    onProblem: settings.onProblem,
    ...(signal === undefined ? {} : { signal }),
    ...(settings.isShared ? {} : { alone: new Map() }),
    ...settings.space,
  };
}

/** Does the jobs of a server's tenant in this process, beside the requests. */
export function startJobs(server: FhirServer, settings: JobSettings): StartedJobs {
  const { table, segments = 1, importSources = [] } = settings;
  const ending = new AbortController();
  const space = jobSpaceOf(server, settings, ending.signal);
  const running = runJobs(space);
  const jobs = createJobs(space, {
    segments,
    ...settings.limits,
    ...(importSources.length === 0 ? {} : { imports: (url) => isBelowSource(importSources, url) }),
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

/** How the index of a server is made anew, where it can be. */
function reindexes(
  { nextIndex, index }: FhirServer,
  { table, bodies, isShared, reindexPage }: JobSettings,
): JobSpace['kinds'] {
  if (nextIndex === undefined) return {};
  const page = reindexPage === undefined ? {} : { page: reindexPage };
  const space = { table, bodies, index, next: nextIndex, isShared, ...page };
  return { reindex: reindexKind(space) };
}

const ofWeb = webFiles();

/**
 * Where a file is read from. What may be read was decided when the import began, and is here once more.
 * @throws OperationOutcomeError 400 for a URL that is below no source.
 */
function sourceOf({ importSources = [], s3Files }: JobSettings, url: string): InputSource {
  const isSource = isBelowSource(importSources, url);
  if (isSource && /^https?:/.test(url)) return ofWeb;
  if (isSource && url.startsWith('file:')) return localFiles(importSources);
  if (isSource && url.startsWith('s3:') && s3Files !== undefined) return s3Files;
  throw invalidRequest(`${url.split('?')[0] ?? ''} is below no source of imports that can be read here`);
}
