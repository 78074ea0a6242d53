import fc from 'fast-check';
import type { Resource } from '../../fhir/resource.js';
import type { Terminology } from '../../search/terminology.js';

// Few values, many collisions: what searches must tell apart stands close together.

const some = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const few = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T[] | undefined> =>
  maybe(fc.array(value, { minLength: 1, maxLength: 3 }));

const texts = [
  'Müller',
  'MULLER',
  'Mull',
  'Ann',
  'anna',
  'Ångström',
  'Ελένη',
  '李',
  '😀x',
  'O’Neill',
  'a b',
  '~tilde',
  '%',
];
const systems = [
  'http://a.org',
  'http://b.org',
  'urn:x',
  'http://terminology.example.org/CodeSystem/with-a-name-longer-than-64-characters',
];
const codes = ['1', 'A', 'a', 'ab', 'x|y', 'c,d', '\uFF21', '\u{1F600}'];
const dates = ['2012', '2012-05', '2012-05-31', '2013-01-01', '1999'];
const dateTimes = [
  ...dates,
  '2012-05-31T10:00:00Z',
  '2012-05-31T10:00:00.500Z',
  '2012-05-31T23:30:00-05:00',
  '2012-06-01T04:30:00Z',
];
const references = [
  'Patient/1',
  'Patient/2',
  'Group/1',
  'Patient/1/_history/2',
  'http://own.org/r4/Patient/1',
  'http://other.org/fhir/Patient/1',
  '#p1',
  'urn:uuid:6f1d8a3e-7d1c-4f6a-9b1e-0c1f6b8f0a01',
];
const urls = ['http://x.org/a', 'http://x.org/a/b', 'http://x.org/ab', 'http://x.org/a|1', 'urn:oid:1.2.3'];
const plainUrls = ['http', 'http://x.org/a', 'http://x.org/a/bc', 'http://x.org/ab', 'http://x.org/'];

const units = [
  { system: 'http://unitsofmeasure.org', code: 'mg', unit: 'mg' },
  { system: 'http://unitsofmeasure.org', code: 'g', unit: 'gram' },
  { system: 'http://unitsofmeasure.org', code: 'Cel' },
  { system: 'http://unitsofmeasure.org', code: 'K' },
  { system: 'http://unitsofmeasure.org', code: '[iU]', unit: 'IU' },
  { system: 'http://other.org', code: 'mg' },
  { unit: 'mg' },
  {},
];
const amounts = [0, 5.4, 5.35, 5.45, 5400, 0.0054, -1, 37.5, 310.65];
const quantity = fc
  .tuple(fc.record({ value: maybe(some(...amounts)), comparator: maybe(some('<', '<=', '>=', '>')) }), some(...units))
  .map(([amount, unit]) => ({ ...amount, ...unit }));
const range = fc.tuple(maybe(some(...amounts)), maybe(some(...amounts)), some(...units)).map(([low, high, unit]) => ({
  ...(low === undefined ? {} : { low: { value: low, ...unit } }),
  ...(high === undefined ? {} : { high: { value: high, ...unit } }),
}));

const coding = fc.record(
  { system: maybe(some(...systems)), code: maybe(some(...codes)), display: maybe(some(...texts)) },
  { requiredKeys: [] },
);
const concept = fc.record({ coding: few(coding), text: maybe(some(...texts)) }, { requiredKeys: [] });
const identifier = fc.record(
  { system: maybe(some(...systems)), value: maybe(some(...codes)), type: maybe(concept) },
  { requiredKeys: [] },
);
const reference = fc.record(
  { reference: maybe(some(...references)), identifier: maybe(identifier), display: maybe(some(...texts)) },
  { requiredKeys: [] },
);
const period = fc.record({ start: maybe(some(...dateTimes)), end: maybe(some(...dateTimes)) }, { requiredKeys: [] });
const meta = fc.record(
  {
    lastUpdated: some('2020-01-01T00:00:00.000Z', '2020-01-01T00:00:00.001Z', '2021-01-01T00:00:00.000Z'),
    tag: few(coding),
    profile: few(some(...urls)),
  },
  { requiredKeys: ['lastUpdated'] },
);

