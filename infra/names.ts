import { Aws } from 'aws-cdk-lib/core';
import type { Stage } from './read-settings.js';
import type { FhirVersion } from './settings.js';

/** The functions; their code is `dist/lambda/<name>`. Each FHIR version has one of each. */
export type FunctionName =
  | 'rest'
  | 'resolvers'
  | 'indexer'
  | 'publisher'
  | 'notifier'
  | 'sweeper'
  | 'jobs'
  | 'prepare'
  | 'search-access'
  | 'add-claims'
  | 'publish-console';

/** What the names of a stage's resources begin with. */
export const prefixOf = ({ stage }: Stage): string => `fhir-${stage}`;

/** The first part of the sign-in page's host. */
export const signInPrefix = (stage: Stage): string =>
  stage.signInPrefix === '' ? `${prefixOf(stage)}-${Aws.ACCOUNT_ID}` : stage.signInPrefix;

/** The URL of the sign-in page and of the token endpoint's host, without a slash at the end. */
export const signInUrl = (stage: Stage): string =>
  `https://${signInPrefix(stage)}.auth.${Aws.REGION}.amazoncognito.com`;

/** The alias of a version's search index, and in front of a number the name of the index behind it. */
export const indexAlias = (stage: Stage, version: FhirVersion): string => `${prefixOf(stage)}-${version}`;

/** The name of a function's role, with its version if it has one: the search domain must know roles before they are made. */
export const roleName = (stage: Stage, name: FunctionName, version?: FhirVersion): string =>
  [prefixOf(stage), ...(version === undefined ? [] : [version]), name, Aws.REGION].join('-');

/** The ARN of a function's role. */
export const roleArn = (stage: Stage, name: FunctionName, version?: FhirVersion): string =>
  `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:role/${roleName(stage, name, version)}`;

/** The name of the state machine that works on a version's jobs. */
export const jobMachineName = (stage: Stage, version: FhirVersion): string => `${prefixOf(stage)}-${version}-jobs`;

/** Its ARN: what begins jobs is told of it before it is made. */
export const jobMachineArn = (stage: Stage, version: FhirVersion): string =>
  `arn:${Aws.PARTITION}:states:${Aws.REGION}:${Aws.ACCOUNT_ID}:stateMachine:${jobMachineName(stage, version)}`;

/** `R4`, `Stu3`: a version in the names of stacks and constructs. */
export const titleOf = (version: FhirVersion): string => version.charAt(0).toUpperCase() + version.slice(1);
