import { describe, expect, test } from '@jest/globals';
import type { Resource } from '../../console/fhir/json.js';
import { measurementsOf } from '../../console/fhir/series.js';
import { dateText, titleOf, whenOf } from '../../console/fhir/text.js';

const finding = (value: string, when: string, more: object = {}): Resource => ({
  resourceType: 'Observation',
  id: `o${value}`,
  status: 'final',
  code: { coding: [{ code: '2345-7' }], text: 'Glucose' },
  effectiveDateTime: when,
  valueQuantity: { value, unit: 'mg/dL' },
  referenceRange: [{ low: { value: '70' }, high: { value: '99', unit: 'mg/dL' } }],
  ...more,
});

describe('charts of findings', () => {
  test('values are in the order of time, with their digits and what is usual', () => {
    const [glucose] = measurementsOf([finding('101.50', '2024-02-01'), finding('80', '2024-01-01')]);
    expect(glucose?.series).toMatchObject([
      { unit: 'mg/dL', low: 70, high: 99, points: [{ text: '80 mg/dL' }, { text: '101.50 mg/dL', isUnusual: true }] },
    ]);
    expect(glucose?.latest.text).toBe('101.50 mg/dL');
  });

  test('what was entered in error is left out, and so is what has no number or no date', () => {
    const wrong = finding('500', '2024-01-01', { status: 'entered-in-error' });
    const words = finding('1', '2024-01-01', { valueQuantity: undefined, valueString: 'high' });
    const undated = finding('2', '', { effectiveDateTime: undefined });
    expect(measurementsOf([wrong, words, undated])).toEqual([]);
  });

  test('units are not mixed: each has its own line', () => {
    const other = finding('5.5', '2024-03-01', { valueQuantity: { value: '5.5', unit: 'mmol/L' } });
    const [glucose] = measurementsOf([finding('80', '2024-01-01'), other]);
    expect(glucose?.series.map(({ unit, points }) => [unit, points.length])).toEqual([
      ['mg/dL', 1],
      ['mmol/L', 1],
    ]);
  });

  test('components are drawn together', () => {
    const pressure = (text: string, value: number) => ({ code: { text }, valueQuantity: { value, unit: 'mm[Hg]' } });
    const panel = finding('0', '2024-01-01', {
      valueQuantity: undefined,
      component: [pressure('Systolic', 120), pressure('Diastolic', 80)],
    });
    expect(measurementsOf([panel])[0]?.series.map(({ name }) => name)).toEqual(['Systolic', 'Diastolic']);
  });

  test('systolic comes first, also when the first observation lacks it', () => {
    const pressure = (text: string, code: string, value?: number) => ({
      code: { text, coding: [{ system: 'http://loinc.org', code }] },
      ...(value === undefined ? {} : { valueQuantity: { value, unit: 'mm[Hg]' } }),
    });
    const panel = (id: string, day: string, systolic?: number) =>
      finding(id, day, {
        valueQuantity: undefined,
        component: [pressure('Systolic', '8480-6', systolic), pressure('Diastolic', '8462-4', 80)],
      });
    const [measured] = measurementsOf([panel('0', '2024-01-01'), panel('1', '2024-02-01', 120)]);
    expect(measured?.series.map(({ name }) => name)).toEqual(['Systolic', 'Diastolic']);
    expect(measured?.latestText).toBe('120 / 80 mm[Hg]');
  });
});

describe('words for people', () => {
  test('a date is as exact as it was written', () => {
    expect(dateText('1974')).toBe('1974');
    expect(dateText('1974-12')).toMatch(/Dec.* 1974/);
    expect(dateText('1974-12-25')).toMatch(/25/);
    expect(dateText('about noon')).toBe('about noon');
  });

  test('a resource is called by its name, the words of its code, or its type', () => {
    expect(titleOf({ resourceType: 'Patient', name: [{ given: ['Ada'], family: 'Windsor' }] })).toBe('Ada Windsor');
    expect(titleOf({ resourceType: 'Organization', name: 'Ward 3' })).toBe('Ward 3');
    expect(titleOf({ resourceType: 'Condition', code: { coding: [{ display: 'Asthma' }] } })).toBe('Asthma');
    expect(titleOf({ resourceType: 'Basic' })).toBe('Basic');
  });

  test('a resource is at the time it is about, not when it was written down', () => {
    expect(whenOf({ resourceType: 'Condition', onsetDateTime: '2020-01-01', recordedDate: '2021-01-01' })).toBe(
      '2020-01-01',
    );
    expect(whenOf({ resourceType: 'Encounter', period: { start: '2020-01-01' } })).toBe('2020-01-01');
    expect(whenOf({ resourceType: 'Basic' })).toBeUndefined();
  });
});
