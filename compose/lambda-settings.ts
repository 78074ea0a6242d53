import { type Authorization, authorizations } from '../auth/authorizers.js';
import { type FhirVersion, fhirVersions } from '../fhir/version.js';
import type { AllowedEndpoints } from '../indexer/endpoint.js';
import {
  conditionalDeletes,
  validations,
  type ConditionalDelete,
  type Consistency,
  type Validation,
} from '../interactions/server.js';
import { readAllowedEndpoints } from './allowed-endpoints.js';
import type { EnginePlaces } from './connect.js';
import type { Tenancy } from '../interactions/tenancy.js';
import { oneOf, SettingsError } from './settings-error.js';
import { tenancyOf } from './tenancy-settings.js';

/** What a Lambda function is told by its environment; see docs/environment-variables.md. */
export interface LambdaSettings extends EnginePlaces {
  readonly version: FhirVersion;
  /** The DynamoDB table's name. */
  readonly table: string;
  /** The alias of the OpenSearch index. */
  readonly alias: string;
  readonly authorization: Authorization;
  readonly audit: 'on' | 'off';
  readonly validation: Validation;
  readonly conditionalDelete: ConditionalDelete;
  readonly consistency: Consistency;
  /** Where Subscriptions may have notifications sent; nobody is notified without it. */
  readonly subscriptions: AllowedEndpoints | undefined;
  /** How tenants share the deployment; undefined where it is one's. */
  readonly tenancy: Tenancy | undefined;
}

/** The variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The text of a variable; undefined when it is not set or empty. */
export const optional = (environment: Environment, name: string): string | undefined =>
  environment[name]?.trim() || undefined;

/**
 * The text of a variable.
 * @throws SettingsError when it is not set or empty.
 */
export function required(environment: Environment, name: string): string {
  const text = optional(environment, name);
  if (text === undefined) throw new SettingsError(`${name} is not set`);
  return text;
}

/**
 * A variable that is a URL, no slash at the end.
 * @throws SettingsError when it is set and none; it does not quote it, since it may hold a password.
 */
export function optionalUrl(environment: Environment, name: string): string | undefined {
  const text = optional(environment, name)?.replace(/\/+$/, '');
  if (text === undefined || (/^https?:/.test(text) && URL.canParse(text))) return text;
  throw new SettingsError(`${name} is no URL such as https://example.org`);
}

/**
 * Reads what every Lambda function is told.
 * @throws SettingsError for what is missing or cannot be used.
 */
export function readLambdaSettings(environment: Environment): LambdaSettings {
  const setting = (name: string, standard: string): string => optional(environment, name) ?? standard;
  const word = <Word extends string>(name: string, standard: Word, allowed: readonly Word[]): Word =>
    oneOf(name, setting(name, standard).toLowerCase(), allowed);
  const openSearchEndpoint = optionalUrl(environment, 'OPENSEARCH_ENDPOINT');
  if (openSearchEndpoint === undefined) throw new SettingsError('OPENSEARCH_ENDPOINT is not set');
  const bucket = optional(environment, 'BODIES_BUCKET');
  return {
    version: oneOf('FHIR_VERSION', required(environment, 'FHIR_VERSION'), fhirVersions),
    table: required(environment, 'TABLE_NAME'),
    alias: required(environment, 'INDEX_ALIAS'),
    dynamoDbEndpoint: optionalUrl(environment, 'DYNAMODB_ENDPOINT'),
    openSearchEndpoint,
    bodies: bucket === undefined ? undefined : { bucket, endpoint: optionalUrl(environment, 'S3_ENDPOINT') },
    region: optional(environment, 'AWS_REGION'),
    authorization: word('AUTHORIZATION', 'roles', authorizations),
    audit: word('AUDIT', 'off', ['on', 'off']),
    validation: word<Validation>('VALIDATION', 'full', validations),
    conditionalDelete: word<ConditionalDelete>('CONDITIONAL_DELETE', 'single', conditionalDeletes),
    subscriptions: readAllowedEndpoints(setting),
    consistency: word<Consistency>('CONSISTENCY', 'eventual', ['eventual', 'strong']),
    tenancy: tenancyOf(setting),
  };
}
