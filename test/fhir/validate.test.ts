import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { FhirDefinitions } from '../../fhir/definitions.js';
import { parseJson } from '../../fhir/json.js';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import type { Resource } from '../../fhir/resource.js';
import { validateResource } from '../../fhir/validate.js';
import { fhirVersions, type FhirVersion } from '../../fhir/version.js';
import { elementsIn, type Place } from '../support/elements-in.js';

const definitions: Record<FhirVersion, FhirDefinitions> = {
  r4: await loadDefinitions('r4'),
  stu3: await loadDefinitions('stu3'),
};

/** One Synthea resource of each type Synthea makes. */
const synthea = (version: FhirVersion): Resource[] =>
  parseJson(readFileSync(new URL(`../fixtures/validation/${version}.json`, import.meta.url), 'utf8')) as Resource[];

const problems = (value: unknown, version: FhirVersion = 'r4'): string[] =>
  validateResource(definitions[version], value).map(({ code, expression }) => `${code} ${expression?.join() ?? ''}`);

const diagnostics = (value: unknown, version: FhirVersion = 'r4'): string =>
  validateResource(definitions[version], value)
    .map((issue) => issue.diagnostics)
    .join('\n');

const patient = (members: Record<string, unknown>): Record<string, unknown> => ({
  resourceType: 'Patient',
  ...members,
});
const observation = (members: Record<string, unknown>): Record<string, unknown> => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'Weight' },
  ...members,
});

describe.each(fhirVersions)('%s', (version) => {
  test('every type of Synthea is valid', () => {
    for (const resource of synthea(version)) expect(validateResource(definitions[version], resource)).toEqual([]);
  });

  test('every type of the version can be looked up, and so can the types of its elements', () => {
    const { structures, resourceTypes } = definitions[version];
    const seen = new Set<string>();
    const visit = (type: string): void => {
      if (seen.has(type)) return;
      seen.add(type);
      for (const member of structures.members(type).values()) {
        if (!member.isPrimitive) visit(member.type);
      }
    };
    resourceTypes.forEach(visit);
    expect(seen.size).toBeGreaterThan(450);
  });

  test('an error put in anywhere is found there, and nowhere else', () => {
    const places = synthea(version).flatMap((resource) => elementsIn(definitions[version].structures, resource));
    expect(places.length).toBeGreaterThan(400);
    const applied = new Set<string>();
    const missed = places.flatMap((place) =>
      Object.entries(mutations).flatMap(([name, mutate]) => {
        const mutation = mutate(place);
        if (mutation === undefined) return [];
        applied.add(name);
        const found = problems(mutation.changed, version);
        return found.length > 0 && found.every((problem) => problem === mutation.problem)
          ? []
          : [`${name}: expected ${mutation.problem}, found ${found.join(' | ')}`];
      }),
    );
    expect(missed).toEqual([]);
    expect([...applied].sort()).toEqual(Object.keys(mutations).sort());
  });
});

interface Mutation {
  /** The whole resource with one element changed. */
  readonly changed: unknown;
  readonly problem: string;
}

/** Each puts one error where it can be put. */
/** A code that no value set has: as it is, or in what holds codes with their systems. */
const noSuchCode = (type: string): unknown => {
  const coding = { system: 'urn:none', code: 'no-such-code' };
  return type === 'CodeableConcept' ? { coding: [coding] } : type === 'code' ? coding.code : coding;
};

