import { expect, test } from '@jest/globals';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import type { Resource } from '../../fhir/resource.js';
import { type FhirVersion } from '../../fhir/version.js';
import { match } from '../../search/match.js';
import { requireUnchained } from '../../search/request.js';
import { type ParseOptions, parseSearch } from '../../search/parse.js';

const definitions = { r4: await loadDefinitions('r4'), stu3: await loadDefinitions('stu3') };

/** What queries of the tests are read with; the clock stands at the start of 2026. */
const options: ParseOptions = {
  handling: 'strict',
  baseUrl: 'http://own.org/r4',
  defaultCount: 20,
  maxCount: 1000,
  now: Date.UTC(2026, 0, 1),
};

/** Whether a resource matches a query of its type, written as in a URL. */
export const matches = (
  query: string,
  resource: Resource,
  version: FhirVersion = 'r4',
  more: Partial<ParseOptions> = {},
): boolean =>
  match(
    requireUnchained(
      parseSearch(definitions[version], resource.resourceType, [...new URLSearchParams(query)], {
        ...options,
        ...more,
      }),
    ),
    resource,
  );

/** Tests of queries that match one resource, and of queries that do not. */
export function examples(
  resource: Resource,
  matching: readonly string[],
  others: readonly string[],
  version: FhirVersion = 'r4',
): void {
  for (const query of matching) {
    test(`${query} matches`, () => {
      expect(matches(query, resource, version)).toBe(true);
    });
  }
  for (const query of others) {
    test(`${query} does not match`, () => {
      expect(matches(query, resource, version)).toBe(false);
    });
  }
}
