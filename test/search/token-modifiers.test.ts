import { describe, expect, test } from '@jest/globals';
import { invalidRequest, OperationOutcomeError } from '../../fhir/outcome.js';
import type { Resource } from '../../fhir/resource.js';
import type { SystemCode, Terminology } from '../../search/terminology.js';
import { examples, matches } from './match-examples.js';

const loinc = 'http://loinc.org';
const sct = 'http://snomed.info/sct';

const headache: Resource = {
  resourceType: 'Condition',
  code: {
    text: 'Severe headache',
    coding: [
      { system: sct, code: '25064002', display: 'Head ache' },
      { system: loinc, code: 'H-1', display: 'Céphalée' },
    ],
  },
  category: [{ coding: [{ system: 'http://c.org', code: 'problem' }] }],
};

// https://hl7.org/fhir/R4/search.html#token
describe('token:text searches what is written beside a code, as a string', () => {
  examples(
    headache,
    ['code:text=severe', 'code:text=SEVERE HEAD', 'code:text=head ache', 'code:text=cephalee', 'code:text=x,head'],
    [
      'code:text=headache',
      'code:text=25064002',
      'code:text=ache',
      'category:text=problem',
      'code=severe',
      'code=Head ache',
    ],
  );
  examples(
    { resourceType: 'Patient', identifier: [{ value: '7', type: { text: 'Medical record number' } }] },
    ['identifier:text=medical'],
    ['identifier:text=7', 'identifier:text=record'],
  );
  examples(
    { resourceType: 'Patient', meta: { tag: [{ system: 'http://t', code: 'x', display: 'Training data' }] } },
    ['_tag:text=training'],
    ['_tag:text=x', '_security:text=training'],
  );
});

describe('token:of-type searches identifiers by their type', () => {
  const v2 = 'http://terminology.hl7.org/CodeSystem/v2-0203';
  const patient: Resource = {
    resourceType: 'Patient',
    identifier: [
      {
        system: 'urn:oid:1.2',
        value: '446053',
        type: {
          coding: [
            { system: v2, code: 'MR' },
            { system: 'http://own', code: 'm' },
          ],
        },
      },
      { value: '9', type: { coding: [{ system: v2, code: 'SS' }] } },
    ],
  };
  examples(
    patient,
    [
      `identifier:of-type=${v2}|MR|446053`,
      `identifier:ofType=${v2}|MR|446053`,
      'identifier:of-type=http://own|m|446053',
    ],
    [
      `identifier:of-type=${v2}|SS|446053`,
      `identifier:of-type=${v2}|MR|9`,
      `identifier:of-type=${v2}|MR|44`,
      'identifier:of-type=urn:oid:1.2|MR|446053',
    ],
  );
});

describe('token:below finds media types with any parameters', () => {
  const document = (contentType: string): Resource => ({
    resourceType: 'DocumentReference',
    content: [{ attachment: { contentType } }],
  });
  examples(
    document('text/xml; charset=UTF-8'),
    ['contenttype:below=text/xml', 'contenttype:below=TEXT/XML'],
    ['contenttype=text/xml', 'contenttype:below=text/x', 'contenttype:below=text/plain'],
  );
  examples(document('text/xml'), ['contenttype:below=text/xml', 'contenttype=text/xml'], []);
  examples(document('text/xml+fhir'), [], ['contenttype:below=text/xml']);
});

describe('with a terminology', () => {
  const pain = { system: sct, code: '22253000' };
  const ache = { system: sct, code: '25064002' };
  const valueSets: Readonly<Record<string, readonly SystemCode[]>> = {
    'http://v.org/pains|1': [pain, ache],
    'ValueSet/1': [{ system: loinc, code: '25064002' }],
    'http://v.org/genders': [{ system: 'http://hl7.org/fhir/administrative-gender', code: 'female' }],
    'http://v.org/none': [],
  };
  const known = (found: readonly SystemCode[] | undefined | false): readonly SystemCode[] => {
    if (found === undefined || found === false) throw invalidRequest('not known');
    return found;
  };
  const terminology: Terminology = {
    expand: (valueSet) => known(valueSets[valueSet]),
    subsumedBy: (system, code) => known(system === sct && code === pain.code && [pain, ache]),
    subsumes: (system, code) => known(system === sct && code === ache.code && [ache, pain]),
  };
  const asked = (query: string, resource = headache): boolean => matches(query, resource, 'r4', { terminology });

  test.each([
    'code:in=http://v.org/pains|1',
    'code:in=ValueSet/1,http://v.org/pains|1',
    'code:not-in=ValueSet/1',
    'code:not-in=http://v.org/none',
    `code:below=${sct}|22253000`,
    `code:above=${sct}|25064002`,
    'severity:not-in=http://v.org/pains|1', // no severity at all
  ])('%s matches', (query) => {
    expect(asked(query)).toBe(true);
  });

  test.each([
    'code:in=ValueSet/1',
    'code:in=http://v.org/none',
    'code:not-in=http://v.org/pains|1',
    'code:not-in=ValueSet/1,http://v.org/pains|1',
    'severity:in=http://v.org/pains|1',
  ])('%s does not match', (query) => {
    expect(asked(query)).toBe(false);
  });

  test('a plain code is in the value set of its implied system', () => {
    const patient = (gender: string): Resource => ({ resourceType: 'Patient', gender });
    expect(asked('gender:in=http://v.org/genders', patient('female'))).toBe(true);
    expect(asked('gender:in=http://v.org/genders', patient('male'))).toBe(false);
    expect(asked('gender:not-in=http://v.org/genders', patient('male'))).toBe(true);
  });

  test.each([
    'code:in=http://v.org/unknown',
    `code:below=${loinc}|22253000`,
    `code:above=${sct}|1`,
    `code:below=${sct}|`,
  ])('%s is refused: nobody knows it', (query) => {
    expect(() => asked(query)).toThrow(OperationOutcomeError);
  });
});