const mutations: Record<string, (place: Place) => Mutation | undefined> = {
  'drops a required element': ({ member, owner, without, expression }) =>
    member.rule.min > 0 && Object.keys(owner).length > 1
      ? { changed: without(), problem: `required ${expression.replace(/\.ofType\(\w+\)$/, '')}` }
      : undefined,
  'misnames an element': ({ key, value, owner, member, without, ownerExpression }) =>
    member.rule.min > 0 || Object.keys(owner).length === 1 || key === 'extension'
      ? undefined
      : { changed: without({ [`${key}Z`]: value }), problem: `structure ${ownerExpression}.${key}Z` },
  'repeats what does not repeat': ({ key, value, member, without, expression }) =>
    member.rule.max === 1 ? { changed: without({ [key]: [value] }), problem: `structure ${expression}` } : undefined,
  'takes a list from what repeats': ({ key, value, member, without, expression }) =>
    member.rule.max === 1
      ? undefined
      : { changed: without({ [key]: (value as unknown[])[0] }), problem: `structure ${expression}` },
  'gives an empty list': ({ key, member, without, expression }) =>
    member.rule.max === 1 ? undefined : { changed: without({ [key]: [] }), problem: `structure ${expression}` },
  'gives null': ({ key, member, without, expression }) =>
    member.rule.max === 1
      ? {
          changed: without({ [key]: null }),
          problem: `structure ${expression}`,
        }
      : undefined,
  'gives the wrong JSON type': ({ key, value, member, without, expression }) =>
    member.rule.max === 1
      ? {
          changed: without({ [key]: typeof value === 'object' ? 'text' : { text: 'object' } }),
          problem: `structure ${expression}`,
        }
      : undefined,
  'gives a number or a boolean as a string': ({ key, value, member, without, expression }) =>
    member.rule.max === 1 && (typeof value === 'number' || typeof value === 'boolean')
      ? { changed: without({ [key]: String(value) }), problem: `structure ${expression}` }
      : undefined,
  'gives an empty string': ({ key, value, without, expression }) =>
    typeof value === 'string' ? { changed: without({ [key]: '' }), problem: `value ${expression}` } : undefined,
  'gives a day that is none': ({ key, member, without, expression }) =>
    ['date', 'dateTime'].includes(member.type) && member.rule.max === 1
      ? { changed: without({ [key]: '2023-02-29' }), problem: `value ${expression}` }
      : undefined,
  'gives an unknown code': ({ key, member, without, expression }) =>
    member.codes !== undefined && member.rule.max === 1
      ? { changed: without({ [key]: noSuchCode(member.type) }), problem: `code-invalid ${expression}` }
      : undefined,
  'gives a second choice': ({ key, member, without, owner, ownerExpression }) => {
    const stem = member.rule.name.replace('[x]', '');
    const second = stem === 'value' ? 'valueBoolean' : undefined;
    if (stem === member.rule.name || second === undefined || key === second || !member.rule.types.includes('boolean'))
      return undefined;
    return {
      changed: without({ [key]: owner[key], [second]: true }),
      problem: `structure ${ownerExpression}.${second}`,
    };
  },
};

describe('the type', () => {
  test('is known, and the one expected', () => {
    expect(problems({ resourceType: 'Pateint' })).toEqual(['structure Resource']);
    expect(diagnostics({ resourceType: 'Pateint' })).toContain('did you mean Patient?');
    expect(problems({ id: '1' })).toEqual(['required Resource']);
    expect(problems({ resourceType: 'DomainResource' })).toEqual(['structure Resource']);
    expect(problems({ resourceType: 'Sequence', type: 'dna', coordinateSystem: 1 }, 'stu3')).toEqual([]);
    expect(problems({ resourceType: 'Sequence' }, 'r4')).toEqual(['structure Resource']);
    expect(validateResource(definitions.r4, patient({}), { expectedType: 'Group' })).toMatchObject([
      { severity: 'error', code: 'invalid', expression: ['Patient'] },
    ]);
  });

  test('a string has at most 1,048,576 characters', () => {
    const named = (length: number): unknown => patient({ name: [{ family: 'x'.repeat(length) }] });
    expect(problems(named(1024 * 1024) as never)).toEqual([]);
    expect(problems(named(1024 * 1024 + 1) as never)).toEqual(['value Patient.name[0].family']);
  });

  test('a place given is where the expressions begin', () => {
    const place = { path: 'Bundle.entry[3].resource' };
    expect(validateResource(definitions.r4, patient({ active: 'yes' }), place)[0]?.expression).toEqual([
      'Bundle.entry[3].resource.active',
    ]);
  });
});

