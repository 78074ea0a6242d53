import { describe, expect, test } from '@jest/globals';
import { parseJson } from '../../fhir/json.js';
import type { Resource } from '../../fhir/resource.js';
import { implicitRange } from '../../search/values/number.js';
import { fold } from '../../search/values/string.js';
import { examples } from './match-examples.js';

const patient: Resource = {
  resourceType: 'Patient',
  id: 'Pat-1',
  meta: {
    lastUpdated: '2020-05-01T10:00:00.123Z',
    tag: [{ system: 'http://t', code: 'x' }],
    profile: ['http://p.org/a/b'],
  },
  identifier: [{ system: 'http://sys', value: 'ID-1' }, { value: 'bare' }],
  active: true,
  name: [{ family: 'Müller-Łukasz', given: ['José', 'Mary  Ann'] }, { text: 'Dr. Who' }],
  telecom: [{ system: 'email', value: 'A@b.org', use: 'work' }],
  gender: 'female',
  birthDate: '1974-12-25',
  address: [{ city: 'Zürich', line: ['Straße 5'], postalCode: '8001' }],
  generalPractitioner: [
    { reference: 'Practitioner/7' },
    { reference: 'http://own.org/r4/Organization/8' },
    { reference: 'http://other.org/fhir/Practitioner/9' },
    { reference: '#inside' },
    { reference: 'Practitioner/10/_history/3' },
    { identifier: { system: 'http://npi', value: '42' }, display: 'Somebody' },
  ],
};

describe('string', () => {
  examples(
    patient,
    [
      'family=muller',
      'family=MÜLLER',
      'family=m%C3%BCll',
      'family=Muller-lukasz',
      'given=jose',
      'given=mary ann',
      'name=dr.',
      'family:exact=Müller-Łukasz',
      'family:contains=luk',
      'name:contains=who',
      'address=strasse',
      'address=zurich',
      'address-city=z',
      'family= muller ',
      'family=muller&given=mary',
      'family=mullerlukasz',
      'family=muller lukasz',
      'family=lukasz',
      'name=who',
      'given=ann',
      'name:contains=erlu',
      'address=stra\u00dfe 5',
    ],
    [
      'family=uller',
      'family:exact=Müller',
      'family:exact=müller-Łukasz',
      'family:contains=xyz',
      'family=muller&given=zoe',
      'name=ho',
      'address=5',
      'name:exact=José ',
    ],
  );

  const named = (family: string): Resource => ({ resourceType: 'Patient', name: [{ family }] });
  examples(
    named("O'Brien"),
    ['family=OBrien', "family=o'brien", 'family=O’Brien', "family:exact=O'Brien", 'name=obr'],
    ['family:exact=OBrien'],
  );
  examples(
    named('Carreno Quiñones'),
    ['family=carreno', 'family=Quinones', 'name=quin', 'family=carreno quinones'],
    ['family=reno', 'family=carreno  x'],
  );
  examples(named('%'), ['family=%25'], ['family=a']);
  examples(
    { resourceType: 'Organization', name: 'St. Mary-Hospital, Ward 3' },
    [
      'name=st mary',
      'name=St. Mary-Hospital',
      'name=st maryhospital',
      'name=st mary hospital ward',
      'name:contains=ward',
    ],
    ['name=mary', 'name=ward'],
  );

  test('folding leaves out case, accents and superfluous blanks, and nothing else', () => {
    expect(fold('  ÉCOLE\u00a0 Æther Straße Đà Nẵng ')).toBe('ecole aether strasse da nang');
    expect(fold('I\u0307stanbul')).toBe('istanbul');
    expect(fold('ﬁ')).toBe('fi');
    expect(fold("O'Neill 李")).toBe("o'neill 李");
  });
});

