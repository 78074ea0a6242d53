import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions, type FhirVersion } from '../../../fhir/version.js';
import { startTestServer, type TestServer } from '../../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** What is wrong, the resource's elements, the code of the first issue, and its place. */
type Row = readonly [string, Readonly<Record<string, unknown>>, string, string];

const long = 'a'.repeat(1024 * 1024 + 1);
const extension = (value: Readonly<Record<string, unknown>>): Record<string, unknown> => ({
  extension: [{ url: 'urn:x', ...value }],
});

// prettier-ignore
const patients: readonly Row[] = [
  // Names
  ['an unknown element', { brithDate: '1970' }, 'structure', 'Patient.brithDate'],
  ['an element of another type', { status: 'final' }, 'structure', 'Patient.status'],
  ['a name in the wrong case', { birthdate: '1970' }, 'structure', 'Patient.birthdate'],
  ['an unknown element inside', { name: [{ familie: 'x' }] }, 'structure', 'Patient.name[0].familie'],
  ['an unknown element of a backbone element', { contact: [{ family: 'x' }] }, 'structure', 'Patient.contact[0].family'],
  ['a choice without its type', { deceased: true }, 'structure', 'Patient.deceased'],
  ['a choice of a type it has not', { deceasedString: 'x' }, 'structure', 'Patient.deceasedString'],
  ['a choice of two types', { deceasedBoolean: true, deceasedDateTime: '2020' }, 'structure', 'Patient.deceasedDateTime'],
  ['a sibling of what is no primitive', { _name: [{ id: 'x' }] }, 'structure', 'Patient._name'],
  ['a sibling of nothing known', { _nonsense: { id: 'x' } }, 'structure', 'Patient._nonsense'],
  ['a name of a prototype', JSON.parse('{"__proto__":{"x":1}}') as Record<string, unknown>, 'structure', 'Patient.__proto__'],
  ['a constructor', { constructor: 1 }, 'structure', 'Patient.constructor'],
  ['an empty name', { '': 1 }, 'structure', 'Patient.'],
  ['a comment', { fhir_comments: ['x'] }, 'structure', 'Patient.fhir_comments'],
  // Shapes
  ['one value where there may be several', { name: { family: 'x' } }, 'structure', 'Patient.name'],
  ['several values where there may be one', { gender: ['male'] }, 'structure', 'Patient.gender'],
  ['an empty array', { name: [] }, 'structure', 'Patient.name'],
  ['an empty object', { name: [{}] }, 'structure', 'Patient.name[0]'],
  ['an object with an id only', { name: [{ id: 'x' }] }, 'structure', 'Patient.name[0]'],
  ['null', { gender: null }, 'structure', 'Patient.gender'],
  ['null in a list of objects', { name: [null] }, 'structure', 'Patient.name[0]'],
  ['null without anything beside it', { name: [{ given: ['x', null] }] }, 'structure', 'Patient.name[0].given[1]'],
  ['an array in an array', { name: [[{ family: 'x' }]] }, 'structure', 'Patient.name[0]'],
  ['text where an object must be', { name: ['x'] }, 'structure', 'Patient.name[0]'],
  ['an object where text must be', { gender: { value: 'male' } }, 'structure', 'Patient.gender'],
  ['a number where text must be', { birthDate: 1970 }, 'structure', 'Patient.birthDate'],
  ['a boolean as text', { active: 'true' }, 'structure', 'Patient.active'],
  ['a whole number as text', { multipleBirthInteger: '2' }, 'structure', 'Patient.multipleBirth.ofType(integer)'],
  ['a sibling that is text', { birthDate: '1970', _birthDate: 'x' }, 'structure', 'Patient.birthDate'],
  ['a sibling list where one is due', { birthDate: '1970', _birthDate: [{ id: 'x' }] }, 'structure', 'Patient.birthDate'],
  ['a primitive with neither value nor extension', { _birthDate: { id: 'x' } }, 'structure', 'Patient.birthDate'],
  ['nesting without end', { extension: [nested(120)] }, 'structure', `Patient.${Array.from({ length: 100 }, () => 'extension[0]').join('.')}`],
  // Values
  ['an unknown code', { gender: 'man' }, 'code-invalid', 'Patient.gender'],
  ['a code in the wrong case', { gender: 'Male' }, 'code-invalid', 'Patient.gender'],
  ['an empty text', { name: [{ family: '' }] }, 'value', 'Patient.name[0].family'],
  ['a control character', { name: [{ family: 'a\u0000' }] }, 'value', 'Patient.name[0].family'],
  ['half a character', { name: [{ family: '\ud800' }] }, 'value', 'Patient.name[0].family'],
  ['a text that is too long', { name: [{ text: long }] }, 'value', 'Patient.name[0].text'],
  ['a date without a hyphen', { birthDate: '19700101' }, 'value', 'Patient.birthDate'],
  ['a day that does not exist', { birthDate: '2021-02-29' }, 'value', 'Patient.birthDate'],
  ['a month that does not exist', { birthDate: '2021-13' }, 'value', 'Patient.birthDate'],
  ['a date with a time', { birthDate: '2021-01-01T10:00:00Z' }, 'value', 'Patient.birthDate'],
  ['a year of two digits', { birthDate: '70' }, 'value', 'Patient.birthDate'],
  ['a time without a zone', { deceasedDateTime: '2021-01-01T10:00:00' }, 'value', 'Patient.deceased.ofType(dateTime)'],
  ['a time without seconds', { deceasedDateTime: '2021-01-01T10:00Z' }, 'value', 'Patient.deceased.ofType(dateTime)'],
  ['an hour that does not exist', { deceasedDateTime: '2021-01-01T25:00:00Z' }, 'value', 'Patient.deceased.ofType(dateTime)'],
  ['a fraction as a whole number', { multipleBirthInteger: 1.5 }, 'value', 'Patient.multipleBirth.ofType(integer)'],
  ['a number beyond 32 bits', { multipleBirthInteger: 2147483648 }, 'value', 'Patient.multipleBirth.ofType(integer)'],
  ['a URI with a space', { identifier: [{ system: 'a b' }] }, 'value', 'Patient.identifier[0].system'],
  ['a language that is blank', { language: ' ' }, 'value', 'Patient.language'],
  ['base64 that is none', { photo: [{ contentType: 'image/png', data: '***' }] }, 'value', 'Patient.photo[0].data'],
  ['a positive number that is 0', { telecom: [{ system: 'phone', value: '1', rank: 0 }] }, 'value', 'Patient.telecom[0].rank'],
  ['narrative that is no div', { text: { status: 'generated', div: '<p>x</p>' } }, 'value', 'Patient.text.div'],
  // Cardinalities
  ['narrative without a status', { text: { div: '<div xmlns="http://www.w3.org/1999/xhtml">x</div>' } }, 'required', 'Patient.text.status'],
  ['a link without its type', { link: [{ other: { reference: 'Patient/1' } }] }, 'required', 'Patient.link[0].type'],
  ['an extension without a URL', { extension: [{ valueString: 'x' }] }, 'required', 'Patient.extension[0].url'],
  // Extensions
  ['an extension with neither value nor extensions', extension({}), 'invalid', 'Patient.extension[0]'],
  ['an extension with both', extension({ valueString: 'x', extension: [{ url: 'urn:y', valueString: 'y' }] }), 'invalid', 'Patient.extension[0]'],
  ['an extension with two values', extension({ valueString: 'x', valueCode: 'y' }), 'structure', 'Patient.extension[0].valueCode'],
  ['an extension with a wrong value', extension({ valueBoolean: 'x' }), 'structure', 'Patient.extension[0].value.ofType(boolean)'],
  // Resources inside
  ['a contained text', { contained: ['x'] }, 'structure', 'Patient.contained[0]'],
  ['a contained resource without a type', { contained: [{ id: 'x' }] }, 'required', 'Patient.contained[0]'],
  ['a contained resource of no type', { contained: [{ resourceType: 'Nonsense' }] }, 'structure', 'Patient.contained[0]'],
  ['a contained resource that contains one', { contained: [{ resourceType: 'Patient', id: 'x', contained: [{ resourceType: 'Patient', id: 'y' }] }] }, 'invalid', 'Patient.contained[0].contained'],
  ['a wrong element of a contained resource', { contained: [{ resourceType: 'Patient', id: 'x', gender: 'x' }] }, 'code-invalid', 'Patient.contained[0].gender'],
  ['a contained resource that nothing refers to', { contained: [{ resourceType: 'Patient', id: 'x' }] }, 'invariant', 'Patient'],
  ['a meta that is text', { meta: 'x' }, 'structure', 'Patient.meta'],
  ['a profile that is no URI', { meta: { profile: ['a b'] } }, 'value', 'Patient.meta.profile[0]'],
];

