import type { Context, ScheduledEvent } from 'aws-lambda';
import { jobSpaceOf } from '../compose/jobs.js';
import { executionsAt, outputAt, readJobPlaces, s3At } from '../compose/lambda-jobs.js';
import { lambdaLog, named, wordless } from '../compose/lambda-log.js';
import type { Environment } from '../compose/lambda-settings.js';
import { once } from '../compose/once.js';
import { ofTenants } from '../compose/of-tenants.js';
import { openLambda } from '../compose/open-lambda.js';
import { SettingsError } from '../compose/settings-error.js';
import { ownSources } from '../compose/tenancy-settings.js';
import type { Tenant } from '../fhir/tenant.js';
import type { Table } from '../persistence/table.js';
import { tenantsIn } from '../persistence/tenants.js';
import { type JobExecutions, segmentsOf, type SegmentOfJob, segmentStep, sweepJobs } from './job-steps.js';
import type { JobSpace } from './work-segment.js';

/** The Lambda function that works on jobs: steps of a state machine (infra/constructs/job-machine.ts), and each minute. */
const open = once(() => openJobs(process.env));
// Begun while the function starts; a failure is told to the first event, which tries again.
open().catch(() => undefined);

/** A job whose segments are asked for; a segment to work on; a minute of the schedule. */
type JobsEvent =
  | { readonly do: 'segments'; readonly tenant: Tenant; readonly job: string }
  | ({ readonly do: 'segment'; readonly tenant: Tenant } & SegmentOfJob)
  | (ScheduledEvent & { readonly do?: undefined });

/** What is left of the function's time when a step is taken, in milliseconds: files that are open are ended by then. */
const reserve = 60_000;

/** Does one step of a job, or looks after all of them. */
export const handler = wordless(
  async (event: JobsEvent, context: Pick<Context, 'getRemainingTimeInMillis'>): Promise<unknown> => {
    const { spaceOf, executions, table } = await open();
    switch (event.do) {
      case 'segments':
        return { ...event, segments: await segmentsOf(spaceOf(event.tenant), event.job) };
      case 'segment':
        return {
          tenant: event.tenant,
          ...(await segmentStep(spaceOf(event.tenant), event, () => context.getRemainingTimeInMillis() < reserve)),
        };
      default:
        for (const tenant of await tenantsIn(table)) await sweepJobs(spaceOf(tenant), tenant, executions);
        return undefined;
    }
  },
);

interface OpenJobs {
  readonly table: Table;
  readonly executions: JobExecutions;
  readonly spaceOf: (tenant: Tenant) => JobSpace;
}

async function openJobs(environment: Environment): Promise<OpenJobs> {
  const places = readJobPlaces(environment);
  if (places === undefined) throw new SettingsError('JOBS_BUCKET is not set');
  const { server, bodies } = await openLambda(environment, { sealsPages: false });
  const { table, ofTenant } = server;
  const s3 = s3At(places);
  const [client, { s3Files }] = await Promise.all([s3(), import('../persistence/s3/input.js')]);
  const spaceOf = ofTenants((tenant) =>
    jobSpaceOf(ofTenant(tenant), {
      table,
      bodies,
      isShared: true,
      output: outputAt(places, tenant, s3),
      importSources: ownSources(places.importSources, tenant),
      s3Files: s3Files(client),
      onProblem: (error, what) => {
        lambdaLog.error(named(error), what);
      },
    }),
  );
  return { table, spaceOf, executions: executionsAt(places, () => server.now()) };
}
