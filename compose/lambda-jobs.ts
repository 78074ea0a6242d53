import { createJobs } from '../bulk/jobs.js';
import { isBelowSource } from '../bulk/import-sources.js';
import type { JobExecutions } from '../bulk/job-steps.js';
import type { JobSpace } from '../bulk/work-segment.js';
import type { Tenant } from '../fhir/tenant.js';
import type { Jobs } from '../interactions/jobs/jobs.js';
import { jobItems } from '../persistence/job.js';
import type { OutputStore } from '../persistence/output-store.js';
import type { BucketClients } from './connect-bucket.js';
import { lambdaLog, named } from './lambda-log.js';
import { type Environment, optional, optionalUrl, required } from './lambda-settings.js';
import { folderOf } from './of-tenants.js';
import { once } from './once.js';
import type { ServerOnAws } from './on-aws.js';
import { SettingsError } from './settings-error.js';
import { ownSources } from './tenancy-settings.js';

/** Where the jobs of a function's server are done, and their files are. */
export interface JobPlaces {
  readonly bucket: string;
  /** What the keys of files begin with. */
  readonly folder: string;
  /** The ARN of the state machine that works on jobs. */
  readonly stateMachine: string;
  /** In how many parts the table is read. */
  readonly segments: number;
  /** What the URLs of imports begin with. */
  readonly importSources: readonly string[];
  readonly region: string | undefined;
  /** Emulators of S3 and of Step Functions. */
  readonly s3Endpoint: string | undefined;
  readonly statesEndpoint: string | undefined;
}

/**
 * Reads where jobs are done.
 * @returns undefined where there are none: `JOBS_BUCKET` is not set.
 * @throws SettingsError for what is missing or cannot be used.
 */
export function readJobPlaces(environment: Environment): JobPlaces | undefined {
  const bucket = optional(environment, 'JOBS_BUCKET');
  if (bucket === undefined) return undefined;
  const segments = Number(optional(environment, 'JOB_SEGMENTS') ?? '4');
  if (!Number.isInteger(segments) || segments < 1 || segments > mostSegments) {
    throw new SettingsError(`JOB_SEGMENTS may be a whole number from 1 to ${String(mostSegments)}`);
  }
  return {
    bucket,
    folder: `${required(environment, 'TABLE_NAME')}/jobs`,
    stateMachine: required(environment, 'JOBS_STATE_MACHINE'),
    segments,
    importSources: (optional(environment, 'IMPORT_SOURCES') ?? '').split(/[\s,]+/).filter((source) => source !== ''),
    region: optional(environment, 'AWS_REGION'),
    s3Endpoint: optionalUrl(environment, 'S3_ENDPOINT'),
    statesEndpoint: optionalUrl(environment, 'STATES_ENDPOINT'),
  };
}

/** Items of segments have four digits. */
const mostSegments = 1_000;

/** The executions that work on jobs; their client is made by the first call. */
export function executionsAt({ stateMachine, statesEndpoint, region }: JobPlaces, now: () => number): JobExecutions {
  const open = once(async () =>
    (await import('../bulk/executions.js')).openExecutions({
      stateMachine,
      now,
      ...(statesEndpoint === undefined ? {} : { endpoint: statesEndpoint }),
      ...(region === undefined ? {} : { region }),
    }),
  );
  return {
    underWay: async () => (await open()).underWay(),
    start: async (job, tenant) => {
      await (await open()).start(job, tenant);
    },
  };
}

/** S3's client, made by the first call. */
export const s3At = ({ s3Endpoint, region }: JobPlaces): (() => Promise<BucketClients['s3']>) =>
  once(async () => (await import('./connect-bucket.js')).bucketClients(s3Endpoint, region).s3);

/** The files of jobs; nothing of S3 is loaded before the first call. */
export function outputAt(
  { bucket, folder }: JobPlaces,
  tenant: Tenant,
  s3: () => Promise<BucketClients['s3']>,
): OutputStore {
  const open = once(async () =>
    (await import('../persistence/s3/output.js')).s3Output(await s3(), bucket, folderOf(folder, tenant)),
  );
  return {
    create: async (key) => (await open()).create(key),
    read: async (key) => (await open()).read(key),
    remove: async (job) => {
      await (await open()).remove(job);
    },
    signedUrl: async (key, seconds) => (await open()).signedUrl(key, seconds),
  };
}

/**
 * The jobs of tenants of a server that begins them and has others work on them. One that nobody could be told of has begun
 * as well: who looks after jobs each minute has it worked on.
 */
export function jobsElsewhere(server: Pick<ServerOnAws, 'table' | 'now'>, places: JobPlaces): (tenant: Tenant) => Jobs {
  const { table } = server;
  const now = (): number => server.now();
  const executions = executionsAt(places, now);
  const s3 = s3At(places);
  return (tenant) => {
    const importSources = ownSources(places.importSources, tenant);
    const space: JobSpace = {
      items: jobItems(table, tenant),
      output: outputAt(places, tenant, s3),
      kinds: {},
      now,
      onProblem: () => undefined,
    };
    return createJobs(space, {
      segments: places.segments,
      ...(importSources.length === 0 ? {} : { imports: (url) => isBelowSource(importSources, url) }),
      countItems: () => table.countItems?.() ?? Promise.resolve(undefined),
      async onBegun(id) {
        try {
          await executions.start(id, tenant);
        } catch (error) {
          lambdaLog.error(named(error), 'a job has begun that nobody works on yet');
        }
      },
    });
  };
}