describe('token', () => {
  examples(
    patient,
    [
      'identifier=http://sys|ID-1',
      'identifier=ID-1',
      'identifier=|bare',
      'identifier=bare',
      'identifier=http://sys|',
      'identifier=zzz,bare',
      'gender=female',
      'gender=FEMALE',
      'gender=http://hl7.org/fhir/administrative-gender|female',
      'gender=|female',
      'gender=http://hl7.org/fhir/administrative-gender|',
      'active=http://hl7.org/fhir/special-values|true',
      'active=true',
      'gender:not=male',
      'identifier:not=http://sys|bare',
      'telecom=a@B.org',
      'email=a@b.org',
      'telecom=email|a@b.org',
      'telecom=work|A@b.org',
      'telecom=|a@b.org',
      'telecom=email|',
      'telecom:not=phone|a@b.org',
      '_id=Pat-1',
      '_tag=http://t|X',
      '_tag=x',
      'deceased=false',
      '_security:not=r',
      '_id=1,Pat-1',
    ],
    [
      'identifier=http://sys|id-1',
      'identifier=id-1',
      'identifier=|ID-1',
      'identifier=http://other|',
      'identifier=http://sys|bare',
      'gender=male',
      'gender=http://example.org|female',
      'gender=http://example.org|',
      'gender=http://hl7.org/fhir/observation-status|female',
      'gender=http://hl7.org/fhir/observation-status|',
      'active=http://hl7.org/fhir/special-values|false',
      'active=false',
      'gender:not=male,female',
      'phone=a@b.org',
      'telecom=phone|a@b.org',
      'telecom=home|a@b.org',
      'telecom=phone|',
      'telecom=email|c@b.org',
      'telecom:not=email|a@b.org',
      'telecom:not=|a@b.org',
      '_id=pat-1',
      '_tag=http://u|x',
      'deceased=true',
    ],
  );
});

describe('reference', () => {
  examples(
    patient,
    [
      'general-practitioner=7',
      'general-practitioner=Practitioner/7',
      'general-practitioner=http://own.org/r4/Practitioner/7',
      'general-practitioner=8',
      'general-practitioner=Organization/8',
      'general-practitioner=http://own.org/r4/Organization/8',
      'general-practitioner=http://other.org/fhir/Practitioner/9',
      'general-practitioner:Practitioner=7',
      'general-practitioner:Practitioner=Practitioner/7',
      'general-practitioner=10',
      'general-practitioner=Practitioner/10/_history/3',
      'general-practitioner:identifier=http://npi|42',
      'general-practitioner:identifier=42',
      'organization:missing=true',
      'general-practitioner:missing=false',
    ],
    [
      'general-practitioner=Organization/7',
      'general-practitioner:Organization=7',
      'general-practitioner=9',
      'general-practitioner=Practitioner/9',
      'general-practitioner=inside',
      'general-practitioner=Practitioner/10/_history/4',
      'general-practitioner=Practitioner/7/_history/1',
      'general-practitioner=42',
      'general-practitioner:identifier=http://other|42',
      'general-practitioner=http://third.org/Practitioner/7',
      'general-practitioner=Somebody',
    ],
  );
  const canonical: Resource = {
    resourceType: 'CarePlan',
    instantiatesCanonical: ['http://x.org/PlanDefinition/1|2.0'],
  };
  examples(
    canonical,
    [
      'instantiates-canonical=http://x.org/PlanDefinition/1',
      'instantiates-canonical=http://x.org/PlanDefinition/1|2.0',
    ],
    [
      'instantiates-canonical=http://x.org/PlanDefinition/1|3.0',
      'instantiates-canonical=http://x.org/PlanDefinition/11',
      'instantiates-canonical=PlanDefinition/1',
    ],
  );
  examples(
    { resourceType: 'CarePlan', instantiatesCanonical: ['http://x.org/PlanDefinition/1|1.1'] },
    [
      'instantiates-canonical:below=http://x.org/PlanDefinition/1',
      'instantiates-canonical:below=http://x.org/PlanDefinition/1|1',
      'instantiates-canonical:below=http://x.org/PlanDefinition/1|1.1',
    ],
    [
      'instantiates-canonical:below=http://x.org/PlanDefinition/1|2',
      'instantiates-canonical:below=http://x.org/PlanDefinition/1|1.10',
      'instantiates-canonical:below=http://x.org/PlanDefinition',
    ],
  );
  // The specification's own examples write canonicals so.
  examples(
    { resourceType: 'CarePlan', instantiatesCanonical: ['PlanDefinition/1'] },
    [
      'instantiates-canonical=PlanDefinition/1',
      'instantiates-canonical=1',
      'instantiates-canonical:PlanDefinition=1',
      'instantiates-canonical=http://own.org/r4/PlanDefinition/1',
    ],
    ['instantiates-canonical=PlanDefinition/11', 'instantiates-canonical=http://x.org/PlanDefinition/1'],
  );
  examples(
    { resourceType: 'Bundle', type: 'document', entry: [{ resource: { resourceType: 'Composition', id: 'c1' } }] },
    ['composition=Composition/c1', 'composition=c1', 'composition:missing=false'],
    ['composition=Composition/c2'],
  );
});

