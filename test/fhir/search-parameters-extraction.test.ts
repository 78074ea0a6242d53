import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import type { Resource } from '../../fhir/resource.js';
import { fhirVersions } from '../../fhir/version.js';
import { compareExtraction, type PairExpressions } from '../support/extraction-oracle.js';

const fixtures = join(import.meta.dirname, '..', 'fixtures', 'extraction');
const read = (name: string): unknown => JSON.parse(readFileSync(join(fixtures, name), 'utf8'));

describe.each(fhirVersions)('on Synthea resources (%s) the extractors select what fhirpath.js selects', (version) => {
  const expressions = read(`expressions-${version}.json`) as Record<string, PairExpressions>;
  const resources = read(`synthea-${version}.json`) as Resource[];
  const types = [...new Set(resources.map(({ resourceType }) => resourceType))];

  test.each(types)('%s', async (type) => {
    const { searchParameters } = await loadDefinitions(version);
    let selected = 0;
    for (const resource of resources.filter(({ resourceType }) => resourceType === type)) {
      for (const definition of searchParameters.ofType(type)) {
        const pair = expressions[`${type}.${definition.code}`];
        if (pair === undefined) {
          expect(definition.type).toBe('special');
          continue;
        }
        expect(compareExtraction(version, definition, pair, resource)).toEqual([]);
        selected += definition.extract(resource).length;
      }
    }
    expect(selected).toBeGreaterThan(0);
  });
});
