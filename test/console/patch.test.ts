import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fhirPathPatchOf, jsonPatchOf } from '../../console/fhir/patch.js';
import type { FhirDefinitions } from '../../fhir/definitions.js';
import { parseJson, stringifyJson } from '../../fhir/json.js';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import { applyFhirPathPatch, readFhirPathPatch } from '../../fhir/patch/fhirpath-patch.js';
import { applyJsonPatch, readJsonPatch } from '../../fhir/patch/json-patch.js';
import type { Resource } from '../../fhir/resource.js';

// What the console makes of an edit, applied as the server does.

let r4: FhirDefinitions;
beforeAll(async () => {
  r4 = await loadDefinitions('r4');
});

const applied = async (kind: 'json' | 'fhirpath', before: object, patch: string): Promise<unknown> => {
  const resource = parseJson(JSON.stringify(before)) as Resource;
  const value = parseJson(patch);
  if (kind === 'json') return JSON.parse(stringifyJson(applyJsonPatch(resource, readJsonPatch(value)))) as unknown;
  await applyFhirPathPatch(r4, resource, readFhirPathPatch(r4, value as Resource));
  return JSON.parse(stringifyJson(resource)) as unknown;
};

const word = fc.constantFrom('Ada', 'Peter', '2024-01-02', 'a b', 'x');
const words = fc.array(word, { minLength: 1, maxLength: 3 });
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
const name = fc.record({ use: fc.constantFrom('usual', 'official'), family: optional(word), given: optional(words) });
const contact = fc
  .record({
    name: optional(name),
    relationship: optional(fc.array(fc.record({ text: word }), { minLength: 1, maxLength: 2 })),
  })
  .filter((each) => each.name !== undefined || each.relationship !== undefined);
const clean = (value: object): object => JSON.parse(JSON.stringify(value)) as object;
const patient = fc
  .record({
    resourceType: fc.constant('Patient'),
    active: optional(fc.boolean()),
    name: optional(fc.array(name, { minLength: 1, maxLength: 3 })),
    birthDate: optional(fc.constantFrom('1974-12-25', '1980')),
    deceasedBoolean: optional(fc.boolean()),
    maritalStatus: optional(fc.record({ text: word })),
    contact: optional(fc.array(contact, { minLength: 1, maxLength: 2 })),
  })
  .map(clean);

describe('a patch made of an edit', () => {
  test.each(['json', 'fhirpath'] as const)(
    '%s: the server makes of the one what the other is, whatever was edited',
    async (kind) => {
      await fc.assert(
        fc.asyncProperty(patient, patient, async (before, after) => {
          const [from, to] = [JSON.stringify(before), JSON.stringify(after)];
          const patch = kind === 'json' ? jsonPatchOf(from, to) : fhirPathPatchOf('Patient', from, to);
          expect(await applied(kind, before, patch ?? '')).toEqual(after);
        }),
        { numRuns: kind === 'json' ? 100 : 25 },
      );
    },
  );

  test('an element with a choice of types is named without its type, which stands at the value', () => {
    const after = { resourceType: 'Observation', valueQuantity: { value: 5, unit: 'mg' } };
    expect(
      JSON.parse(fhirPathPatchOf('Observation', '{"resourceType":"Observation"}', JSON.stringify(after)) ?? ''),
    ).toEqual({
      resourceType: 'Parameters',
      parameter: [
        {
          name: 'operation',
          part: [
            { name: 'type', valueCode: 'add' },
            { name: 'path', valueString: 'Observation' },
            { name: 'name', valueString: 'value' },
            { name: 'value', valueQuantity: { value: 5, unit: 'mg' } },
          ],
        },
      ],
    });
  });

  test('extensions of primitive elements are said by JSON Patch alone', () => {
    const before = '{"resourceType":"Patient","birthDate":"1980"}';
    const after =
      '{"resourceType":"Patient","birthDate":"1980","_birthDate":{"extension":[{"url":"x","valueString":"y"}]}}';
    expect(fhirPathPatchOf('Patient', before, after)).toBeUndefined();
    expect(JSON.parse(jsonPatchOf(before, after))).toMatchObject([{ op: 'add', path: '/_birthDate' }]);
  });

  test('nothing changed is an empty patch; what is no JSON is none', () => {
    const text = '{"resourceType":"Patient"}';
    expect(JSON.parse(jsonPatchOf(text, text))).toEqual([]);
    expect(() => jsonPatchOf(text, '{')).toThrow(SyntaxError);
  });
});
