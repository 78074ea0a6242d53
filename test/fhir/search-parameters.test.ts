import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import type { Resource } from '../../fhir/resource.js';

const r4 = await loadDefinitions('r4');
const stu3 = await loadDefinitions('stu3');

const values = (definitions: typeof r4, resource: Resource, code: string): unknown[] | undefined =>
  definitions.searchParameters
    .find(resource.resourceType, code)
    ?.extract(resource)
    .map(({ value }) => value);

describe('the search parameters', () => {
  test.each([
    { definitions: r4, resourceTypes: 146, ofEveryType: 9, pairs: 1709 },
    { definitions: stu3, resourceTypes: 117, ofEveryType: 8, pairs: 1368 },
  ])('are all there ($definitions.version)', ({ definitions, resourceTypes, ofEveryType, pairs }) => {
    const { searchParameters } = definitions;
    const own = definitions.resourceTypes.flatMap((type) =>
      searchParameters.ofType(type).filter(({ code }) => !code.startsWith('_')),
    );
    expect(definitions.resourceTypes).toHaveLength(resourceTypes);
    expect(searchParameters.ofType('Patient').filter(({ code }) => code.startsWith('_'))).toHaveLength(ofEveryType);
    expect(own.length + ofEveryType).toBe(pairs);
  });
  test('of a type are sorted, those of every type among them', () => {
    const codes = r4.searchParameters.ofType('Patient').map(({ code }) => code);
    expect(codes).toEqual([...codes].sort());
    expect(codes).toEqual(expect.arrayContaining(['_id', '_lastUpdated', '_text', 'active', 'telecom']));
  });
  test('of DomainResource are not those of a Bundle', () => {
    expect(r4.searchParameters.find('Bundle', '_id')?.type).toBe('token');
    expect(r4.searchParameters.find('Bundle', '_text')).toBeUndefined();
  });
  test('are none for what is no type', () => {
    expect(r4.searchParameters.ofType('constructor')).toEqual([]);
    expect(r4.searchParameters.find('Patient', 'toString')).toBeUndefined();
  });
  test('carry URL and targets', () => {
    expect(r4.searchParameters.find('Patient', 'general-practitioner')).toMatchObject({
      type: 'reference',
      url: 'http://hl7.org/fhir/SearchParameter/Patient-general-practitioner',
      targets: ['Organization', 'Practitioner', 'PractitionerRole'],
    });
    expect(stu3.searchParameters.find('Observation', 'code')?.url).toBe(
      'http://hl7.org/fhir/SearchParameter/clinical-code',
    );
    expect(r4.searchParameters.find('Task', 'focus')?.targets).toEqual(r4.resourceTypes);
  });
  test('without an expression are special and select nothing', () => {
    const patient = { resourceType: 'Patient', id: '1', text: { div: 'x' } };
    for (const code of ['_text', '_content', '_query']) {
      expect(r4.searchParameters.find('Patient', code)?.type).toBe('special');
      expect(values(r4, patient, code)).toEqual([]);
    }
  });
  test.each([r4, stu3])('do not call a patient dead whose record says that he is not ($version)', (definitions) => {
    expect(values(definitions, { resourceType: 'Patient', deceasedBoolean: false }, 'deceased')).toEqual([false]);
    expect(values(definitions, { resourceType: 'Patient', deceasedDateTime: '2020' }, 'deceased')).toEqual([true]);
    expect(values(definitions, { resourceType: 'Patient' }, 'deceased')).toEqual([false]);
  });
  test.each([r4, stu3])(
    'call a patient dead whose date of death is unknown, and are silent where all is ($version)',
    (definitions) => {
      const unknown = {
        extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }],
      };
      expect(values(definitions, { resourceType: 'Patient', _deceasedDateTime: unknown }, 'deceased')).toEqual([true]);
      expect(values(definitions, { resourceType: 'Patient', _deceasedBoolean: unknown }, 'deceased')).toEqual([]);
    },
  );
  test.each([
    [{}, []],
    [{ abatementBoolean: false }, [false]],
    [{ abatementBoolean: true }, [true]],
    [{ abatementString: 'gone' }, [true]],
  ])('tell whether an STU3 condition is abated: %j → %j', (abatement, expected) => {
    expect(values(stu3, { resourceType: 'Condition', ...abatement }, 'abatement-boolean')).toEqual(expected);
  });
  test("of a Bundle's first resource carry its type", () => {
    const composition = { resourceType: 'Composition', id: 'c' };
    const bundle = {
      resourceType: 'Bundle',
      entry: [{ resource: composition }, { resource: { resourceType: 'Patient' } }],
    };
    const found = r4.searchParameters.find('Bundle', 'composition')?.extract(bundle);
    expect(found).toEqual([{ type: 'Composition', value: composition }]);
  });
});

