import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { FhirDefinitions } from '../../fhir/definitions.js';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import { OperationOutcomeError } from '../../fhir/outcome.js';
import { escapedValue, splitEscaped, unescaped } from '../../search/escape.js';
import { parseSearch } from '../../search/parse.js';
import type { ParsedSearch } from '../../search/request.js';

let definitions: FhirDefinitions;
beforeAll(async () => {
  definitions = await loadDefinitions('r4');
});

const parse = (query: string, handling: 'strict' | 'lenient' = 'strict'): ParsedSearch => {
  const [type = '', parameters = ''] = query.split('?');
  const options = { handling, defaultCount: 20, maxCount: 100, now: 0 };
  return parseSearch(definitions, type, [...new URLSearchParams(parameters)], options);
};

/** The issue a query is refused with: its code, the place it names, and its text. */
function refusal(query: string, handling: 'strict' | 'lenient' = 'strict'): [string, string | undefined, string] {
  try {
    parse(query, handling);
  } catch (error) {
    if (!(error instanceof OperationOutcomeError) || error.status !== 400) throw error;
    const [issue] = error.issues;
    return [issue?.code ?? '', issue?.expression?.[0], issue?.diagnostics ?? ''];
  }
  throw new Error(`${query} was not refused`);
}

describe('a search query', () => {
  test('commas are or, repeated parameters are and', () => {
    const { filters } = parse('Patient?given=a,b&given=c');
    expect(filters.map((filter) => (filter.kind === 'values' ? filter.queries.length : 0))).toEqual([2, 1]);
  });

  test('a parameter without a value is passed over, and not among those used', () => {
    const { filters, used, count } = parse('Patient?family=&given:exact=&_sort=&_count=&_include=&birthdate=2000');
    expect([filters.length, used, count]).toEqual([1, [['birthdate', '2000']], 20]);
    expect(refusal('Patient?shoe-size=')[1]).toBe('shoe-size');
  });

  test('an escaped separator is none', () => {
    const [filter] = parse('Patient?identifier=http://a\\,b|c\\|d,e').filters;
    expect(filter).toMatchObject({ queries: [{ system: 'http://a,b', code: 'c|d' }, { code: 'e' }] });
  });

  test('an id may be written as a reference of the type that is searched', () => {
    const [filter] = parse('Patient?_id=Patient/a,b,Group/c').filters;
    expect(filter).toMatchObject({ queries: [{ code: 'a' }, { code: 'b' }, { code: 'Group/c' }] });
    const [chained] = parse('Observation?subject:Patient._id=Patient/a').filters;
    expect(JSON.stringify(chained)).toContain('"code":"a"');
  });

  test('any texts come back from a list of escaped ones', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom('a', ',', '|', '$', '\\') }), { minLength: 1 }),
        (texts) => {
          expect(splitEscaped(texts.map(escapedValue).join(','), ',').map(unescaped)).toEqual(texts);
        },
      ),
    );
  });

  test('sorts by several parameters, each in its direction', () => {
    const { sort } = parse('Observation?_sort=-date,code&_sort=_id');
    expect(sort.map(({ parameter, descending }) => [parameter.code, descending])).toEqual([
      ['date', true],
      ['code', false],
      ['_id', false],
    ]);
  });

  test.each([
    ['Patient', 20],
    ['Patient?_count=7', 7],
    ['Patient?_count=1000000', 100],
    ['Patient?_count=0', 0],
    ['Patient?_summary=count', 0],
    ['Patient?_summary=count&_count=5', 0],
    ['Patient?_summary=false', 20],
    ['Patient?_summary=true', 20],
  ])('%s gives pages of %i', (query, count) => {
    expect(parse(query).count).toBe(count);
  });

  test('includes name a type, a parameter and perhaps a target', () => {
    expect(
      parse('Observation?_include=Observation:subject:Patient&_include:iterate=Patient:organization&_include=*')
        .includes,
    ).toEqual([
      { source: 'Observation', code: 'subject', target: 'Patient', iterate: false },
      { source: 'Patient', code: 'organization', iterate: true },
      { iterate: false },
    ]);
    expect(parse('Patient?_revinclude=Provenance:target').revincludes).toEqual([
      { source: 'Provenance', code: 'target', iterate: false },
    ]);
    expect(parse('Patient?_include=Patient:*').includes).toEqual([{ source: 'Patient', iterate: false }]);
    expect(parse('Patient?_include=*:*').includes).toEqual(parse('Patient?_include=*').includes);
  });

  test('a chain is a condition on each type it may lead to, a reverse chain one on the type that refers', () => {
    expect(parse('Observation?subject.name=a').filters).toMatchObject([
      {
        kind: 'chain',
        name: 'subject.name',
        typed: false,
        targets: [
          { type: 'Location', search: 'Location?name=a' },
          { type: 'Patient', search: 'Patient?name=a' },
        ],
      },
    ]);
    expect(parse('Observation?subject:Patient.organization.name:exact=a').filters).toMatchObject([
      {
        typed: true,
        targets: [
          { filter: { kind: 'chain', targets: [{ type: 'Organization', search: 'Organization?name:exact=a' }] } },
        ],
      },
    ]);
    expect(parse('Patient?_has:Observation:patient:_has:AuditEvent:entity:agent=a').filters).toMatchObject([
      {
        kind: 'has',
        parameter: { code: 'patient' },
        source: { type: 'Observation', filter: { kind: 'has', source: { type: 'AuditEvent' } } },
      },
    ]);
  });

  test('a chain without types that may lead everywhere several times is refused', () => {
    const query = 'List?item.subject.organization.name=a';
    expect(() => parse(query)).toThrow('may lead to too many types');
  });

  test('so many parameters and values, and no more', () => {
    expect(() => parse(`Patient?${'name=a&'.repeat(2_000)}`)).not.toThrow();
    expect(() => parse(`Patient?${'name=a&'.repeat(2_001)}`)).toThrow('at most 2000 parameters, this one 2001');
    const ids = (count: number) => `Patient?_id=${Array.from({ length: count }, (_, n) => `a${String(n)}`).join(',')}`;
    expect(() => parse(ids(100_000))).not.toThrow();
    expect(() => parse(ids(100_001))).toThrow('at most 100000 values, this one 100001');
  });

  test('values count for each type that a link may lead to, and each start of a URL that others may be above of', () => {
    const values = (count: number): string => Array.from({ length: count }, (_, n) => `a${String(n)}`).join(',');
    expect(() => parse(`Observation?subject:Patient._id=${values(30_000)}`)).not.toThrow();
    expect(() => parse(`Observation?subject._id=${values(30_000)}`)).toThrow('more than 100000 values');
    expect(() => parse(`ValueSet?url:above=${'a'.repeat(100_001)}`)).toThrow('at most 100000 values, this one 100001');
    expect(() => parse(`PlanDefinition?depends-on:ValueSet.url:above=${'a'.repeat(100_001)}`)).toThrow('100000 values');
  });

  test('a chain has so many links', () => {
    const chain = (links: number): string => `Organization?${'partof.'.repeat(links)}name=a`;
    expect(parse(chain(50)).filters).toHaveLength(1);
    expect(() => parse(chain(51))).toThrow('A chain has at most 50 links');
    expect(() => parse(chain(20_000))).toThrow('A chain has at most 50 links');
    expect(() => parse(`Patient?${'_has:Group:member:'.repeat(20_000)}code=a`)).toThrow('A chain has at most 50 links');
  });

  test('elements are asked for with or without a type, with or without what stands for theirs', () => {
    expect(parse('Observation?_elements=status,value[x],effective,Patient.name').form).toEqual({
      kind: 'elements',
      names: ['status', 'value', 'effective'],
      ofTypes: { Patient: ['name'] },
    });
    expect(parse('Patient?_summary=data').form).toEqual({ kind: 'summary', summary: 'data' });
    expect(parse('Patient?_summary=count&_elements=name').form).toMatchObject({ names: ['name'] });
    expect(parse('Patient?_summary=false').form).toBeUndefined();
  });

  test('the format of the answer is not this layer’s business', () => {
    expect(parse('Patient?_format=json&_pretty=true&name=a').used).toEqual([['name', 'a']]);
  });

  test.each([
    ['count', 'accurate'],
    ['estimate', 'estimate'],
    ['no', 'none'],
  ])('_totalMethod=%s, which fhirpy asks of every server, is _total=%s', (method, total) => {
    expect(parse(`Patient?_count=0&_totalMethod=${method}`).total).toBe(total);
  });

  test('of _count, _total, _elements and the like the last one counts, and is among those used; conditions and _sort add up', () => {
    const { used, count, total, sort } = parse(
      'Patient?_count=1&name=a&_total=none&_count=2&_sort=name&_total=accurate&name=b&_sort=-_id',
    );
    expect([count, total, sort.map(({ parameter: { code } }) => code)]).toEqual([2, 'accurate', ['name', '_id']]);
    expect(used).toEqual([
      ['name', 'a'],
      ['_count', '2'],
      ['_sort', 'name'],
      ['_total', 'accurate'],
      ['name', 'b'],
      ['_sort', '-_id'],
    ]);
  });

  test('lenient handling leaves out what is unknown, says so, and keeps the rest', () => {
    const { filters, used, warnings } = parse(
      'Patient?nonsense=1&family=a&_sort=bogus&name=&shoe-size=&foo.bar=2',
      'lenient',
    );
    expect(filters).toHaveLength(1);
    expect(used).toEqual([['family', 'a']]);
    expect(warnings).toHaveLength(4);
    expect(warnings[0]).toContain('"nonsense"');
  });

  test.each([
    ['Patient?nonsense=1', 'invalid', 'nonsense'],
    ['Patient?nonsense.name=1', 'invalid', 'nonsense.name'],
    ['Patient?Family=a', 'invalid', 'Family'],
    ['Patient?_sort=nonsense', 'invalid', '_sort'],
    ['Patient?shoe-size=', 'invalid', 'shoe-size'],
    ['Patient?birthdate=yesterday', 'invalid', 'birthdate'],
    ['Patient?birthdate=2013-02-30', 'invalid', 'birthdate'],
    ['Patient?birthdate=xx2012', 'invalid', 'birthdate'],
    ['RiskAssessment?probability=a lot', 'invalid', 'probability'],
    ['RiskAssessment?probability=Infinity', 'invalid', 'probability'],
    ['Observation?value-quantity=much', 'invalid', 'value-quantity'],
    ['Observation?value-quantity=5.4|mg|http://unitsofmeasure.org|x', 'invalid', 'value-quantity'],
    ['Observation?code-value-quantity=a', 'invalid', 'code-value-quantity'],
    ['Observation?code-value-quantity=a$5$6', 'invalid', 'code-value-quantity'],
    ['Observation?code-value-quantity=a\\$5', 'invalid', 'code-value-quantity'],
    ['Observation?code-value-quantity=$5', 'invalid', 'code-value-quantity'],
    ['Observation?code-value-quantity=a$much', 'invalid', 'code-value-quantity'],
    ['Patient?identifier=a|b|c', 'invalid', 'identifier'],
    ['Patient?telecom=http://x.org|555', 'invalid', 'telecom'],
    ['Patient?email=Email|a@b.org', 'invalid', 'email'],
    ['Patient?active=http://x.org|true', 'invalid', 'active'],
    ['Patient?identifier:of-type=a|b', 'invalid', 'identifier:of-type'],
    ['Patient?identifier:of-type=|b|c', 'invalid', 'identifier:of-type'],
    ['Patient?identifier=|', 'invalid', 'identifier'],
    ['Patient?identifier=a,,b', 'invalid', 'identifier'],
    ['Patient?identifier=a,', 'invalid', 'identifier'],
    ['Patient?family:exact:missing=a', 'invalid', 'family:exact:missing'],
    ['Patient?family:missing=perhaps', 'invalid', 'family:missing'],
    ['Patient?organization=%23p1', 'invalid', 'organization'],
    ['Observation?subject:Patient=Group/1', 'invalid', 'subject:Patient'],
    ['Patient?_count=-1', 'invalid', '_count'],
    ['Patient?_count=many', 'invalid', '_count'],
    ['Patient?_total=maybe', 'invalid', '_total'],
    ['Patient?_totalMethod=maybe', 'invalid', '_totalMethod'],
    ['Patient?_totalMethod=constructor', 'invalid', '_totalMethod'],
    ['Patient?_summary=maybe', 'invalid', '_summary'],
    ['Patient?_include=Patient', 'invalid', '_include'],
    ['Patient?_include=Nonsense:x', 'invalid', '_include'],
    ['Patient?_include=Patient:nonsense', 'invalid', '_include'],
    ['Patient?_include=Patient:family', 'invalid', '_include'],
    ['Patient?_include=Patient:organization:Nonsense', 'invalid', '_include'],
  ])('%s is refused (%s) at %s', (query, code, place) => {
    expect(refusal(query).slice(0, 2)).toEqual([code, place]);
  });

  test.each([
    ['Patient?_query=a', '_query'],
    ['Patient?_list=$current-problems', '_list'],
    ['Patient?_sort=_score', '_sort'],
    ['Patient?_sort:desc=name', '_sort:desc'],
    ['Patient?_type=Patient', '_type'],
    ['Location?_sort=near', '_sort'],
    ['Observation?_sort=code-value-quantity', '_sort'],
    ['Observation?code:in=http://x', 'code:in'],
    ['Observation?code:below=http://x', 'code:below'],
    ['Observation?code:not-in=http://x', 'code:not-in'],
    ['Observation?code:above=http://x|1', 'code:above'],
    ['Observation?patient:below=42', 'patient:below'],
    ['Observation?subject:above=Patient/42', 'subject:above'],
    ['Patient?birthdate:exact=2012', 'birthdate:exact'],
    ['Patient?family:nonsense=a', 'family:nonsense'],
    ['Observation?subject:Nonsense=1', 'subject:Nonsense'],
    ['ValueSet?url:below=urn:oid:1', 'url:below'],
  ])(
    '%s is not served, and says so, strict or lenient: an ignored condition would show the wrong resources',
    (query, place) => {
      for (const handling of ['strict', 'lenient'] as const) {
        const [code, expression, text] = refusal(query, handling);
        expect([code, expression]).toEqual(['not-supported', place]);
        expect(text.length).toBeGreaterThan(20);
      }
    },
  );
});
