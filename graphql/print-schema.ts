import { printSchema } from 'graphql';
import { loadDefinitions } from '../fhir/load-definitions.js';
import type { FhirVersion } from '../fhir/version.js';
import { makeSchema } from './schema.js';

/**
 * What introspection of `$graphql` tells, in GraphQL's schema language: shipped with the console, which then needs none.
 * @returns 2.5 MB of text for R4.
 */
export const operationSchema = async (version: FhirVersion): Promise<string> =>
  printSchema(await makeSchema(await loadDefinitions(version)));
