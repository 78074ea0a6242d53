import { describe, expect, test } from '@jest/globals';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import { OperationOutcomeError } from '../../fhir/outcome.js';
import { parseSearch } from '../../search/parse.js';
import { examples } from './match-examples.js';

const definitions = await loadDefinitions('r4');

/** As a query: the filter percent-encoded. */
const filters = (...texts: readonly string[]): string[] => texts.map((text) => `_filter=${encodeURIComponent(text)}`);

describe('_filter on texts', () => {
  examples(
    {
      resourceType: 'Patient',
      id: 'p',
      name: [{ family: 'O’Neill', given: ['Peter', 'Jane Anne'] }, { text: 'Zoë Müller' }],
    },
    filters(
      'name co "pet"',
      'name co ete',
      'given eq peter',
      'given eq "jane anne"',
      'family eq oneill',
      'family eq "O\'Neill"',
      'given sw jane',
      'name ew muller',
      'given ew ER',
      'given ne peter',
      'given gt k',
      'given lt k',
      'given ge peter',
      'given le "jane anne"',
      'family pr true',
      'birthdate pr false',
      'not (family eq smith)',
      'family eq oneill and given eq peter',
      'family eq smith or given eq peter',
      'family eq smith and family eq jones or given eq peter',
      'not (family eq smith or family eq jones) and not (birthdate pr true)',
      'name eq "zoë müller"',
      '_id eq p',
    ),
    filters(
      'given eq pet',
      'given eq jane',
      'given sw anne',
      'family ne oneill',
      'given gt peter',
      'given lt "jane anne"',
      'family pr false',
      'birthdate pr true',
      'family eq smith and given eq peter',
      'given eq peter or family eq oneill and family eq smith',
      'not (given eq peter)',
      'birthdate eq 2012',
      '_id eq q',
    ),
  );
});

describe('_filter on dates, numbers and quantities', () => {
  examples(
    {
      resourceType: 'Observation',
      id: 'o',
      status: 'final',
      code: { coding: [{ system: 'http://loinc.org', code: '1234-5' }] },
      effectivePeriod: { start: '2014-10-01', end: '2014-10-31' },
      valueQuantity: { value: 5.4, unit: 'mg', system: 'http://unitsofmeasure.org', code: 'mg' },
    },
    filters(
      'date ge 2014-10-10',
      'date eq 2014-10',
      'date eq 2014',
      'date co 2014-10-12',
      'date co 2014-10-12T12:00:00Z',
      'date po 2014-10-31',
      'date sa 2014-09',
      'date eb 2014-11',
      'date ne 2014-10-12',
      'date ap 2014-10',
      'value-quantity eq 5.4',
      'value-quantity gt 5|ucum|mg',
      'value-quantity lt 1|http://unitsofmeasure.org|g',
      'value-quantity ne 6',
      'value-quantity ap 5',
      'code eq loinc|1234-5',
      'code eq http://loinc.org|1234-5 and value-quantity ge 5.4||mg',
      'code ne loinc|1234-6',
    ),
    filters(
      'date co 2014-11-01',
      'date co 2014',
      'date po 2014-11-01',
      'date po 2014-09-01',
      'date eq 2014-10-12',
      'value-quantity eq 5.5',
      'value-quantity gt 5.4',
      'code eq snomed|1234-5',
      'code ne loinc|1234-5',
      'not (code eq 1234-5)',
    ),
  );
  examples(
    { resourceType: 'RiskAssessment', status: 'final', prediction: [{ probabilityDecimal: 0.25 }] },
    filters('probability eq 0.25', 'probability gt 0.2', 'probability ap 0.26', 'probability ne 0.2'),
    filters('probability eq 0.26', 'probability lt 0.25', 'probability ne 0.25'),
  );
});