describe('elements', () => {
  test('an unknown one is named with its full place and the nearest name', () => {
    expect(problems(patient({ name: [{}, { famly: 'A', given: ['B'] }] }))).toEqual([
      'structure Patient.name[0]',
      'structure Patient.name[1].famly',
    ]);
    expect(diagnostics(patient({ birthdate: '1970-01-01' }))).toBe(
      'Patient.birthdate is not an element of Patient; did you mean birthDate?',
    );
  });

  test('elements of another version are unknown', () => {
    const animal = patient({ animal: { species: { text: 'dog' } } });
    expect(problems(animal, 'stu3')).toEqual([]);
    expect(problems(animal, 'r4')).toEqual(['structure Patient.animal']);
  });

  test("R4 is HL7's, not that of a product", () => {
    expect(problems(patient({ meta: { project: 'x', versionId: '1' } }))).toEqual(['structure Patient.meta.project']);
    const characteristic = [{ definitionReference: { reference: 'Group/1' }, exclude: false }];
    expect(problems({ resourceType: 'EvidenceVariable', status: 'draft', characteristic })).toEqual([]);
  });

  test('an object with an id alone says nothing', () => {
    expect(problems(patient({ maritalStatus: { id: 'x' } }))).toEqual(['structure Patient.maritalStatus']);
  });

  test('only one type of a choice', () => {
    expect(problems(patient({ deceasedBoolean: true, deceasedDateTime: '2020' }))).toEqual([
      'structure Patient.deceasedDateTime',
    ]);
    expect(
      problems(patient({ deceasedBoolean: true, _deceasedDateTime: { extension: [{ url: 'a', valueId: 'b' }] } })),
    ).toEqual(['structure Patient.deceasedDateTime']);
    expect(problems(observation({ valueAddress: { text: 'x' } }))).toEqual(['structure Observation.valueAddress']);
  });

  test('a required choice is missing by its name', () => {
    const request = {
      resourceType: 'MedicationRequest',
      status: 'active',
      intent: 'order',
      subject: { reference: 'Patient/1' },
    };
    expect(problems(request)).toEqual(['required MedicationRequest.medication']);
  });
});

