import { describe, expect, test } from '@jest/globals';
import type { Resource } from '../../fhir/resource.js';
import { examples, matches } from './match-examples.js';

const ucum = 'http://unitsofmeasure.org';
const code = (value: string, system = 'http://loinc.org'): object => ({ coding: [{ system, code: value }] });
const mmHg = (value: number): object => ({ value, unit: 'mmHg', system: ucum, code: 'mm[Hg]' });

const bloodPressure: Resource = {
  resourceType: 'Observation',
  code: code('85354-9'),
  component: [
    { code: code('8480-6'), valueQuantity: mmHg(107) },
    { code: code('8462-4'), valueQuantity: mmHg(60) },
  ],
};
const apgar: Resource = {
  resourceType: 'Observation',
  code: {
    coding: [
      ...[{ system: 'http://loinc.org', code: '9274-2' }],
      { system: 'http://snomed.info/sct', code: '443849008' },
    ],
  },
  valueQuantity: { value: 10, system: ucum, code: '{score}' },
  component: [
    {
      code: code('249227004', 'http://snomed.info/sct'),
      valueCodeableConcept: code('LA6724-4', 'http://loinc.org/la'),
    },
    { code: code('249228009', 'http://snomed.info/sct'), valueCodeableConcept: code('2', 'http://acme.org') },
  ],
};

// https://hl7.org/fhir/R4/search.html#composite
describe('a composite', () => {
  for (const version of ['r4', 'stu3'] as const) {
    describe(`of ${version} holds together what stands in one element`, () => {
      examples(
        bloodPressure,
        [
          'component-code-value-quantity=http://loinc.org|8480-6$107|http://unitsofmeasure.org|mm[Hg]',
          'component-code-value-quantity=8480-6$gt100',
          'component-code-value-quantity=8480-6$gt100||mmHg',
          'component-code-value-quantity=8480-6$lt15|http://unitsofmeasure.org|kPa',
          'component-code-value-quantity=http://loinc.org|$60',
          'component-code-value-quantity=8480-6$60,8462-4$60',
          'combo-code-value-quantity=8480-6$107',
          'component-code-value-quantity:missing=false',
          'code-value-quantity:missing=true',
        ],
        [
          'component-code-value-quantity=8480-6$60',
          'component-code-value-quantity=8480-6$lt100',
          'component-code-value-quantity=85354-9$107',
          'combo-code-value-quantity=85354-9$107',
          'component-code-value-quantity=http://snomed.info/sct|8480-6$107',
          'component-code-value-quantity=8480-6$107||kPa',
          'component-code-value-quantity=8480-6$60,8462-4$107',
          'code-value-quantity=85354-9$107',
          'component-code-value-quantity:missing=true',
          'code-value-quantity:missing=false',
        ],
        version,
      );
      examples(
        apgar,
        [
          'code-value-quantity=http://snomed.info/sct|443849008$10|http://unitsofmeasure.org|{score}',
          'code-value-quantity=443849008$eq10',
          'code-value-quantity=443849008$ge10||{score}',
          'combo-code-value-quantity=9274-2$10',
          'combo-code-value-concept=249227004$http://loinc.org/la|LA6724-4',
          'component-code-value-concept=249227004$LA6724-4',
        ],
        [
          'code-value-quantity=443849008$ne10|http://unitsofmeasure.org|{score}',
          'code-value-quantity=443849008$10|http://other.org|{score}',
          'code-value-quantity=other|443849008$10',
          'combo-code-value-concept=249227004$2',
          'combo-code-value-concept=443849008$LA6724-4',
          'combo-code-value-concept=249227004$|LA6724-4',
        ],
        version,
      );
    });
  }

  const eyeColor = { resourceType: 'Observation', code: code('162806009'), valueString: 'Blue $ green' };
  examples(
    eyeColor,
    ['code-value-string=162806009$blue', 'code-value-string=http://loinc.org|162806009$blue \\$'],
    ['code-value-string=162806009$red', 'code-value-string=x$blue'],
  );
  const dated = { resourceType: 'Observation', code: code('c1'), valueDateTime: '2020-05-01' };
  examples(dated, ['code-value-date=c1$2020-05', 'code-value-date=c1$gt2019'], ['code-value-date=c1$lt2020']);
  const period = { resourceType: 'Observation', code: code('c1'), valuePeriod: { start: '2020-05-01' } };
  examples(period, ['code-value-date=c1$gt2030'], ['code-value-date=c1$lt2020']);

  const replaced: Resource = {
    resourceType: 'DocumentReference',
    relatesTo: [
      { code: 'appends', target: { reference: 'DocumentReference/a' } },
      { code: 'replaces', target: { reference: 'DocumentReference/b' } },
    ],
  };
  examples(
    replaced,
    [
      'relationship=DocumentReference/a$appends',
      'relationship=a$http://hl7.org/fhir/document-relationship-type|appends',
      'relationship=http://own.org/r4/DocumentReference/b$replaces',
    ],
    ['relationship=DocumentReference/a$replaces', 'relationship=b$appends'],
  );
  const group: Resource = {
    resourceType: 'Group',
    characteristic: [
      { code: { text: 'x', coding: [{ code: 'gender' }] }, valueCodeableConcept: { coding: [{ code: 'mixed' }] } },
      { code: { coding: [{ code: 'owner' }] }, valueBoolean: true },
    ],
  };
  examples(
    group,
    [
      'characteristic-value=gender$mixed',
      'characteristic-value=owner$true',
      'characteristic-value=owner$false,gender$mixed',
    ],
    ['characteristic-value=owner$mixed', 'characteristic-value=gender$true'],
  );
  const sequence: Resource = {
    resourceType: 'MolecularSequence',
    referenceSeq: { chromosome: { coding: [{ code: '1' }] }, referenceSeqId: { coding: [{ code: 'NC_1' }] } },
    variant: [{ start: 100, end: 200 }],
  };
  examples(
    sequence,
    ['chromosome-variant-coordinate=1$ge100$le200', 'referenceseqid-variant-coordinate=NC_1$100$200'],
    ['chromosome-variant-coordinate=2$ge100$le200', 'chromosome-variant-coordinate=1$gt100$le200'],
  );
  examples(
    {
      resourceType: 'Sequence',
      referenceSeq: { chromosome: { coding: [{ code: '1' }] } },
      variant: [{ start: 100, end: 200 }],
    },
    ['coordinate=1$ge100$le200'],
    ['coordinate=1$ge100$lt200'],
    'stu3',
  );
  examples(
    {
      resourceType: 'Questionnaire',
      useContext: [{ code: { code: 'focus' }, valueCodeableConcept: code('408934002', 'http://snomed.info/sct') }],
    },
    ['context-type-value=focus$http://snomed.info/sct|408934002'],
    ['context-type-value=age$408934002'],
  );

  test('of an element without all of its parts is missing', () => {
    const half = { resourceType: 'Observation', code: code('c1'), component: [{ code: code('8480-6') }] };
    expect(matches('code-value-quantity:missing=true', half)).toBe(true);
    expect(matches('component-code-value-quantity:missing=true', half)).toBe(true);
  });
});
