import { exportKind, type ExportSizes } from '../bulk/export-segment.js';
import { createJobs, type JobsOptions } from '../bulk/jobs.js';
import { importKind, type ImportSizes } from '../bulk/import-segment.js';
import { runJobs } from '../bulk/run-jobs.js';
import { isBelowSource } from '../bulk/import-sources.js';
import type { JobSpace } from '../bulk/work-segment.js';
import { invalidRequest } from '../fhir/outcome.js';
import type { Tenant } from '../fhir/tenant.js';
import type { Jobs } from '../interactions/jobs/jobs.js';
import type { FhirServer } from '../interactions/server.js';
import { localFiles, webFiles } from '../persistence/input-files.js';
import type { InputSource } from '../persistence/input-source.js';
import { jobItems } from '../persistence/job.js';
import type { OutputStore } from '../persistence/output-store.js';
import type { Table } from '../persistence/table.js';
import type { DefinitionOptions } from './serve.js';
import { tenantMark } from './tenancy-settings.js';

/** What jobs of a server work with. */
export interface JobSettings {
  readonly table: Table;
  readonly output: OutputStore;
  /** Is told of what went wrong, and of what is tried again. */
  readonly onProblem: (error: unknown, what: string) => void;
  /** In how many parts the table is read; 1 without it. */
  readonly segments?: number;
  /** What the URLs of imports begin with; nothing is imported without it. */
  readonly importSources?: readonly string[];
  /** Where objects of S3 are imported from; none are without it. */
  readonly s3Files?: InputSource;
  /** For tests. */
  readonly exportSizes?: ExportSizes;
  readonly importSizes?: ImportSizes;
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
    },
    now: () => server.now(),
    onProblem: settings.onProblem,
    ...(signal === undefined ? {} : { signal }),
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

/** The jobs of all tenants of a version, done in this process. */
export interface JobsOfTenants {
  /** Those of a server's tenant, which are begun to be done when they are first asked for. */
  of(server: FhirServer): Jobs;
  /** Leaves what is under way at its last step. */
  stop(): Promise<void>;
}

/**
 * Does the jobs of a version's tenants in this process, each by itself: its items, its files, and of the sources of
 * imports what stands for it (`{tenant}`).
 */
export function jobsOfTenants(
  table: Table,
  output: (tenant: Tenant) => OutputStore,
  { onJobProblem = () => undefined, jobs = {} }: DefinitionOptions,
  more: Pick<JobSettings, 'segments' | 's3Files'> = {},
): JobsOfTenants {
  const started = new Map<Tenant, StartedJobs>();
  return {
    of(server) {
      const { tenant } = server;
      const known = started.get(tenant);
      if (known !== undefined) return known.jobs;
      const { importSources, ...settings } = jobs;
      const own = startJobs(server, {
        table,
        output: output(tenant),
        onProblem: onJobProblem,
        ...more,
        ...settings,
        ...(importSources === undefined
          ? {}
          : { importSources: importSources.map((each) => each.replaceAll(tenantMark, tenant)) }),
      });
      started.set(tenant, own);
      return own.jobs;
    },
    async stop() {
      await Promise.all([...started.values()].map((each) => each.stop()));
    },
  };
}

/**
 * Where a file is read from. What may be read was decided when the import began, and is here once more.
 * @throws OperationOutcomeError 400 for a URL that is below no source.
 */
function sourceOf({ importSources = [], s3Files }: JobSettings, url: string): InputSource {
  const isSource = isBelowSource(importSources, url);
  if (isSource && /^https?:/.test(url)) return webFiles;
  if (isSource && url.startsWith('file:')) return localFiles;
  if (isSource && url.startsWith('s3:') && s3Files !== undefined) return s3Files;
  throw invalidRequest(`${url.split('?')[0] ?? ''} is below no source of imports that can be read here`);
}