describe('_filter on references, URIs and tokens with several values', () => {
  examples(
    {
      resourceType: 'Patient',
      generalPractitioner: [{ reference: 'Practitioner/1' }, { reference: 'Organization/2' }],
      identifier: [
        { system: 'urn:a', value: '1' },
        { system: 'urn:b', value: '2' },
      ],
      meta: { profile: ['http://x.org/p'], lastUpdated: '2020-01-01T00:00:00.000Z' },
    },
    filters(
      'general-practitioner re Practitioner/1',
      'general-practitioner eq Organization/2',
      'general-practitioner re 1',
      'general-practitioner ne Practitioner/1',
      'general-practitioner pr true',
      'identifier eq urn:a|1',
      'identifier ne urn:a|1',
      'identifier ne 3',
      '_lastUpdated ge 2020 and _lastUpdated lt 2021',
    ),
    filters('general-practitioner re Practitioner/2', 'identifier eq urn:a|2', 'organization pr true'),
  );
  examples(
    { resourceType: 'ValueSet', status: 'draft', url: 'http://x.org/a', version: '1' },
    filters(
      'url eq http://x.org/a',
      'url eq http://x.org/a|1',
      'url sw http://x',
      'url co x.org',
      'url ew /a',
      'url ne u:b',
    ),
    filters('url eq http://x.org', 'url eq http://x.org/a|2', 'url ne http://x.org/a', 'url sw x.org', 'url ew /b'),
  );
});

describe('_filter refuses', () => {
  const refusal = (
    type: string,
    filter: string,
    handling: 'strict' | 'lenient' = 'strict',
  ): [number, string, string] => {
    try {
      parseSearch(definitions, type, [['_filter', filter]], { handling, defaultCount: 1, maxCount: 1, now: 0 });
    } catch (error) {
      if (!(error instanceof OperationOutcomeError)) throw error;
      const [issue] = error.issues;
      expect(issue?.expression).toEqual(['_filter']);
      return [error.status, issue?.code ?? '', issue?.diagnostics ?? ''];
    }
    throw new Error(`${filter} was not refused`);
  };

  test.each([
    ['Patient', 'nonsense eq 1', 'invalid', 'no search parameter "nonsense"'],
    ['Patient', 'organization.nonsense eq 1', 'invalid', 'Organization has no search parameter'],
    ['Patient', 'family.name eq 1', 'invalid', 'no reference'],
    ['Patient', 'family re a', 'not-supported', 'type string'],
    ['Patient', 'birthdate co 2012 and birthdate sw 2012', 'not-supported', 'type date'],
    ['Patient', 'gender gt male', 'not-supported', 'type token'],
    ['Patient', 'birthdate ge yesterday', 'invalid', 'needs a date'],
    ['Patient', 'birthdate ge gt2012', 'invalid', 'needs a date'],
    ['Patient', 'birthdate pr maybe', 'invalid', 'true or false'],
    ['Patient', 'family eq ""', 'invalid', 'no text'],
    ['Patient', '_text co a', 'not-supported', 'not served in filters'],
    ['Patient', 'family[given eq a].name eq b', 'not-supported', 'references only'],
    ['Patient', 'family', 'invalid', 'operator'],
    ['Observation', 'code-value-quantity eq a$1', 'not-supported', 'type composite'],
    ['Observation', 'subject:Nonsense.name eq a', 'not-supported', 'Nonsense'],
    ['Location', 'near eq 1|1', 'not-supported', 'type special'],
  ])('%s: %s', (type, filter, code, says) => {
    const [status, found, diagnostics] = refusal(type, filter);
    expect([status, found]).toEqual([400, code]);
    expect(diagnostics).toContain(says);
  });

  test('what is no filter, however lenient', () => {
    expect(refusal('Patient', 'name eq', 'lenient')[0]).toBe(400);
    // Without a part of it, or the whole, other resources would be found.
    expect(refusal('Patient', 'active eq true and nonsense eq 1', 'lenient')[0]).toBe(400);
    expect(refusal('Patient', 'nonsense eq 1', 'lenient')[0]).toBe(400);
  });
});