function nested(levels: number): object {
  let inner: object = { url: 'urn:x', valueString: 'x' };
  for (let level = 1; level < levels; level += 1) inner = { url: 'urn:x', extension: [inner] };
  return inner;
}

const status = { status: 'final' };
const code = { code: { text: 'x' } };

// prettier-ignore
const observations: readonly Row[] = [
  ['without its status', { ...code }, 'required', 'Observation.status'],
  ['without its code', { ...status }, 'required', 'Observation.code'],
  ['a decimal as text', { ...status, ...code, valueQuantity: { value: '1.0' } }, 'structure', 'Observation.value.ofType(Quantity).value'],
  ['a decimal beyond all numbers', { ...status, ...code, valueQuantity: { value: 'HUGE' } }, 'value', 'Observation.value.ofType(Quantity).value'],
  ['an instant without seconds', { ...status, ...code, issued: '2021-01-01T10:00Z' }, 'value', 'Observation.issued'],
  ['an instant of a day', { ...status, ...code, issued: '2021-01-01' }, 'value', 'Observation.issued'],
  ['a time with a zone', { ...status, ...code, valueTime: '10:00:00Z' }, 'value', 'Observation.value.ofType(time)'],
  ['an unknown comparator', { ...status, ...code, valueQuantity: { value: 1, comparator: '=' } }, 'code-invalid', 'Observation.value.ofType(Quantity).comparator'],
  ['values of two types', { ...status, ...code, valueString: 'x', valueQuantity: { value: 1 } }, 'structure', 'Observation.valueQuantity'],
  ['a value and a reason why there is none', { ...status, ...code, valueString: 'x', dataAbsentReason: { text: 'x' } }, 'invariant', 'Observation'],
  ['a range of nothing', { ...status, ...code, referenceRange: [{ type: { text: 'x' } }] }, 'invariant', 'Observation.referenceRange[0]'],
  ['a component without a code', { ...status, ...code, component: [{ valueString: 'x' }] }, 'required', 'Observation.component[0].code'],
  ['a period that ends before it starts', { ...status, ...code, effectivePeriod: { start: '2021', end: '2020' } }, 'invariant', 'Observation.effective.ofType(Period)'],
  ['a quantity with a code of no system', { ...status, ...code, valueQuantity: { value: 1, code: 'mg' } }, 'invariant', 'Observation.value.ofType(Quantity)'],
  ['a ratio without a denominator', { ...status, ...code, valueRatio: { numerator: { value: 1 } } }, 'invariant', 'Observation.value.ofType(Ratio)'],
  ['a range that falls', { ...status, ...code, valueRange: { low: { value: 2 }, high: { value: 1 } } }, 'invariant', 'Observation.value.ofType(Range)'],
  ['sampled data without a period', { ...status, ...code, valueSampledData: { origin: { value: 0 }, dimensions: 1, data: '1' } }, 'required', 'Observation.value.ofType(SampledData).period'],
];

