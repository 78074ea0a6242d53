import type { ElementDefinition, SourceDefinitions, Structure } from '../../codegen/definitions.js';
import type { Resource } from '../../fhir/resource.js';

/** Values of primitives, other than codes. */
const primitives: Readonly<Record<string, unknown>> = {
  boolean: true,
  integer: 7,
  unsignedInt: 7,
  positiveInt: 7,
  decimal: 1.5,
  date: '2020-02',
  dateTime: '2020-02-29T12:00:00Z',
  instant: '2020-02-29T12:00:00.000Z',
  time: '12:00:00',
  uri: 'http://example.org/uri',
  url: 'http://example.org/url',
  canonical: 'http://example.org/canonical|1',
  oid: 'urn:oid:1.2.3',
  uuid: 'urn:uuid:0f4a3f0e-7d0c-4c3c-8f2e-2f4d5e9d1f11',
  base64Binary: 'AAAA',
};
const skipped = new Set(['extension', 'modifierExtension', 'contained']);
const deepest = 5;

/**
 * Makes resources in which every element has a value, as an oracle's input: examples leave many elements out.
 * @param source the definitions of a version.
 * @param type the resource type.
 * @param variant a number from 0: chooses the types of `value[x]`, the targets of references, the codes.
 * @returns the resource; lists at the top have eight items that differ, those below two.
 */
export function completeResource(source: SourceDefinitions, type: string, variant: number): Resource {
  const structures = new Map(source.structures.map((structure) => [structure.name, structure]));
  const parents = new Set(
    source.structures.flatMap(({ elements }) => elements.map(({ path }) => path.slice(0, path.lastIndexOf('.')))),
  );

  const primitive = (code: string, element: ElementDefinition, seed: number): unknown => {
    const codes = element.binding?.valueSet === undefined ? undefined : source.requiredCodes[element.binding.valueSet];
    if (code === 'code' && codes !== undefined) return codes[seed % codes.length];
    return primitives[code] ?? `${code}-${String(seed)}`;
  };

  const reference = (element: ElementDefinition, code: string, seed: number): unknown => {
    const targets = element.types.find((each) => each.code === code)?.targets ?? [];
    const target = targets[seed % Math.max(1, targets.length)] ?? 'Resource';
    return { reference: `${target === 'Resource' ? 'Patient' : target}/${String(seed)}`, display: 'someone' };
  };

  /** A concept or coding of the value set that is required of it. */
  const conceptOf = (element: ElementDefinition, code: string, depth: number, seed: number): unknown => {
    const { strength, valueSet = '' } = element.binding ?? {};
    const concepts = strength === 'required' ? source.requiredConcepts[valueSet] : undefined;
    const concept = concepts?.[seed % concepts.length];
    if (concept === undefined || (code !== 'CodeableConcept' && code !== 'Coding')) return undefined;
    const [system, text] = concept.split('|');
    const coding = { ...object('Coding', depth + 1, seed), system, code: text };
    return code === 'Coding' ? coding : { ...object('CodeableConcept', depth + 1, seed), coding: [coding] };
  };

  const valueOf = (element: ElementDefinition, code: string, depth: number, seed: number): unknown => {
    if (element.contentReference !== undefined) return object(element.contentReference, depth + 1, seed);
    if (parents.has(element.path)) return object(element.path, depth + 1, seed);
    if (code === 'Resource') return { resourceType: 'Patient', id: `inner-${String(seed)}` };
    if (code === 'Reference') return reference(element, code, seed);
    const concept = conceptOf(element, code, depth, seed);
    if (concept !== undefined) return concept;
    const structure = structures.get(code);
    return structure?.kind === 'complex-type' ? object(code, depth + 1, seed) : primitive(code, element, seed);
  };

  const object = (path: string, depth: number, seed: number): Record<string, unknown> | undefined => {
    if (depth > deepest) return undefined;
    const structure: Structure | undefined = structures.get(path.split('.')[0] ?? '');
    const value: Record<string, unknown> = {};
    for (const element of structure?.elements ?? []) {
      const name = element.path.slice(element.path.lastIndexOf('.') + 1);
      if (element.path !== `${path}.${name}` || skipped.has(name)) continue;
      const chosen = element.types[seed % Math.max(1, element.types.length)]?.code ?? '';
      const json = name.endsWith('[x]') ? name.slice(0, -3) + chosen.charAt(0).toUpperCase() + chosen.slice(1) : name;
      const count = element.max === '1' ? 1 : depth === 0 ? 8 : 2;
      const values = Array.from({ length: count }, (_, at) => valueOf(element, chosen, depth, seed + at));
      const present = values.filter((each) => each !== undefined);
      if (present.length > 0) value[json] = element.max === '1' ? present[0] : present;
    }
    return value;
  };

  return { ...object(type, 0, variant), resourceType: type, id: `complete-${String(variant)}` };
}
