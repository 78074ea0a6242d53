import type { Tenant } from '../fhir/tenant.js';
import type { Jobs } from '../interactions/jobs/jobs.js';
import type { FhirServer } from '../interactions/server.js';
import type { OutputStore } from '../persistence/output-store.js';
import type { Table } from '../persistence/table.js';
import { type JobSettings, type StartedJobs, startJobs } from './jobs.js';
import type { DefinitionOptions } from './serve.js';
import { ownSources } from './tenancy-settings.js';

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
  more: Pick<JobSettings, 'segments' | 's3Files' | 'bodies' | 'isShared'>,
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
        ...(importSources === undefined ? {} : { importSources: ownSources(importSources, tenant) }),
      });
      started.set(tenant, own);
      return own.jobs;
    },
    async stop() {
      await Promise.all([...started.values()].map((each) => each.stop()));
    },
  };
}
