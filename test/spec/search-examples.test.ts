import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { unpackArtifact } from '../../codegen/load/maven.js';
import type { FhirDefinitions } from '../../fhir/definitions.js';
import { parseJson } from '../../fhir/json.js';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import type { Resource } from '../../fhir/resource.js';
import type { FhirVersion } from '../../fhir/version.js';
import { escapedValue } from '../../search/escape.js';
import { documentTerms } from '../../search/document.js';
import { match } from '../../search/match.js';
import { parameterTypes, type ServedType } from '../../search/parameter-types.js';
import { parseSearch } from '../../search/parse.js';
import { parameterValues } from '../../search/parameter-values.js';
import { type Filter, requireUnchained, type ValueFilter } from '../../search/request.js';
import { isServedParameter, type ServedParameter } from '../../search/served-parameter.js';
import { inRange } from '../../search/term.js';
import { compositeQueries, queriesFor } from '../support/queries-for.js';

/** So many values a parameter are looked for. */
const enough = 20;
/** Longer examples are definitions of FHIR itself in one bundle. */
const maxCharacters = 1_000_000;

/** The examples of a folder by resource type; a few files are no JSON or no resource. */
function examplesIn(folder: string): Map<string, Resource[]> {
  const byType = new Map<string, Resource[]>();
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!file.endsWith('.json')) continue;
    const text = readFileSync(join(folder, file), 'utf8').replace(/^\uFEFF/, '');
    if (text.length > maxCharacters || !text.includes('"resourceType"')) continue;
    const resource = parseJson(text) as Resource;
    byType.set(resource.resourceType, [...(byType.get(resource.resourceType) ?? []), resource]);
  }
  return byType;
}

const rangesOf = <T extends ServedType>({ type, queries }: ValueFilter<T>) =>
  queries.flatMap((query) => parameterTypes[type].ranges(query).ranges);

/** Whether an index of the resource's terms would give it as a candidate. */
function isCandidate(definitions: FhirDefinitions, filter: Filter, resource: Resource): boolean {
  if (filter.kind !== 'values') return false;
  const terms = documentTerms(definitions, resource)[filter.parameter.code] ?? [];
  const ranges = rangesOf<ServedType>(filter);
  return terms.some((term) => ranges.some((range) => inRange(term, range)));
}

/** Names, with modifiers for what is only a text or an identifier, and values. */
function searchesFor(parameter: ServedParameter, resource: Resource): [string, string][] {
  const { code, type } = parameter;
  return parameter.extract(resource).flatMap((each): [string, string][] => {
    if (type === 'composite') return compositeQueries(parameter, each, resource).map((value) => [code, value]);
    const element = each.value as {
      text?: string;
      coding?: { display?: string }[];
      display?: string;
      type?: { text?: string };
      identifier?: unknown;
    };
    const displays = (element.coding ?? []).map(({ display }) => display);
    const texts = type === 'token' ? [element.text, element.display, ...displays, element.type?.text] : [];
    const identifiers =
      type === 'reference' ? queriesFor({ type: 'token' }, { type: 'Identifier', value: element.identifier }) : [];
    return [
      ...queriesFor(parameter, each).map((value): [string, string] => [code, value]),
      ...texts.flatMap((text): [string, string][] =>
        text === undefined ? [] : [[`${code}:text`, escapedValue(text)]],
      ),
      ...identifiers.map((value): [string, string] => [`${code}:identifier`, value]),
    ];
  });
}

/** A composite whose code is only a text cannot be asked for: composites have no `:text`. */
const isSearchable = (parameter: ServedParameter, resource: Resource): boolean =>
  parameter.type === 'composite'
    ? searchesFor(parameter, resource).length > 0
    : (parameterValues(parameter.type, parameter, resource)?.length ?? 0) > 0;

/** STU3's `near` stands beside its distance. */
const pairsOf = (version: FhirVersion, name: string, value: string): [string, string][] =>
  name === 'near' && version === 'stu3'
    ? [
        ['near', value.replace('|', ':')],
        ['near-distance', '1||km'],
      ]
    : [[name, value]];

const check = async (version: FhirVersion, folder: string): Promise<void> => {
  const definitions = await loadDefinitions(version);
  const examples = examplesIn(folder);
  const notFound: string[] = [];
  let searched = 0;
  for (const type of definitions.resourceTypes) {
    for (const parameter of definitions.searchParameters.ofType(type).filter(isServedParameter)) {
      const having = (examples.get(type) ?? []).filter((example) => isSearchable(parameter, example));
      if (having.length === 0) continue;
      searched += 1;
      const isFound = having.slice(0, enough).some((example) =>
        searchesFor(parameter, example).some(([name, value]) => {
          const options = { handling: 'strict', defaultCount: 20, maxCount: 1000, now: Date.UTC(2026, 0, 1) } as const;
          const request = requireUnchained(parseSearch(definitions, type, pairsOf(version, name, value), options));
          const isMatch = match(request, example);
          const [filter] = request.filters;
          if (isMatch && (filter === undefined || !isCandidate(definitions, filter, example)))
            notFound.push(`${type}?${name}=${value} is in no index`);
          return isMatch;
        }),
      );
      if (!isFound) notFound.push(`${type}?${parameter.code}`);
    }
  }
  expect(notFound).toEqual([]);
  expect(searched).toBeGreaterThan(1_000);
};

test('by every search parameter of R4, an example that has a value is found by it', async () => {
  const folder = await unpackArtifact('com.ibm.fhir:fhir-examples:4.11.1', 'json/**');
  await check('r4', join(folder, 'json'));
});

const stu3 = process.env['FHIR_STU3_EXAMPLES'];
(stu3 === undefined ? test.skip : test)(
  'by every search parameter of STU3, an example in FHIR_STU3_EXAMPLES that has a value is found by it',
  async () => {
    await check('stu3', stu3 ?? '');
  },
);
