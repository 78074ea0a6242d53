import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { indexAlias, jobMachineArn } from './names.js';
import { askSearch, readAndWriteBodies, readAndWriteTable } from './permissions.js';
import type { Stage } from './read-settings.js';
import type { FhirVersion } from './settings.js';

/** Where the data of a stage is. */
export interface DataPlaces {
  readonly key: IKey;
  readonly bodies: IBucket;
  /** What jobs write, for a day. */
  readonly files: IBucket;
  readonly tables: ReadonlyMap<FhirVersion, ITable>;
  readonly search: {
    readonly endpoint: string;
    /** The domain's ARN; undefined for an OpenSearch that was there before. */
    readonly arn: string | undefined;
  };
}

/** The table of a version. */
export function tableOf({ tables }: Pick<DataPlaces, 'tables'>, version: FhirVersion): ITable {
  const table = tables.get(version);
  if (table === undefined) throw new Error(`The stage has no table of ${version}`);
  return table;
}

/** The variables that every function of a version has; docs/environment-variables.md tells what they mean. */
export const functionEnvironment = (
  stage: Stage,
  version: FhirVersion,
  data: DataPlaces,
): Readonly<Record<string, string>> => ({
  FHIR_VERSION: version,
  TABLE_NAME: tableOf(data, version).tableName,
  INDEX_ALIAS: indexAlias(stage, version),
  OPENSEARCH_ENDPOINT: data.search.endpoint,
  BODIES_BUCKET: data.bodies.bucketName,
  AUTHORIZATION: stage.authorization,
  AUDIT: stage.audit,
  VALIDATION: stage.validation,
  CONDITIONAL_DELETE: stage.conditionalDelete,
  CONSISTENCY: stage.consistency,
  LOG_LEVEL: stage.logLevel,
  ...(stage.subscriptionEndpoints.length === 0
    ? {}
    : { SUBSCRIPTION_ENDPOINTS: stage.subscriptionEndpoints.join(',') }),
  ...tenancyEnvironment(stage),
});

/** What functions and resolvers are told where tenants share the deployment; nothing where they do not. */
export const tenancyEnvironment = ({ tenancy }: Pick<Stage, 'tenancy'>): Readonly<Record<string, string>> =>
  tenancy === 'off' ? {} : { TENANCY: tenancy };

/** The variables of what begins jobs or works on them. */
export const jobsEnvironment = (
  stage: Stage,
  version: FhirVersion,
  { files }: DataPlaces,
): Readonly<Record<string, string>> => ({
  JOBS_BUCKET: files.bucketName,
  JOBS_STATE_MACHINE: jobMachineArn(stage, version),
  JOB_SEGMENTS: stage.jobs.segments.toString(),
  ...(stage.importSources.length === 0 ? {} : { IMPORT_SOURCES: stage.importSources.join(',') }),
});

/** To ask the search index, where it is in a domain of AWS. */
export const askIndex = ({ search }: DataPlaces): readonly PolicyStatement[] =>
  search.arn === undefined ? [] : [askSearch(search.arn)];

/** What functions may do that read, search and write resources. */
export const useResources = (data: DataPlaces, version: FhirVersion): readonly PolicyStatement[] => [
  readAndWriteTable(tableOf(data, version)),
  ...readAndWriteBodies(data.bodies),
  ...askIndex(data),
];
