import { describe, expect, test } from '@jest/globals';
import { findingText, isVoid, statusOf } from '../../console/fhir/text.js';

const pressure = (code: string, value: number) => ({
  code: { coding: [{ system: 'http://loinc.org', code }] },
  valueQuantity: { value, unit: 'mm[Hg]' },
});

describe('what was found, in a line', () => {
  test.each([
    ['a value', { valueQuantity: { value: 5.4, unit: 'mmol/L' } }, '5.4 mmol/L'],
    ['a unit that only annotates', { valueQuantity: { value: 3, unit: '{score}' } }, '3 score'],
    [
      'a comparator',
      { component: [pressure('8480-6', 120), { valueQuantity: { value: 60, unit: 'mm[Hg]', comparator: '<' } }] },
      '120 / <60 mm[Hg]',
    ],
    ['systolic before diastolic', { component: [pressure('8462-4', 80), pressure('8480-6', 120)] }, '120 / 80 mm[Hg]'],
    [
      'components in different units',
      { component: [{ valueQuantity: { value: 1, unit: 'm' } }, { valueString: 'standing' }] },
      '1 m, standing',
    ],
    ['a component without a value is not left out in silence', { component: [pressure('8480-6', 120), {}] }, ''],
    ['nothing', {}, ''],
  ])('%s', (_, observation, text) => {
    expect(findingText(observation)).toBe(text);
  });
});

describe('what is not so, or never was', () => {
  const concept = (code: string) => ({ coding: [{ code }] });
  test.each([
    ['R4', { resourceType: 'Condition', clinicalStatus: concept('active'), verificationStatus: concept('refuted') }],
    ['STU3', { resourceType: 'Condition', clinicalStatus: 'active', verificationStatus: 'refuted' }],
  ])('a refuted condition says so before all else, %s', (_, condition) => {
    expect(isVoid(condition)).toBe(true);
    expect(statusOf(condition)).toBe('refuted');
  });

  test.each([
    ['entered-in-error', true],
    ['cancelled', true],
    ['final', false],
    ['amended', false],
  ])('an observation that is %s: %s', (status, expected) => {
    expect(isVoid({ resourceType: 'Observation', status })).toBe(expected);
    expect(statusOf({ resourceType: 'Observation', status })).toBe(status);
  });

  test('of what has no status nothing is said', () => {
    expect(statusOf({ resourceType: 'Patient' })).toBeUndefined();
  });
});