/** Narratives and contained resources, which full text and chains look into. */
const domain = {
  text: maybe(
    some('Heart attack', 'no attack', 'Attack of the heart', 'Mu\u0308ller', 'one<br/>two').map((text) => ({
      status: 'generated',
      div: `<div xmlns="http://www.w3.org/1999/xhtml"><p>${text}</p></div>`,
    })),
  ),
  contained: maybe(
    fc.record({ active: fc.boolean() }).map(({ active }) => [{ resourceType: 'Patient', id: 'p1', active }]),
  ),
};

const withoutUndefined = (value: unknown): Resource => JSON.parse(JSON.stringify(value)) as Resource;

const patient = fc
  .record({
    resourceType: fc.constant('Patient'),
    meta,
    ...domain,
    identifier: few(identifier),
    active: maybe(fc.boolean()),
    name: few(fc.record({ family: maybe(some(...texts)), given: few(some(...texts)), text: maybe(some(...texts)) })),
    gender: maybe(some('male', 'female', 'other')),
    birthDate: maybe(some(...dates)),
    generalPractitioner: few(reference),
  })
  .map(withoutUndefined);

const observation = fc
  .record({
    resourceType: fc.constant('Observation'),
    meta,
    ...domain,
    identifier: few(identifier),
    status: some('final', 'amended'),
    code: concept,
    subject: maybe(reference),
    effectiveDateTime: maybe(some(...dateTimes)),
    effectivePeriod: maybe(period),
    effectiveTiming: maybe(
      fc.record({ event: few(some(...dateTimes)), repeat: maybe(fc.record({ boundsPeriod: maybe(period) })) }),
    ),
    valueQuantity: maybe(quantity),
    valueCodeableConcept: maybe(concept),
    valueString: maybe(some(...texts)),
    valueDateTime: maybe(some(...dateTimes)),
    component: few(fc.record({ code: concept, valueQuantity: maybe(quantity), valueCodeableConcept: maybe(concept) })),
  })
  .map(withoutUndefined);

const riskAssessment = fc
  .record({
    resourceType: fc.constant('RiskAssessment'),
    meta,
    status: some('final', 'amended'),
    subject: reference,
    prediction: few(
      fc.record({
        probabilityDecimal: maybe(some(0, -1.5, 0.1, 0.14, 0.15, 100, 99.5, 100.4, 1e-7)),
        probabilityRange: maybe(
          fc.record({ low: maybe(some({ value: 0 }, { value: 99 })), high: maybe(some({ value: 100 })) }),
        ),
      }),
    ),
  })
  .map(withoutUndefined);

const valueSet = fc
  .record({
    resourceType: fc.constant('ValueSet'),
    meta,
    status: some('draft'),
    url: maybe(some(...urls)),
    version: maybe(some('1', '2')),
    useContext: few(
      fc.record({
        code: coding,
        valueQuantity: maybe(quantity),
        valueRange: maybe(range),
        valueCodeableConcept: maybe(concept),
      }),
    ),
  })
  .map(withoutUndefined);

const latitudes = [90, 89.9999, 51.3397, 51.34, 0, -0.0001, -90];
const longitudes = [180, 179.9999, 12.3731, 12.374, 0, -0.0001, -179.9999, -180];

const location = fc
  .record({
    resourceType: fc.constant('Location'),
    meta,
    name: maybe(some(...texts)),
    position: maybe(fc.record({ latitude: some(...latitudes), longitude: some(...longitudes) })),
    partOf: maybe(some('Location/1', 'Location/2', 'Location/3', '#').map((to) => ({ reference: to }))),
  })
  .map(withoutUndefined);

/** A resource of one of five types, without an id. */
export const resource = fc.oneof(patient, observation, riskAssessment, valueSet, location);