describe('primitives', () => {
  const withDate = (birthDate: unknown): unknown => patient({ birthDate });

  test.each(['2020', '2020-02', '2020-02-29', '1900-02-28', '2000-02-29'])('%s is a date', (date) => {
    expect(problems(withDate(date))).toEqual([]);
  });

  test.each([
    '2021-02-29',
    '1900-02-29',
    '2020-13',
    '2020-00',
    '2020-04-31',
    '2020-1-1',
    '20',
    '2020-02-03T10:00:00Z',
    '0000',
    ' 2020',
    '2020\n',
  ])('%j is no date', (date) => {
    expect(problems(withDate(date))).toEqual(['value Patient.birthDate']);
  });

  test.each([
    ['2020-02-29T10:00:00Z', true],
    ['2020-02-29T10:00:60.5+14:00', true],
    ['2020', true],
    ['2020-02-29T10:00Z', false],
    ['2020-02-29T10:00:00', false],
    ['2020-02-29T24:00:00Z', false],
    ['2020-02-29T10:00:00+14:30', false],
    ['2021-02-29T10:00:00Z', false],
  ])('dateTime %s: %s', (effectiveDateTime, valid) => {
    const expected = valid ? [] : ['value Observation.effective.ofType(dateTime)'];
    expect(problems(observation({ effectiveDateTime }))).toEqual(expected);
    expect(problems(observation({ effectiveDateTime }), 'stu3')).toEqual(expected);
  });

  const extension = (members: Record<string, unknown>): unknown =>
    patient({ extension: [{ url: 'http://a.b/c', ...members }] });
  test.each([
    [{ valueInstant: '2015-02-07T13:28:17.239+02:00' }, { valueInstant: '2015-02-07' }],
    [{ valueTime: '13:28:17' }, { valueTime: '13:28' }],
    [{ valueId: 'a-1.B' }, { valueId: 'a_1' }],
    [{ valueId: 'a'.repeat(64) }, { valueId: 'a'.repeat(65) }],
    [{ valueCode: 'a b' }, { valueCode: 'a  b' }],
    [{ valueCode: 'a' }, { valueCode: ' a' }],
    [{ valueOid: 'urn:oid:1.2.3' }, { valueOid: '1.2.3' }],
    [{ valueUri: 'urn:x' }, { valueUri: 'http://a b' }],
    [{ valueBase64Binary: 'QUJD REVG\n' }, { valueBase64Binary: 'QUJDR' }],
    [{ valueBase64Binary: 'QUI=' }, { valueBase64Binary: 'Q=JD' }],
    [{ valuePositiveInt: 1 }, { valuePositiveInt: 0 }],
    [{ valueUnsignedInt: 0 }, { valueUnsignedInt: -1 }],
    [{ valueInteger: -2147483648 }, { valueInteger: 2147483648 }],
    [{ valueInteger: 1 }, { valueInteger: 1.5 }],
    [{ valueString: 'a\tb\r\n😀' }, { valueString: 'a\u0000b' }],
    [{ valueString: ' ' }, { valueString: 'half \ud83d pair' }],
  ])('%j is right and %j is not', (right, wrong) => {
    for (const version of fhirVersions) {
      const type = Object.keys(right)[0]?.slice('value'.length) ?? '';
      const name = type.charAt(0).toLowerCase() + type.slice(1);
      expect(problems(extension(right), version)).toEqual([]);
      expect(problems(extension(wrong), version)).toEqual([`value Patient.extension[0].value.ofType(${name})`]);
    }
  });

  test('R4 has UUIDs as values, in small letters; STU3 has not', () => {
    const valueUuid = 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520';
    expect(problems(extension({ valueUuid }))).toEqual([]);
    const fault = 'value Patient.extension[0].value.ofType(uuid)';
    expect(problems(extension({ valueUuid: valueUuid.toUpperCase() }))).toEqual([fault]);
    expect(problems(extension({ valueUuid }), 'stu3')).toContain('structure Patient.extension[0].valueUuid');
  });

  test('decimals keep their digits and must be in range; STU3 has no exponent', () => {
    const value = (digits: string): unknown =>
      parseJson(JSON.stringify(observation({ valueQuantity: { value: 7 } })).replace('7', digits));
    const fault = ['value Observation.value.ofType(Quantity).value'];
    for (const digits of ['1', '-1.50', '0.1234567890123456789']) {
      expect([problems(value(digits)), problems(value(digits), 'stu3')]).toEqual([[], []]);
    }
    expect([problems(value('1e3')), problems(value('1e3'), 'stu3')]).toEqual([[], fault]);
    expect(problems(value('1e999'))).toEqual(fault);
    expect(problems(patient({ multipleBirthInteger: parseJson('1.0') }))).toEqual([
      'value Patient.multipleBirth.ofType(integer)',
    ]);
  });

  test('a narrative has a div', () => {
    const text = (div: string): unknown => patient({ text: { status: 'generated', div } });
    expect(problems(text('<div xmlns="http://www.w3.org/1999/xhtml">x</div>'))).toEqual([]);
    for (const div of ['x', '<p>x</p>', '<divan></divan>', '<div>x'])
      expect(problems(text(div))).toEqual(['value Patient.text.div']);
    expect(problems(patient({ text: { div: '<div>x</div>' } }))).toEqual(['required Patient.text.status']);
  });

  test('an unknown code names the allowed ones, at most twelve', () => {
    expect(diagnostics(patient({ gender: 'Male' }))).toBe(
      'Patient.gender has the unknown code "Male"; did you mean male? Allowed: male, female, other, unknown',
    );
    const definition = { resourceType: 'SearchParameter', base: ['Pateint'] };
    expect(diagnostics(definition)).toMatch(/did you mean Patient\?.*Allowed: ([\w-]+, ){11}[\w-]+ and \d+ more/);
  });
});

describe('extensions of primitives', () => {
  const because = { extension: [{ url: 'http://a.b/c', valueCode: 'x' }] };

  test('stand in for a value, or beside it', () => {
    expect(problems(patient({ _birthDate: because }))).toEqual([]);
    expect(problems(patient({ birthDate: '2020', _birthDate: because }))).toEqual([]);
    expect(problems(observation({ status: undefined, _status: because }))).toEqual([]);
  });

  test('an id alone does not stand in for a value', () => {
    expect(problems(patient({ _birthDate: { id: 'x' } }))).toContain('structure Patient.birthDate');
    expect(problems(patient({ birthDate: '2020', _birthDate: { id: 'x' } }))).toEqual([]);
  });

  test('in lists, null fills the places where the other list has something', () => {
    const given = (values: unknown, siblings: unknown): string[] =>
      problems(patient({ name: [{ given: values, _given: siblings }] }));
    expect(given(['A', null], [null, because])).toEqual([]);
    expect(given(['A', 'B'], [null, because])).toEqual([]);
    expect(given(undefined, [because])).toEqual([]);
    expect(given(['A', null], [because, null])).toEqual(['structure Patient.name[0].given[1]']);
    expect(given(['A', null], undefined)).toEqual(['structure Patient.name[0].given[1]']);
    expect(given(['A'], because)).toEqual(['structure Patient.name[0].given']);
  });

  test('belong to primitives only, and hold what elements hold', () => {
    expect(problems(patient({ _name: [because] }))).toEqual(['structure Patient._name']);
    expect(problems(patient({ birthDate: '2020', _birthDate: { value: 1 } }))).toEqual([
      'structure Patient.birthDate.value',
    ]);
    expect(problems(patient({ birthDate: '2020', _birthDate: null }))).toEqual(['structure Patient.birthDate']);
  });
});

