import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import { validateResource } from '../../fhir/validate.js';
import { fhirVersions, type FhirVersion } from '../../fhir/version.js';

// What references may name: the types that the definitions allow an element to point at.

const definitions = { r4: await loadDefinitions('r4'), stu3: await loadDefinitions('stu3') };

const said = (version: FhirVersion, resource: object): string[] =>
  validateResource(definitions[version], resource).map(({ diagnostics = '' }) => diagnostics);
const observation = (subject: object, more: object = {}): object => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'Weight' },
  subject,
  ...more,
});
const pointing = (reference: string): object => observation({ reference });

describe.each(fhirVersions)('%s', (version) => {
  const place = 'Observation.subject.reference';

  test.each([
    ['Patient/1'],
    ['Group/a.b-c'],
    ['Patient/1/_history/2'],
    ['http://example.org/fhir/Patient/1'],
    ['https://example.org/Device/1/_history/3'],
    ['Patient?identifier=a|1'],
    // A URN says nothing of a type, and what is elsewhere may be of any.
    ['urn:uuid:c757873d-ec9a-4326-a141-556f43239520'],
    ['urn:oid:1.2.3'],
    ['http://example.org/fhir/Animal/1'],
    ['http://example.org/patients/1'],
    ['https://example.org/Practitioner'],
    ['ftp://example.org/1'],
    ['mailto:a@example.org'],
  ])('%s may be the subject of an Observation', (reference) => {
    expect(said(version, pointing(reference))).toEqual([]);
  });

  test.each([
    ['Practitioner/1', 'Practitioner'],
    ['Practitioner/1/_history/2', 'Practitioner'],
    ['http://example.org/fhir/Practitioner/1', 'Practitioner'],
    ['https://example.org/fhir/Practitioner/1/_history/2', 'Practitioner'],
    ['Practitioner?identifier=a|1', 'Practitioner'],
    ['Observation/1', 'Observation'],
  ])('%s may not: it is none of the types that are allowed, which are named', (reference, type) => {
    expect(said(version, pointing(reference))).toEqual([
      `${place} refers to a ${type}; allowed: Patient, Group, Device, Location`,
    ]);
  });

  test.each([
    ['foo'],
    ['1'],
    ['Patient'],
    ['Patient/'],
    ['/Patient/1'],
    ['patient/1'],
    ['Patient/1/2'],
    ['Patient/a_b'],
    ['Patient/1#a'],
    ['Patient/1/_history'],
    ['../Patient/1'],
    ['?identifier=a|1'],
    [`Patient/${'a'.repeat(65)}`],
  ])('%s may not: relative to a server, it names no resource', (reference) => {
    const [first = '', ...others] = said(version, pointing(reference));
    expect([first.startsWith(`${place} must be a URL, "#" and the id`), others]).toEqual([true, []]);
  });

  test.each([
    ['Patent/1', '; did you mean Patient?'],
    ['Foo/1', ''],
    ['Foo?a=b', ''],
  ])('%s may not: there is no such type', (reference, suggestion) => {
    const type = /^\w+/.exec(reference)?.[0] ?? '';
    const why = `names the type ${type}, which FHIR ${version} does not have${suggestion}`;
    expect(said(version, pointing(reference))).toEqual([`${place} ${why}`]);
  });

  test('where nothing is named, nothing is wrong: an identifier, a display, an absent reference', () => {
    expect(said(version, observation({ identifier: { system: 'urn:a', value: '1' } }))).toEqual([]);
    expect(said(version, observation({ display: 'Jane' }))).toEqual([]);
    const extension = [{ url: 'http://example.org/why', valueString: 'masked' }];
    expect(said(version, observation({ _reference: { extension } }))).toEqual([]);
  });

  test('a contained resource is of the type that it has', () => {
    const contained = [
      { resourceType: 'Patient', id: 'p' },
      { resourceType: 'Practitioner', id: 'd' },
    ];
    expect(said(version, observation({ reference: '#p' }, { contained }))).toEqual([]);
    expect(said(version, observation({ reference: '#d' }, { contained }))).toEqual([
      `${place} refers to a Practitioner; allowed: Patient, Group, Device, Location`,
    ]);
    // One that is not there is for the rule ref-1.
    expect(said(version, observation({ reference: '#x' }, { contained }))).toEqual([]);
  });

  test('what is contained points at its siblings, and at what contains it', () => {
    const group = { resourceType: 'Group', id: 'g', type: 'person', actual: true };
    const member = (reference: string): object => ({ ...group, member: [{ entity: { reference } }] });
    const contained = [{ resourceType: 'Patient', id: 'p' }, member('#p')];
    expect(said(version, observation({ reference: '#g' }, { contained }))).toEqual([]);
    const [wrong = ''] = said(version, observation({ reference: '#g' }, { contained: [member('#')] }));
    expect(wrong).toMatch(
      /^Observation\.contained\[0\]\.member\[0\]\.entity\.reference refers to a Observation; allowed: /,
    );
  });

  test('elements that may point at anything do, with a type that there is', () => {
    const extension = (reference: string): object =>
      observation({ display: 'x' }, { extension: [{ url: 'http://example.org/e', valueReference: { reference } }] });
    for (const type of definitions[version].resourceTypes) expect(said(version, extension(`${type}/1`))).toEqual([]);
    expect(said(version, extension('Foo/1'))).toEqual([expect.stringContaining('names the type Foo')]);
    expect(said(version, extension('foo'))).toEqual([expect.stringContaining('must be a URL')]);
  });

  test('data types have targets of their own: who wrote a note, who assigned an identifier', () => {
    const written = observation(
      { reference: 'Patient/1', identifier: { value: '1', assigner: { reference: 'Patient/1' } } },
      version === 'r4'
        ? { note: [{ text: 'x', authorReference: { reference: 'Device/1' } }] }
        : { performer: [{ reference: 'Device/1' }] },
    );
    const author = version === 'r4' ? 'Observation.note[0].author.ofType(Reference)' : 'Observation.performer[0]';
    expect(said(version, written)).toEqual([
      'Observation.subject.identifier.assigner.reference refers to a Patient; allowed: Organization',
      expect.stringContaining(`${author}.reference refers to a Device; allowed: Practitioner`),
    ]);
  });

  test('in a Bundle a URN is the entry that has it as fullUrl, and a contained one is its own resource’s', () => {
    const urn = 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520';
    const bundle = (target: object, reference = urn): object => ({
      resourceType: 'Bundle',
      type: 'collection',
      entry: [
        { resource: observation({ reference }, { contained: [{ resourceType: 'Practitioner', id: 'd' }] }) },
        { fullUrl: urn, resource: target },
        { resource: pointing('#d') },
      ],
    });
    expect(said(version, bundle({ resourceType: 'Patient' }))).toEqual([]);
    expect(said(version, bundle({ resourceType: 'Practitioner' }))).toEqual([
      'Bundle.entry[0].resource.subject.reference refers to a Practitioner; allowed: Patient, Group, Device, Location',
    ]);
    expect(said(version, bundle({ resourceType: 'Practitioner' }, `${urn}/_history/1`))).toHaveLength(1);
    const within = { resourceType: 'Parameters', parameter: [{ name: 'a', resource: pointing('Practitioner/1') }] };
    expect(said(version, within)).toEqual([expect.stringMatching(/^Parameters\.parameter\[0\]\.resource\.subject\./)]);
  });

  /** Every element that is a Reference of some types only, in its type. */
  const targeted = definitions[version].resourceTypes.flatMap((type) =>
    definitions[version].structures
      .elements(type)
      .flatMap(({ name, max, targets }) => (targets === undefined ? [] : [{ type, name, max, targets }])),
  );
  const urn = 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520';
  /** The ways to name a resource of a type, and what is around it then. */
  const ways: readonly ((resource: Record<string, unknown>, set: (text: string) => void, type: string) => object)[] = [
    ...[
      'Type/1',
      'Type/1/_history/2',
      'http://example.org/Type/1',
      'https://a.example/b/Type/1/_history/2',
      'Type?_id=1',
    ].map((way) => (resource: object, set: (text: string) => void, type: string) => {
      set(way.replace('Type', type));
      return resource;
    }),
    (resource, set, type) => {
      set('#c');
      return { ...resource, contained: [{ resourceType: type, id: 'c' }] };
    },
    (resource, set, type) => {
      set(urn);
      const entry = [{ resource }, { fullUrl: urn, resource: { resourceType: type } }];
      return { resourceType: 'Bundle', type: 'collection', entry };
    },
  ];

  test('whichever element it is, and however a resource of a type is named, the element’s targets decide', () => {
    expect(targeted.length).toBeGreaterThan(300);
    const anyType = fc.constantFrom(...definitions[version].resourceTypes);
    fc.assert(
      fc.property(
        fc.constantFrom(...targeted),
        fc.constantFrom(...ways),
        anyType,
        fc.nat(),
        (element, way, any, at) => {
          const { type: owner, name, max, targets } = element;
          const target = at % 2 === 0 ? any : (targets[at % targets.length] ?? any);
          const reference: Record<string, unknown> = {};
          const key = name.endsWith('[x]') ? `${name.slice(0, -3)}Reference` : name;
          const resource = { resourceType: owner, [key]: max === 1 ? reference : [reference] };
          const whole = way(resource, (text) => (reference['reference'] = text), target);
          const wrong = said(version, whole).filter((each) => each.includes(' refers to a '));
          const expected = targets.includes(target)
            ? []
            : [expect.stringContaining(` refers to a ${target}; allowed: `)];
          expect(wrong).toEqual(expected);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('Reference.type of R4', () => {
  const base = 'http://hl7.org/fhir/StructureDefinition/';

  test.each([
    [{ type: 'Patient', identifier: { value: '1' } }],
    [{ type: `${base}Patient`, reference: 'Patient/1' }],
    [{ type: 'Patient', reference: 'urn:oid:1.2' }],
    // What is said is no type of FHIR, so it tells nothing.
    [{ type: 'http://example.org/models/Animal', identifier: { value: '1' } }],
  ])('may be what the reference points at: %j', (subject) => {
    expect(said('r4', observation(subject))).toEqual([]);
  });

  test.each([
    [{ type: 'Group', reference: 'Patient/1' }, 'says Group, and the reference is to a Patient'],
    [
      { type: `${base}Group`, reference: 'http://a.example/Patient/1' },
      'says Group, and the reference is to a Patient',
    ],
    [
      { type: 'Practitioner', identifier: { value: '1' } },
      'says Practitioner; allowed: Patient, Group, Device, Location',
    ],
    [
      { type: 'Practitioner', reference: 'urn:oid:1.2' },
      'says Practitioner; allowed: Patient, Group, Device, Location',
    ],
  ])('may not be another one, or none that is allowed: %j', (subject, why) => {
    expect(said('r4', observation(subject))).toEqual([`Observation.subject.type ${why}`]);
  });
});