const prefix = some('', 'eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap');
const joined = (...values: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...values).map((parts) => parts.join(''));
const escaped = (text: string): string => text.replace(/[,|$\\]/g, '\\$&');
const either = (value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(value, { minLength: 1, maxLength: 2 }).map((values) => values.join(','));

const texty = either(some(...texts, 'mü', 'm', 'ul').map(escaped));
const token = either(
  fc.oneof(
    some(...codes).map(escaped),
    fc.tuple(some('', ...systems), some(...codes)).map(([system, code]) => `${system}|${escaped(code)}`),
    some(...systems).map((system) => `${system}|`),
  ),
);
const when = either(joined(prefix, some(...dateTimes, '2012-05-31T10:00', '2012-06')));
const pointing = either(some('1', '2', ...references.filter((each) => !each.startsWith('#')), 'http://none.org/x'));
const number = either(joined(prefix, some('0.1', '0.15', '100', '100.0', '1e2', '0', '-1.5', '99')));
const amount = joined(prefix, some(...amounts.map(String), '5', '5.40', '1e1', '5.4e3'));
const unit = some(
  '',
  '||mg',
  '||gram',
  '|http://unitsofmeasure.org|mg',
  '|http://unitsofmeasure.org|g',
  '|http://unitsofmeasure.org|K',
  '|http://unitsofmeasure.org|Cel',
  '|http://unitsofmeasure.org|[iU]',
  '|http://other.org|mg',
  '|http://other.org|',
);
const measured = joined(amount, unit);
const oneToken = fc.oneof(
  some(...codes).map(escaped),
  joined(some('|', ...systems.map((system) => `${system}|`)), some('', '1', 'A', 'ab')).filter((text) => text !== '|'),
);
const pair = (left: fc.Arbitrary<string>, right: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  either(joined(left, some('$'), right));
const uri = either(some(...urls));
const missing = some('true', 'false');
const around = fc
  .tuple(some(...latitudes), some(...longitudes), some('', '|0', '|20|m', '|10', '|100|[mi_i]', '|5000', '|30000'))
  .map(([latitude, longitude, distance]) => `${String(latitude)}|${String(longitude)}${distance}`);
const named = (names: readonly string[], value: fc.Arbitrary<string>): fc.Arbitrary<[string, string]> =>
  fc.tuple(some(...names), value);

const common = fc.oneof(
  named(['_lastUpdated'], either(joined(prefix, some('2020', '2020-01-01T00:00:00.001Z', '2021')))),
  named(['_id'], either(some('1', '2', '3', '17'))),
  named(['_tag', '_tag:not'], token),
  named(['_profile', '_profile:below', '_profile:above'], either(some(...plainUrls))),
);

/** Conditions by resource type: a parameter's name and its value. */
export const conditions: Readonly<Record<string, fc.Arbitrary<[string, string]>>> = {
  Patient: fc.oneof(
    common,
    named(['name', 'family', 'given', 'name:exact', 'family:exact', 'name:contains', 'given:contains'], texty),
    named(['identifier', 'identifier:not'], token),
    named(['identifier:text'], texty),
    named(['identifier:of-type'], joined(some(...systems), some('|1|', '|A|', '|a|'), some('1', 'A', 'a', 'ab'))),
    named(
      ['gender', 'gender:not'],
      some(
        'male',
        'female',
        'http://hl7.org/fhir/administrative-gender|male',
        'http://hl7.org/fhir/administrative-gender|',
        'http://hl7.org/fhir/other|male',
        '|other',
      ),
    ),
    named(['active'], some('true', 'false')),
    named(['birthdate'], when),
    named(['general-practitioner', 'general-practitioner:Practitioner'], some('1', '2')),
    named(['general-practitioner:identifier'], token),
    named(['name:missing', 'birthdate:missing', 'identifier:missing', 'general-practitioner:missing'], missing),
  ),
  Observation: fc.oneof(
    common,
    named(['code', 'code:not', 'status', 'status:not', 'identifier'], token),
    named(['date'], when),
    named(['code:text', 'value-concept:text', 'combo-code:text'], texty),
    named(['code:in', 'code:not-in', 'status:in'], either(some('few', 'many'))),
    named(['code:below', 'code:above'], either(some('http://a.org|1', 'http://b.org|A'))),
    named(['subject', 'patient'], pointing),
    named(['subject:identifier'], token),
    named(['subject:Patient', 'subject:Group'], some('1', '2')),
    named(['value-quantity', 'combo-value-quantity', 'component-value-quantity'], either(measured)),
    named(
      ['code-value-quantity', 'component-code-value-quantity', 'combo-code-value-quantity'],
      pair(oneToken, measured),
    ),
    named(['code-value-concept', 'combo-code-value-concept'], pair(oneToken, oneToken)),
    named(['code-value-string'], pair(oneToken, some(...texts, 'm').map(escaped))),
    named(['code-value-date'], pair(oneToken, joined(prefix, some(...dateTimes)))),
    named(
      [
        'code:missing',
        'date:missing',
        'subject:missing',
        'patient:missing',
        'value-quantity:missing',
        'component-code-value-quantity:missing',
        'code-value-quantity:missing',
      ],
      missing,
    ),
  ),
  RiskAssessment: fc.oneof(
    common,
    named(['probability'], number),
    named(['probability:missing'], missing),
    named(['subject'], pointing),
  ),
  ValueSet: fc.oneof(
    common,
    named(['url'], uri),
    named(['url:above', 'url:below'], either(some(...plainUrls))),
    named(['status', 'status:not'], token),
    named(['context-quantity'], either(measured)),
    named(['context-type-quantity'], pair(oneToken, measured)),
    named(['context-type-value'], pair(oneToken, oneToken)),
  ),
  Location: fc.oneof(
    common,
    named(['near'], either(around)),
    named(['near:missing'], missing),
    named(['name'], texty),
    named(['partof'], some('1', '2', 'Location/3')),
  ),
};

/** The terminology that the conditions ask. */
export const terminology: Terminology = {
  expand: (valueSet) =>
    valueSet === 'few'
      ? [
          { system: 'http://a.org', code: '1' },
          { system: 'http://hl7.org/fhir/observation-status', code: 'final' },
        ]
      : systems.flatMap((system) => codes.map((code) => ({ system, code }))),
  subsumedBy: (system, code) => [
    { system, code },
    { system, code: 'ab' },
  ],
  subsumes: (system, code) => [
    { system, code },
    { system, code: 'x|y' },
  ],
};

/** Conditions on full text: their names and values. */
export const textConditions = fc.tuple(
  some('_text', '_content'),
  either(some('heart', 'attack', 'heart attack', '"heart attack"', 'MULLER', 'two', 'final', 'heart OR one', 'a b')),
);

/** A search on several types: conditions and an order that all have. */
export const searchOfTypes = fc.record({
  types: fc.subarray(['Patient', 'Observation', 'RiskAssessment', 'ValueSet', 'Location'], { minLength: 2 }),
  filters: fc.array(common, { maxLength: 2 }),
  sort: some('', '_lastUpdated', '-_lastUpdated,_id', '_id', '-_tag'),
});

/** Parameters to sort by, by resource type. */
export const sortable: Readonly<Record<string, readonly string[]>> = {
  Patient: ['family', 'given', 'birthdate', 'identifier', 'gender', '_lastUpdated', '_id', 'general-practitioner'],
  Observation: ['date', 'code', 'subject', 'status', '_lastUpdated', 'value-quantity', 'component-value-quantity'],
  RiskAssessment: ['probability', 'subject', '_id'],
  ValueSet: ['url', '_profile', '_tag', 'context-quantity'],
  Location: ['name', 'partof', '_lastUpdated'],
};

/** A search on one of the types: some conditions and an order. */
export const search = some(...Object.keys(conditions)).chain((type) =>
  fc.record({
    type: fc.constant(type),
    filters: fc.array(conditions[type] ?? fc.constant<[string, string]>(['_id', '1']), { maxLength: 3 }),
    sort: fc
      .array(fc.tuple(some('', '-'), some(...(sortable[type] ?? []))), { maxLength: 2 })
      .map((rules) => rules.map((parts) => parts.join('')).join(',')),
  }),
);