const coding = (system: string, text: string): object => ({ coding: [{ system, code: text }] });
const deliveries = 'http://hl7.org/fhir/supply-item-type';

/** Codes outside the value sets of required bindings; what they are bound to differs between the versions. */
// prettier-ignore
const codes: Readonly<Record<FhirVersion, readonly (readonly [string, ...Row])[]>> = {
  r4: [
    ['SupplyDelivery', 'a code outside the required value set', { type: coding('http://terminology.hl7.org/CodeSystem/supply-item-type', 'x') }, 'code-invalid', 'SupplyDelivery.type'],
    ['Condition', 'a clinical status of another system', { subject: { display: 'x' }, clinicalStatus: coding('urn:x', 'active') }, 'code-invalid', 'Condition.clinicalStatus'],
    ['Condition', 'two codes outside', { subject: { display: 'x' }, verificationStatus: { coding: [{ system: 'urn:x', code: 'a' }, { code: 'b' }] } }, 'code-invalid', 'Condition.verificationStatus'],
    ['AllergyIntolerance', 'a status in the wrong case', { patient: { display: 'x' }, clinicalStatus: coding('http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical', 'Active') }, 'code-invalid', 'AllergyIntolerance.clinicalStatus'],
    ['AdverseEvent', 'an outcome that is none', { actuality: 'actual', subject: { display: 'x' }, outcome: coding('http://terminology.hl7.org/CodeSystem/adverse-event-outcome', 'x') }, 'code-invalid', 'AdverseEvent.outcome'],
  ],
  stu3: [
    ['SupplyDelivery', 'a code outside the required value set', { type: coding(deliveries, 'x') }, 'code-invalid', 'SupplyDelivery.type'],
    ['AdverseEvent', 'an outcome that is none', { outcome: coding('http://hl7.org/fhir/adverse-event-outcome', 'x') }, 'code-invalid', 'AdverseEvent.outcome'],
    ['PlanDefinition', 'a type of action of another system', { status: 'draft', action: [{ type: { system: 'urn:x', code: 'create' } }] }, 'code-invalid', 'PlanDefinition.action[0].type'],
  ],
};

