import type { Context, ScheduledEvent } from 'aws-lambda';
import { jobSpaceOf } from '../compose/jobs.js';
import { executionsAt, outputAt, readJobPlaces, s3At } from '../compose/lambda-jobs.js';
import { lambdaLog, named } from '../compose/lambda-log.js';
import type { Environment } from '../compose/lambda-settings.js';
import { once } from '../compose/once.js';
import { openLambda } from '../compose/open-lambda.js';
import { SettingsError } from '../compose/settings-error.js';
import { type JobExecutions, segmentsOf, type SegmentOfJob, segmentStep, sweepJobs } from './job-steps.js';
import type { JobSpace } from './work-segment.js';

/** The Lambda function that works on jobs: steps of a state machine (infra/constructs/job-machine.ts), and each minute. */
const open = once(() => openJobs(process.env));
// Begun while the function starts; a failure is told to the first event, which tries again.
open().catch(() => undefined);

/** A job whose segments are asked for; a segment to work on; a minute of the schedule. */
type JobsEvent =
  | { readonly do: 'segments'; readonly job: string }
  | ({ readonly do: 'segment' } & SegmentOfJob)
  | (ScheduledEvent & { readonly do?: undefined });

/** What is left of the function's time when a step is taken, in milliseconds: files that are open are ended by then. */
const reserve = 60_000;

/** Does one step of a job, or looks after all of them. */
export const handler = async (
  event: JobsEvent,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
): Promise<unknown> => {
  const { space, executions } = await open();
  switch (event.do) {
    case 'segments':
      return { job: event.job, segments: await segmentsOf(space, event.job) };
    case 'segment':
      return segmentStep(space, event, () => context.getRemainingTimeInMillis() < reserve);
    default:
      await sweepJobs(space, executions);
      return undefined;
  }
};

async function openJobs(environment: Environment): Promise<{ space: JobSpace; executions: JobExecutions }> {
  const places = readJobPlaces(environment);
  if (places === undefined) throw new SettingsError('JOBS_BUCKET is not set');
  const { server } = await openLambda(environment, { sealsPages: false });
  const s3 = s3At(places);
  const [client, { s3Files }] = await Promise.all([s3(), import('../persistence/s3/input.js')]);
  const space = jobSpaceOf(server, {
    table: server.table,
    output: outputAt(places, s3),
    importSources: places.importSources,
    s3Files: s3Files(client),
    onProblem: (error, what) => {
      lambdaLog.error(named(error), what);
    },
  });
  return { space, executions: executionsAt(places, () => server.now()) };
}
