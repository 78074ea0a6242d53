import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { SourceDefinitions } from '../../codegen/definitions.js';
import { loadSource } from '../../codegen/load/load-source.js';
import { unpackArtifact } from '../../codegen/load/maven.js';
import type { FhirDefinitions } from '../../fhir/definitions.js';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import type { Resource } from '../../fhir/resource.js';
import { type FhirVersion, fhirVersions } from '../../fhir/version.js';
import { acceptedDifferences } from '../support/accepted-differences.js';
import { completeResource } from '../support/complete-resource.js';
import { compareExtraction, type PairExpressions } from '../support/extraction-oracle.js';
import { pairExpressions } from '../support/pair-expressions.js';

/** A folder of STU3 examples, JSON, one resource a file; there is none on Maven. */
const stu3Examples = process.env['FHIR_STU3_EXAMPLES'];
/** Enough to have every type of every `value[x]` that a search parameter selects. */
const variants = 12;

const jsonFilesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(folder, name));

/** The resource in a file; undefined for the few that are not JSON, being negative examples. */
function readResource(file: string): Resource | undefined {
  try {
    const resource = JSON.parse(readFileSync(file, 'utf8')) as Partial<Resource>;
    return resource.resourceType === undefined ? undefined : (resource as Resource);
  } catch {
    return undefined;
  }
}

class Comparison {
  /** The (resource, pair) cases compared. */
  cases = 0;
  readonly differing = new Set<string>();
  readonly selected = new Set<string>();
  private readonly version: FhirVersion;
  private readonly definitions: FhirDefinitions;
  private readonly expressions: Readonly<Record<string, PairExpressions>>;

  constructor(definitions: FhirDefinitions, expressions: Readonly<Record<string, PairExpressions>>) {
    this.version = definitions.version;
    this.definitions = definitions;
    this.expressions = expressions;
  }

  add(resource: Resource): void {
    for (const definition of this.definitions.searchParameters.ofType(resource.resourceType)) {
      const pair = `${resource.resourceType}.${definition.code}`;
      const expressions = this.expressions[pair];
      if (expressions === undefined) continue;
      this.cases += 1;
      for (const { pair: place } of compareExtraction(this.version, definition, expressions, resource)) {
        this.differing.add(place);
      }
      const elements = definition.extract(resource);
      const isFull = definition.components.every((component) =>
        elements.some((element) => component.extract(element, resource).length > 0),
      );
      if (elements.length > 0 && isFull) this.selected.add(pair);
    }
  }
}

describe.each(fhirVersions)('the extractors of %s', (version) => {
  let source: SourceDefinitions;
  let definitions: FhirDefinitions;
  let expressions: Record<string, PairExpressions>;
  beforeAll(async () => {
    source = await loadSource(version);
    definitions = await loadDefinitions(version);
    expressions = pairExpressions(source, definitions.resourceTypes);
  });

  test('select what fhirpath.js selects in resources where every element has a value; every pair selects something', () => {
    const comparison = new Comparison(definitions, expressions);
    for (const type of definitions.resourceTypes) {
      for (let variant = 0; variant < variants; variant += 1) {
        comparison.add(completeResource(source, type, variant));
      }
    }
    const accepted = Object.keys(acceptedDifferences[version]);
    expect([...comparison.differing].filter((pair) => !accepted.includes(pair))).toEqual([]);
    expect(Object.keys(expressions).filter((pair) => !comparison.selected.has(pair))).toEqual([]);
  });

  const examples = version === 'r4' || (stu3Examples !== undefined && existsSync(stu3Examples)) ? test : test.skip;
  examples('select what fhirpath.js selects in the examples', async () => {
    const folder =
      version === 'r4' ? await unpackArtifact('com.ibm.fhir:fhir-examples:4.11.1', 'json/**') : stu3Examples;
    const comparison = new Comparison(definitions, expressions);
    for (const file of jsonFilesBelow(folder ?? '')) {
      const resource = readResource(file);
      if (resource !== undefined) comparison.add(resource);
    }
    const accepted = Object.keys(acceptedDifferences[version]);
    expect([...comparison.differing].filter((pair) => !accepted.includes(pair))).toEqual([]);
    expect(comparison.cases).toBeGreaterThan(10_000);
  });

  test('are compared in `npm test` with the expressions of the definitions', () => {
    const file = join(import.meta.dirname, '..', 'fixtures', 'extraction', `expressions-${version}.json`);
    const committed = JSON.parse(readFileSync(file, 'utf8')) as Record<string, PairExpressions>;
    for (const [pair, expression] of Object.entries(committed))
      expect([pair, expression]).toEqual([pair, expressions[pair]]);
  });
});