describe('date', () => {
  examples(
    patient,
    [
      'birthdate=1974-12-25',
      'birthdate=1974',
      'birthdate=1974-12',
      'birthdate=ge1974-12-25',
      'birthdate=le1974',
      'birthdate=lt1975',
      'birthdate=gt1974-12-24',
      'birthdate=gt1974-12-25T10:00:00Z',
      'birthdate=ne1975',
      'birthdate=eb1975',
      'birthdate=sa1973',
      'birthdate=ap1975',
      'birthdate=1980,1974',
      '_lastUpdated=2020-05-01T10:00:00.123Z',
      '_lastUpdated=2020-05-01T12:00:00.123 02:00',
      '_lastUpdated=gt2020-05-01T10:00:00.122Z',
      '_lastUpdated=2020-05-01T10:00',
    ],
    [
      'birthdate=1974-12-25T10:00:00Z',
      'birthdate=1974-12-24',
      'birthdate=gt1974-12-25',
      'birthdate=gt1974',
      'birthdate=lt1974-12-25',
      'birthdate=ne1974',
      'birthdate=sa1974',
      'birthdate=eb1974',
      'birthdate=ap2025',
      '_lastUpdated=gt2020-05-01T10:00:00.123Z',
      'birthdate=ge1974&birthdate=lt1974-12',
    ],
  );
  const encounter: Resource = { resourceType: 'Encounter', period: { start: '2020-01-10T08:00:00Z' } };
  examples(
    encounter,
    ['date=gt2030', 'date=ge2020-01-10', 'date=ap2020-01-11', 'date=ne2020'],
    ['date=2020', 'date=lt2020-01-10', 'date=eb2030', 'date=sa2020-01-10'],
  );
  const ended: Resource = { resourceType: 'Encounter', period: { end: '2020-01-10' } };
  examples(ended, ['date=lt1900', 'date=le2020-01-10', 'date=eb2020-01-11'], ['date=gt2020-01-10', 'date=2020']);
  const timing: Resource = { resourceType: 'Observation', effectiveTiming: { event: ['2020-01-01', '2022-01-01'] } };
  examples(
    timing,
    ['date=gt2021', 'date=ap2021', 'date=ge2020&date=le2022', 'date=sa2019', 'date=eb2023'],
    ['date=2020', 'date=2021', 'date=gt2022', 'date=lt2020', 'date=2022-01-01'],
  );
  const repeated: Resource = {
    resourceType: 'Observation',
    effectiveTiming: {
      event: ['2019-06-01'],
      repeat: { boundsPeriod: { start: '2020-01-01', end: '2020-12-31' }, frequency: 2 },
    },
  };
  examples(
    repeated,
    ['date=ge2019-06-01', 'date=lt2019-07', 'date=gt2020-12-30', 'date=eb2021'],
    ['date=2020', 'date=gt2021'],
  );
  const endless: Resource = {
    resourceType: 'Observation',
    effectiveTiming: { repeat: { boundsPeriod: { start: '2020' } } },
  };
  examples(endless, ['date=gt2099', 'date=sa2019'], ['date=lt2020']);
});

