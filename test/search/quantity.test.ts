import { describe, expect, test } from '@jest/globals';
import { parseJson } from '../../fhir/json.js';
import type { Resource } from '../../fhir/resource.js';
import { examples, matches } from './match-examples.js';

const ucum = 'http://unitsofmeasure.org';
const measured = (valueQuantity: string): Resource =>
  parseJson(`{"resourceType":"Observation","valueQuantity":${valueQuantity}}`) as Resource;
const mg = (value: string, more = ''): Resource =>
  measured(`{"value":${value},"unit":"milligram","system":"${ucum}","code":"mg"${more}}`);
const of = (value: string, code: string): Resource =>
  measured(`{"value":${value},"system":"${ucum}","code":"${code}"}`);

// https://hl7.org/fhir/R4/search.html#quantity
describe('a quantity', () => {
  examples(
    mg('5.4'),
    [
      'value-quantity=5.4|http://unitsofmeasure.org|mg',
      'value-quantity=5.40e-3|http://unitsofmeasure.org|g',
      'value-quantity=5.4||mg',
      'value-quantity=5.4||milligram',
      'value-quantity=5.4',
      'value-quantity=5',
      'value-quantity=le5.4|http://unitsofmeasure.org|mg',
      'value-quantity=ge5.4|http://unitsofmeasure.org|mg',
      'value-quantity=le5.4e-6|http://unitsofmeasure.org|kg',
      'value-quantity=ge5400|http://unitsofmeasure.org|ug',
      'value-quantity=ap5|http://unitsofmeasure.org|mg',
      'value-quantity=ne5|http://unitsofmeasure.org|g',
      'value-quantity=5.4|http://unitsofmeasure.org|',
      'value-quantity=5.4|http://unitsofmeasure.org',
      'value-quantity=7||mg,5.4||mg',
      'combo-value-quantity=gt5.3',
      'value-quantity:missing=false',
    ],
    [
      'value-quantity=5.40|http://unitsofmeasure.org|g',
      'value-quantity=5.4||g',
      'value-quantity=5.4||MG',
      'value-quantity=5.4|http://other.org|mg',
      'value-quantity=5.4|http://other.org|',
      'value-quantity=5.3',
      'value-quantity=5.400001|http://unitsofmeasure.org|mg',
      'value-quantity=lt5.4|http://unitsofmeasure.org|mg',
      'value-quantity=gt5.4e-3|http://unitsofmeasure.org|g',
      'value-quantity=ne5.4|http://unitsofmeasure.org|mg',
      'value-quantity=ne5.4|http://unitsofmeasure.org|mL',
      'value-quantity=ap7|http://unitsofmeasure.org|mg',
      'value-quantity=sa5.4||mg',
      'value-quantity=eb5.4||mg',
      'component-value-quantity=5.4',
      'value-quantity:missing=true',
    ],
  );

  test.each([
    ['23', 'mm/h', '0.023|http://unitsofmeasure.org|m/h'],
    ['98.6', '[degF]', '37.0|http://unitsofmeasure.org|Cel'],
    ['37', 'Cel', '310.15|http://unitsofmeasure.org|K'],
    ['120', 'mm[Hg]', 'gt15|http://unitsofmeasure.org|kPa'],
    ['5', '10*3/uL', '5|http://unitsofmeasure.org|10*9/L'],
    ['72', '{beats}/min', '72|http://unitsofmeasure.org|/min'],
    ['72', '/min', '1.2|http://unitsofmeasure.org|/s'],
    ['1', 'kg', '1000|http://unitsofmeasure.org|g'],
    ['7', '[pH]', '7|http://unitsofmeasure.org|[pH]'],
    ['7', '[pH]', 'lt7.1|http://unitsofmeasure.org|[pH]'],
    ['3', '[iU]/L', '3|http://unitsofmeasure.org|[iU]/L'],
    ['3', 'no such unit', '3|http://unitsofmeasure.org|no such unit'],
  ])('of %s %s is found by %s', (value, code, query) => {
    expect(matches(`value-quantity=${encodeURIComponent(query)}`, of(value, code))).toBe(true);
  });

  test.each([
    ['5', 'mmol/L', 'gt1|http://unitsofmeasure.org|/L'], // UCUM calls a mole a number
    ['5', '[iU]/L', '5|http://unitsofmeasure.org|U/L'], // arbitrary units convert to nothing
    ['7', '[pH]', 'ge0|http://unitsofmeasure.org|mol/L'],
    ['5', 'mg', 'ge0|http://unitsofmeasure.org|mL'],
    ['5', 'MG', 'ge0|http://unitsofmeasure.org|mg'],
  ])('of %s %s is not found by %s', (value, code, query) => {
    expect(matches(`value-quantity=${encodeURIComponent(query)}`, of(value, code))).toBe(false);
  });

  describe('with a comparator is the open range it says', () => {
    examples(
      mg('5', ',"comparator":"<"'),
      [
        'value-quantity=lt5||mg',
        'value-quantity=lt1||mg',
        'value-quantity=le5||mg',
        'value-quantity=gt4.9||mg',
        'value-quantity=ne5',
      ],
      [
        'value-quantity=gt5||mg',
        'value-quantity=ge5||mg',
        'value-quantity=5',
        'value-quantity=sa1',
        `value-quantity=ge5e-3|${ucum}|g`,
      ],
    );
    examples(
      mg('5', ',"comparator":"<="'),
      ['value-quantity=le5', 'value-quantity=lt5', `value-quantity=gt4.99e-3|${ucum}|g`],
      ['value-quantity=gt5', 'value-quantity=sa5'],
    );
    examples(
      mg('5', ',"comparator":">"'),
      ['value-quantity=gt5', 'value-quantity=gt5000', 'value-quantity=sa5', `value-quantity=sa5e-3|${ucum}|g`],
      ['value-quantity=lt5', 'value-quantity=le5', 'value-quantity=5'],
    );
    examples(
      mg('5', ',"comparator":">="'),
      ['value-quantity=ge5', 'value-quantity=gt5'],
      ['value-quantity=lt5', 'value-quantity=sa5'],
    );
  });

  test('counts to the last digit at the ends of what its digits mean', () => {
    expect(matches('value-quantity=5.4||mg', mg('5.35'))).toBe(true);
    expect(matches('value-quantity=5.4||mg', mg('5.45'))).toBe(false);
    expect(matches(`value-quantity=5.4e-3|${ucum}|g`, mg('5.35'))).toBe(true);
    expect(matches(`value-quantity=5.4e-3|${ucum}|g`, mg('5.45'))).toBe(false);
    expect(matches('value-quantity=-5.4||mg', mg('-5.45'))).toBe(true);
  });

  test('without a number is there, and nothing finds it', () => {
    const unit = measured(`{"unit":"mg"}`);
    expect(matches('value-quantity:missing=false', unit)).toBe(true);
    expect(matches('value-quantity=ge0||mg', unit)).toBe(false);
  });
});

