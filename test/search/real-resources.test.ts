import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { open } from 'lmdb';
import { decimalText } from '../../fhir/json.js';
import type { FhirDefinitions } from '../../fhir/definitions.js';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import type { Resource } from '../../fhir/resource.js';
import type { ExtractedValue, SearchParameterType } from '../../fhir/search-parameter.js';
import { fhirVersions, type FhirVersion } from '../../fhir/version.js';
import { prefixes } from '../../search/interval.js';
import { lmdbSearchIndex } from '../../search/lmdb.js';
import { match } from '../../search/match.js';
import { parseSearch } from '../../search/parse.js';
import { isServedParameter, type ServedParameter } from '../../search/served-parameter.js';
import { escapedValue } from '../../search/escape.js';

/** Resources made by Synthea, with ids of their own. */
function resources(version: FhirVersion): Resource[] {
  const file = new URL(`../fixtures/extraction/synthea-${version}.json`, import.meta.url);
  const all = JSON.parse(readFileSync(file, 'utf8')) as Resource[];
  return all.map((each, i) => ({ ...each, id: String(i + 1) }));
}

/** Values to search for, made from a value a resource has. */
function queriesFor(parameter: { readonly type: SearchParameterType }, { value }: ExtractedValue): string[] {
  const element = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const text = (found: unknown): string[] => (typeof found === 'string' ? [escapedValue(found)] : []);
  switch (parameter.type) {
    case 'token': {
      const [coding] = (element['coding'] as Record<string, unknown>[] | undefined) ?? [element];
      const codes = [...text(coding?.['code']), ...text(coding?.['value']), ...text(value)];
      return [
        ...codes,
        ...text(coding?.['system']).flatMap((system) => [`${system}|`, ...codes.map((code) => `${system}|${code}`)]),
      ];
    }
    case 'date': {
      const dates = [...text(value), ...text(element['start']), ...text(element['end'])];
      return dates.flatMap((date) =>
        prefixes.flatMap((prefix) => [4, 7, 10, 40].map((length) => prefix + date.slice(0, length))),
      );
    }
    case 'reference':
      return text(element['reference']).filter((each) => !each.startsWith('#'));
    case 'string':
      return [value, element['family'], element['city'], element['text']]
        .flatMap(text)
        .flatMap((each) => [each, each.slice(0, 3)]);
    case 'quantity': {
      const number = decimalText(element['value']);
      if (number === undefined) return [];
      const unit = text(element['unit']).map((each) => `||${each}`);
      const coded = text(element['code']).flatMap((code) =>
        text(element['system']).map((system) => `|${system}|${code}`),
      );
      return ['', ...unit, ...coded].flatMap((each) => prefixes.map((prefix) => prefix + number + each));
    }
    default:
      return [...text(value), ...(typeof value === 'number' ? [String(value), `gt${String(value)}`] : [])];
  }
}

/** Values of a composite, made from those of one element: each query of a component with the first of the others. */
function compositeQueries({ components }: ServedParameter, element: ExtractedValue, resource: Resource): string[] {
  const [first = [], ...others] = components.map((component) =>
    component.extract(element, resource).flatMap((each) => queriesFor(component, each)),
  );
  if (others.length !== 1) return [];
  return first.slice(0, 3).flatMap((left) =>
    others
      .flat()
      .slice(0, 40)
      .map((right) => `${left}$${right}`),
  );
}

/** Searches by every served parameter of a type, for values there are, and orders by each. */
function searches(definitions: FhirDefinitions, type: string, all: readonly Resource[]): [string, string][] {
  const modified: Readonly<Record<string, readonly string[]>> = {
    token: ['', ':not'],
    string: ['', ':exact', ':contains'],
  };
  return definitions.searchParameters
    .ofType(type)
    .filter(isServedParameter)
    .flatMap((parameter) => {
      const { code } = parameter;
      const values = new Set(
        all
          .flatMap((each) =>
            parameter
              .extract(each)
              .slice(0, 1)
              .flatMap((element) =>
                parameter.type === 'composite'
                  ? compositeQueries(parameter, element, each)
                  : queriesFor(parameter, element),
              ),
          )
          .slice(0, 200),
      );
      const modifiers = modified[parameter.type] ?? [''];
      return [
        ...[...values]
          .filter((value) => value !== '')
          .flatMap((value) => modifiers.map((modifier): [string, string] => [code + modifier, value])),
        ...['true', 'false'].map((value): [string, string] => [`${code}:missing`, value]),
        ...(parameter.type === 'composite'
          ? []
          : ['', '-'].map((direction): [string, string] => ['_sort', direction + code])),
      ];
    });
}

test.each(fhirVersions)(
  '%s: by every parameter of real resources, the index finds what a scan finds',
  async (version) => {
    const definitions = await loadDefinitions(version);
    const folder = mkdtempSync(join(tmpdir(), 'real-resources-'));
    const root = open({ path: folder, cache: false, noSync: true });
    const all = resources(version);
    const options = { handling: 'strict', defaultCount: 20, maxCount: 1000, now: Date.UTC(2026, 0, 1) } as const;
    try {
      // Half of the searches collect what they find, half walk along the lists.
      const limits = [undefined, { collected: 0, sorted: 0 }];
      const indexes = limits.map((limit, i) => lmdbSearchIndex(root, String(i), definitions, limit).index);
      for (const index of indexes) {
        await index.put(
          all.map((resource) => ({
            type: resource.resourceType,
            id: resource.id ?? '',
            versionId: 1,
            lastUpdated: '2020-01-01T00:00:00.000Z',
            compartments: [],
            resource,
          })),
        );
      }
      let found = 0;
      for (const type of new Set(all.map(({ resourceType }) => resourceType))) {
        const ofType = all.filter(({ resourceType }) => resourceType === type);
        for (const [i, parameter] of searches(definitions, type, ofType).entries()) {
          const request = parseSearch(definitions, type, [parameter], options);
          const wanted = ofType.filter((each) => match(request, each)).map(({ id }) => id ?? '');
          const page = await indexes[i % 2]?.search({ request, access: { kind: 'everything' }, limit: 1000 });
          const hits = page?.hits.filter(({ id }) => match(request, all[Number(id) - 1] ?? { resourceType: '' }));
          expect([type, parameter, hits?.map(({ id }) => id).sort()]).toEqual([type, parameter, wanted.sort()]);
          found += wanted.length;
        }
      }
      expect(found).toBeGreaterThan(1_000);
    } finally {
      await root.close();
      rmSync(folder, { recursive: true });
    }
  },
);