describe('number', () => {
  const risk = (probability: string): Resource =>
    parseJson(`{"resourceType":"RiskAssessment","prediction":[{"probabilityDecimal":${probability}}]}`) as Resource;
  examples(
    risk('100'),
    [
      'probability=100',
      'probability=1e2',
      'probability=ge100',
      'probability=gt99.9',
      'probability=ap105',
      'probability=100.00',
    ],
    ['probability=101', 'probability=gt100', 'probability=ne100', 'probability=99.9'],
  );
  examples(
    risk('100.40'),
    ['probability=100', 'probability=gt100', 'probability=100.4'],
    ['probability=100.0', 'probability=le100', 'probability=100.3'],
  );
  examples(risk('0.15'), ['probability=0.2', 'probability=0.15'], ['probability=0.1']);

  test.each([
    ['100', 99.5, 100.5],
    ['100.00', 99.995, 100.005],
    ['1e2', 95, 105],
    ['-1', -1.5, -0.5],
    ['0', -0.5, 0.5],
    ['5.40e-3', 0.005395, 0.005405],
  ])('%s means %d up to, not including, %d', (text, low, end) => {
    const range = implicitRange(text);
    expect(range?.low).toBe(low);
    expect(range?.high).toBeLessThan(end);
    expect(range?.high).toBeCloseTo(end, 9);
  });
});

describe('uri', () => {
  const valueSet: Resource = { resourceType: 'ValueSet', url: 'http://x.org/fhir/a' };
  examples(
    valueSet,
    [
      'url=http://x.org/fhir/a',
      'url:below=http://x.org/fhir',
      'url:below=http://x.org/fhir/',
      'url:above=http://x.org/fhir/a/b',
      'url:below=http://x.org/fhir/a',
      'url:below=http://x.org/fh',
      'url:below=http',
      'url:above=http://x.org/fhir/ab',
    ],
    [
      'url=http://x.org/fhir',
      'url=http://x.org/fhir/A',
      'url:below=x.org',
      'url:above=http://x.org/fhir',
      'url=http://x.org/fhir/a/',
    ],
  );
  describe('longer than a term', () => {
    const long = `http://x.org/${'a'.repeat(400)}`;
    examples(
      { resourceType: 'ValueSet', url: long },
      [`url:above=${long}`, `url:above=${long}/b`, `url:above=${long}${'c'.repeat(1_000)}`],
      [`url:above=${long.slice(0, -1)}`, `url:above=${long.slice(0, -1)}b/c`],
    );
    examples(valueSet, [`url:above=http://x.org/fhir/a/${'b'.repeat(400)}`], [`url:above=http://x.org/fhir/${long}`]);
  });

  const urn: Resource = { resourceType: 'ValueSet', url: 'urn:oid:1.2.3' };
  examples(urn, ['url=urn:oid:1.2.3'], ['url:below=ur', 'url=urn:oid:1.2']);

  describe('that is a canonical one may have a version', () => {
    examples(
      { ...valueSet, version: '1.0' },
      [
        'url=http://x.org/fhir/a|1.0',
        'url=http://x.org/fhir/a',
        'url:below=http://x.org/fhir/a|1',
        'url:below=http://x.org/fhir/a|1.0',
      ],
      [
        'url=http://x.org/fhir/a|2.0',
        'url=http://x.org/fhir/a|1',
        'url:below=http://x.org/fhir/a|1.0.1',
        'url:below=http://x.org/fhir|1',
        'url:below=http://x.org/fhir/a|2',
      ],
    );
    examples(valueSet, [], ['url=http://x.org/fhir/a|1.0', 'url:below=http://x.org/fhir/a|1']);
    examples({ ...valueSet, version: '10.1' }, [], ['url:below=http://x.org/fhir/a|1']);
    examples(
      { resourceType: 'Patient', meta: { profile: ['http://p.org/a|3.1'] } },
      [
        '_profile=http://p.org/a',
        '_profile=http://p.org/a|3.1',
        '_profile:below=http://p.org',
        '_profile:below=http://p.org/a|3',
      ],
      ['_profile=http://p.org/a|3', '_profile=http://p.org', '_profile:below=http://p.org/a|3.10'],
    );
  });
});

describe('missing', () => {
  examples(
    patient,
    ['birthdate:missing=false', 'death-date:missing=true', 'language:missing=true'],
    ['birthdate:missing=true', 'death-date:missing=false'],
  );
});