describe('what is searched as a quantity', () => {
  const money = { resourceType: 'Invoice', totalNet: { value: 40.22, currency: 'EUR' } };
  examples(
    money,
    ['totalnet=40.22|urn:iso:std:iso:4217|EUR', 'totalnet=gt40||EUR', 'totalnet=40'],
    ['totalnet=40.22|urn:iso:std:iso:4217|USD', 'totalnet=40.22||USD'],
  );
  examples(
    { resourceType: 'Condition', onsetAge: { value: 18, unit: 'years', system: ucum, code: 'a' } },
    ['onset-age=18|http://unitsofmeasure.org|a', 'onset-age=216|http://unitsofmeasure.org|mo', 'onset-age=lt19||years'],
    ['onset-age=18|http://unitsofmeasure.org|mo'],
  );
  const between = (low: object | undefined, high: object | undefined): Resource => ({
    resourceType: 'ActivityDefinition',
    useContext: [{ code: { code: 'age' }, valueRange: { low, high } }],
  });
  const years = (value: number): object => ({ value, unit: 'years', system: ucum, code: 'a' });
  examples(
    between(years(12), years(18)),
    [
      'context-quantity=gt17||years',
      'context-quantity=lt13',
      'context-quantity=ap15',
      'context-quantity=lt160|http://unitsofmeasure.org|mo',
    ],
    ['context-quantity=15', 'context-quantity=gt18', 'context-quantity=lt12', 'context-quantity=gt17||months'],
  );
  examples(
    between(years(65), undefined),
    ['context-quantity=gt100', 'context-quantity=sa64'],
    ['context-quantity=lt65'],
  );
  examples(between(undefined, years(2)), ['context-quantity=lt1', 'context-quantity=eb3'], ['context-quantity=gt2']);
  examples(
    between({ value: 500, system: ucum, code: 'mg' }, { value: 1, system: ucum, code: 'g' }),
    ['context-quantity=gt0.9|http://unitsofmeasure.org|g', 'context-quantity=lt501|http://unitsofmeasure.org|mg'],
    ['context-quantity=lt500|http://unitsofmeasure.org|mg', 'context-quantity=gt1000|http://unitsofmeasure.org|mg'],
  );
  const samples = (data: string): Resource => ({
    resourceType: 'Observation',
    valueSampledData: { origin: { value: 100, unit: 'mV' }, period: 10, factor: 0.5, dimensions: 1, data },
  });
  examples(
    samples('-20 0 E 40'),
    ['value-quantity=lt91||mV', 'value-quantity=gt119||mV', 'value-quantity=ap100', 'value-quantity=sa89'],
    ['value-quantity=lt90', 'value-quantity=gt120', 'value-quantity=100'],
  );
  examples(samples('1 U'), ['value-quantity=gt1000'], ['value-quantity=lt100']);
});