test.each([
  [
    'r4',
    'SupplyDelivery',
    {
      type: {
        coding: [
          { system: 'urn:own', code: 'x' },
          { system: 'http://terminology.hl7.org/CodeSystem/supply-item-type', code: 'device' },
        ],
      },
    },
  ],
  ['r4', 'SupplyDelivery', { type: { text: 'x' } }],
  ['stu3', 'SupplyDelivery', { type: { coding: [{ code: 'device' }] } }],
  ['stu3', 'SupplyDelivery', { type: coding(deliveries, 'device') }],
] as const)(
  'one code of the value set is enough, and so are words: %s %s %j',
  async (version, resourceType, elements) => {
    const answer = await server.send('POST', `/${version}/${resourceType}`, { body: { resourceType, ...elements } });
    expect(answer.status).toBe(201);
  },
);

describe.each(fhirVersions)('a create of %s refuses', (version) => {
  test.each([
    ...patients.map((row) => ['Patient', ...row] as const),
    ...observations.map((row) => ['Observation', ...row] as const),
    ...codes[version],
  ])('in a %s %s', async (resourceType, _, elements, issueCode, place) => {
    const text = JSON.stringify({ resourceType, ...elements }).replace('"HUGE"', '1e999999');
    const body = Object.hasOwn(elements, '__proto__') ? `{"resourceType":"Patient","__proto__":{"x":1}}` : text;
    const headers = { 'content-type': 'application/fhir+json' };
    const answer = await server.send('POST', `/${version}/${resourceType}`, { body, headers });
    const [issue] = answer.json.issue;
    expect([answer.status, issue.severity, issue.code, issue.expression]).toEqual([422, 'error', issueCode, [place]]);
    // $validate says the same, with 200.
    const said = await server.send('POST', `/${version}/${resourceType}/$validate`, { body, headers });
    const found = said.json.issue.filter(({ severity }) => severity === 'error');
    expect([said.status, found[0]?.code, found[0]?.expression]).toEqual([200, issueCode, [place]]);
    expect(server.logged).toEqual([]);
  });
});