describe('a composite', () => {
  const component = { code: { text: 'systolic' }, valueQuantity: { value: 120 } };
  const observation = { resourceType: 'Observation', code: { text: 'pressure' }, component: [component] };
  test('gives its elements, and in each the values of its components', () => {
    const composite = r4.searchParameters.find('Observation', 'combo-code-value-quantity');
    const elements = composite?.extract(observation) ?? [];
    expect(elements.map(({ type }) => type)).toEqual(['Observation', 'BackboneElement']);
    const inside = elements.map((element) => composite?.components.map((each) => each.extract(element, observation)));
    expect(inside).toEqual([
      [[{ type: 'CodeableConcept', value: { text: 'pressure' } }], []],
      [[{ type: 'CodeableConcept', value: { text: 'systolic' } }], [{ type: 'Quantity', value: { value: 120 } }]],
    ]);
    expect(composite?.components.map(({ code, type }) => `${code} ${type}`)).toEqual([
      'combo-code token',
      'combo-value-quantity quantity',
    ]);
  });
  test('reaches what lies outside its element', () => {
    const sequence = {
      resourceType: 'MolecularSequence',
      referenceSeq: { chromosome: { text: '1' } },
      variant: [{ start: 5 }],
    };
    const composite = r4.searchParameters.find('MolecularSequence', 'chromosome-variant-coordinate');
    const [variant] = composite?.extract(sequence) ?? [];
    if (variant === undefined) throw new Error('no variant');
    expect(composite?.components[0]?.extract(variant, sequence)).toEqual([
      { type: 'CodeableConcept', value: { text: '1' } },
    ]);
  });
  test.each([r4, stu3])(
    'of documents pairs the document with its relation, not crosswise ($version)',
    (definitions) => {
      const target = { reference: 'DocumentReference/2' };
      const document = { resourceType: 'DocumentReference', relatesTo: [{ code: 'replaces', target }] };
      const composite = definitions.searchParameters.find('DocumentReference', 'relationship');
      const [element] = composite?.extract(document) ?? [];
      if (element === undefined) throw new Error('no element');
      expect(composite?.components.map((each) => [each.type, each.extract(element, document)[0]?.value])).toEqual([
        ['reference', target],
        ['token', 'replaces'],
      ]);
    },
  );
});

test('no extractor fails on a resource that breaks the rules of its type', () => {
  const names = ['subject', 'name', 'telecom', 'code', 'component', 'deceasedBoolean', 'meta', 'contact', 'contained'];
  const anything = fc.dictionary(
    fc.constantFrom(...names, 'reference', 'system', 'value', 'id'),
    fc.jsonValue({ maxDepth: 3 }),
  );
  fc.assert(
    fc.property(fc.constantFrom('Patient', 'Observation', 'Task'), anything, (resourceType, members) => {
      const resource = { ...members, resourceType } as Resource;
      for (const parameter of r4.searchParameters.ofType(resourceType)) {
        for (const { type, value } of parameter.extract(resource))
          expect([typeof type, value ?? 'nothing']).not.toContain('nothing');
      }
    }),
  );
});
