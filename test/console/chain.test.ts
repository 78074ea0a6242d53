import { describe, expect, test } from '@jest/globals';
import { capabilitiesOf } from '../../console/fhir/capabilities.js';
import { bringings, chainOf, suggestionsFor } from '../../console/fhir/chain.js';
import { conditionOf, pairOf } from '../../console/fhir/query.js';

const parameter = (name: string, type: string): object => ({ name, type });
const capabilities = capabilitiesOf({
  rest: [
    {
      operation: [{ name: 'index-lag' }],
      resource: [
        {
          type: 'Patient',
          searchParam: [parameter('name', 'string'), parameter('organization', 'reference')],
          searchInclude: ['Patient:organization'],
          searchRevInclude: ['Observation:patient', 'Observation:subject'],
        },
        {
          type: 'Observation',
          searchParam: [
            parameter('code', 'token'),
            parameter('patient', 'reference'),
            parameter('subject', 'reference'),
          ],
          searchInclude: ['Observation:patient', 'Observation:subject'],
          searchRevInclude: [],
        },
        {
          type: 'Organization',
          searchParam: [parameter('name', 'string')],
          searchRevInclude: ['Patient:organization'],
        },
      ],
    },
  ],
});
const ids = (type: string, text: string): readonly string[] =>
  suggestionsFor(capabilities, type, text).map(({ id }) => id);

describe('parameters of a search', () => {
  test('what begins with the text is suggested before what has it elsewhere', () => {
    expect(ids('Patient', 'organization')[0]).toBe('organization');
    expect(ids('Patient', '').indexOf('name')).toBeLessThan(ids('Patient', '').indexOf('organization'));
  });

  test.each([
    ['Patient', 'name', 'string'],
    ['Observation', 'subject:Patient.name', 'string'],
    ['Observation', 'patient.organization.name', 'string'],
    ['Patient', '_has:Observation:patient:code', 'token'],
    ['Organization', '_has:Patient:organization:_has:Observation:subject:code', 'token'],
    ['Organization', '_has:Patient:organization:name', 'string'],
    ['Patient', '_has:Observation:patient', undefined],
    ['Patient', 'colour', undefined],
  ])('%s?%s: the one at the end is a %s', (type, text, kind) => {
    expect(chainOf(capabilities, type, text).type).toBe(kind);
  });

  test('those of the type are suggested, then chains, and what refers to it; behind a link those of its end', () => {
    expect(ids('Patient', '')).toEqual(
      [
        'name',
        'organization',
        'organization:Organization.',
        '_has:Observation:patient:',
        '_has:Observation:subject:',
      ].toSorted((a, b) => Number(a.startsWith('_')) - Number(b.startsWith('_'))),
    );
    expect(ids('Patient', '_has:Observation:patient:')).toContain('_has:Observation:patient:code');
    expect(ids('Observation', 'subject:Patient.')).toContain('subject:Patient.organization:Organization.');
  });

  test('a condition by _has keeps its modifier', () => {
    const typeOf = (text: string) => chainOf(capabilities, 'Patient', text).type;
    const pair = { key: '_has:Observation:patient:code:not', value: 'x' };
    const condition = conditionOf(pair, typeOf);
    expect(condition).toEqual({ parameter: '_has:Observation:patient:code', comparison: ':not', value: 'x' });
    expect(pairOf(condition)).toEqual(pair);
  });

  test('what is brought can bring more', () => {
    const before = bringings(capabilities, 'Observation', []).map(({ id }) => id);
    expect(before).toEqual(['_include=Observation:patient', '_include=Observation:subject']);
    const brought = [{ key: '_include', value: 'Observation:subject' }];
    expect(bringings(capabilities, 'Observation', brought).map(({ id }) => id)).toContain(
      '_include:iterate=Patient:organization',
    );
  });

  test('operations on the base are known by name', () => {
    expect(capabilities.operations).toEqual(['index-lag']);
  });
});
