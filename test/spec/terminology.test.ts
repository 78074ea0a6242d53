import { describe, expect, test } from '@jest/globals';
import { loadSource } from '../../codegen/load/load-source.js';
import { loadBaseTerminology } from '../../fhir/terminology/base.js';
import type { CodeSystem, ConceptDefinition, Designation } from '../../fhir/terminology/code-system.js';
import { conceptsOf } from '../../fhir/terminology/concepts.js';
import type { ConceptSet } from '../../fhir/terminology/value-set.js';
import { fhirVersions } from '../../fhir/version.js';

/** A designation without the use that codegen leaves out. */
const designation = ({ use, ...rest }: Designation): Designation =>
  use === undefined || (use.code === 'display' && use.system?.endsWith('/designation-usage') === true)
    ? rest
    : { ...rest, use };

const concept = (each: ConceptDefinition, withDefinition: boolean): ConceptDefinition => {
  const { definition, designation: designations, concept: children, ...rest } = each;
  return {
    ...rest,
    ...(withDefinition && definition !== undefined ? { definition } : {}),
    ...(designations === undefined ? {} : { designation: designations.map(designation) }),
    ...(children === undefined ? {} : { concept: children.map((child) => concept(child, withDefinition)) }),
  };
};

describe.each(fhirVersions)('%s: what is generated is what the definitions say', (version) => {
  test('of code systems and value sets', async () => {
    const source = await loadSource(version);
    const base = await loadBaseTerminology(version);
    expect(source.codeSystems.length).toBeGreaterThan(900);
    const codes = new Map<string, ReadonlyMap<string, string | undefined>>();
    for (const codeSystem of source.codeSystems) {
      const { url = '', concept: concepts } = codeSystem;
      const expected: CodeSystem = {
        ...codeSystem,
        ...(concepts === undefined ? {} : { concept: concepts.map((each) => concept(each, !/\/v3[-/]/.test(url))) }),
      };
      expect(base.codeSystem(url)).toEqual(expected);
      const all = conceptsOf(codeSystem).all.map(({ definition }) => [definition.code, definition.display] as const);
      codes.set(url, new Map(all));
    }
    expect(source.valueSets.length).toBeGreaterThan(1_000);
    for (const { url = '', compose, ...rest } of source.valueSets) {
      const sets = (items: readonly ConceptSet[] | undefined) =>
        items?.map((set) => ({
          ...set,
          ...(set.concept === undefined
            ? {}
            : {
                concept: set.concept.map((each) => {
                  const isKnown =
                    each.designation === undefined && each.display === codes.get(set.system ?? '')?.get(each.code);
                  return isKnown
                    ? { code: each.code }
                    : {
                        ...each,
                        ...(each.designation === undefined ? {} : { designation: each.designation.map(designation) }),
                      };
                }),
              }),
        }));
      expect(base.valueSet(url)).toEqual({
        ...rest,
        url,
        compose: {
          ...compose,
          ...(compose?.include === undefined ? {} : { include: sets(compose.include) }),
          ...(compose?.exclude === undefined ? {} : { exclude: sets(compose.exclude) }),
        },
      });
    }
  });
});