describe('extensions', () => {
  test('have a URL, and a value or extensions', () => {
    expect(problems(patient({ extension: [{ valueCode: 'x' }] }))).toEqual(['required Patient.extension[0].url']);
    expect(problems(patient({ extension: [{ url: 'a' }] }))).toEqual(['invalid Patient.extension[0]']);
    const inner = [{ url: 'b', valueCode: 'x' }];
    expect(problems(patient({ extension: [{ url: 'a', extension: inner }] }))).toEqual([]);
    expect(problems(patient({ extension: [{ url: 'a', valueCode: 'x', extension: inner }] }))).toEqual([
      'invalid Patient.extension[0]',
    ]);
  });
});

describe('resources in resources', () => {
  test('are validated, with the whole place', () => {
    const entry = [{ resource: patient({ active: 1 }) }, { resource: { resourceType: 'Nothing' } }];
    expect(problems({ resourceType: 'Bundle', type: 'collection', entry })).toEqual([
      'structure Bundle.entry[0].resource.active',
      'structure Bundle.entry[1].resource',
    ]);
    expect(
      problems({ resourceType: 'Parameters', parameter: [{ name: 'a', resource: observation({ status: 'x' }) }] }),
    ).toEqual(['code-invalid Parameters.parameter[0].resource.status']);
    expect(problems(patient({ contained: [{ id: 'x' }] }))).toEqual(['required Patient.contained[0]']);
  });

  test('a contained resource contains none', () => {
    const nested = patient({ contained: [patient({ id: 'a', contained: [patient({ id: 'b' })] })] });
    expect(problems(nested)).toEqual(['invalid Patient.contained[0].contained']);
  });
});

describe('hostile input', () => {
  test('anything at all is answered with issues, never with an exception', () => {
    fc.assert(
      fc.property(
        fc.anything({ withNullPrototype: true }),
        fc.constantFrom('name', 'contact', 'extension', '_active', '__proto__'),
        (value, key) => {
          expect(validateResource(definitions.r4, value).length).toBeGreaterThan(0);
          validateResource(definitions.r4, patient(Object.fromEntries([[key, value]])));
          validateResource(definitions.r4, patient(Object.fromEntries([[key, [value]]])));
        },
      ),
    );
  });

  test('names of prototypes are unknown elements', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '___proto__', '_constructor']) {
      expect(problems(parseJson(`{"resourceType":"Patient","${name}":{"a":1}}`))).toEqual([
        `structure Patient.${name}`,
      ]);
      expect(problems({ resourceType: name })).toEqual(['structure Resource']);
    }
  });

  test('deep nesting stops at a hundred levels', () => {
    let extension: unknown = { url: 'a', valueCode: 'b' };
    for (let level = 0; level < 50_000; level += 1) extension = { url: 'a', extension: [extension] };
    const issues = validateResource(definitions.r4, patient({ extension: [extension] }));
    expect(issues).toHaveLength(1);
    expect(issues[0]?.diagnostics).toContain('nested deeper than 100 levels');
  });

  test('a hundred issues are enough, of however many', () => {
    const name = Array.from({ length: 200_000 }, () => ({ famly: 'x' }));
    expect(validateResource(definitions.r4, patient({ name }))).toHaveLength(100);
    const code = `${'a '.repeat(50_000)} `;
    expect(problems(patient({ language: code }), 'stu3')).toEqual(['value Patient.language']);
    const data = `${'QUJD '.repeat(200_000)}!`;
    expect(problems(patient({ photo: [{ data }] }))).toEqual(['value Patient.photo[0].data']);
  });

  test('what is said stays short', () => {
    expect(diagnostics(patient({ ['x'.repeat(10_000)]: 1, gender: 'y'.repeat(10_000) })).length).toBeLessThan(1000);
  });
});
