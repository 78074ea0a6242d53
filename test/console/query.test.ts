import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { graphqlOf } from '../../console/fhir/copy-as.js';
import { comparisonsOf, conditionOf, pairOf, pairsOf, patientPairs, queryOf } from '../../console/fhir/query.js';

const types = ['string', 'token', 'reference', 'date', 'number', 'quantity', 'uri', 'composite'];

describe('the builder of searches', () => {
  test('a query taken apart into conditions and put together again is the same query', () => {
    const pair = fc.constantFrom(...types).chain((type) =>
      fc.record({
        type: fc.constant(type),
        comparison: fc.constantFrom(...comparisonsOf(type).map(({ id }) => id)),
        value: fc.oneof(
          fc.constantFrom('2024-01-02', '5.4', '-3', 'a,b', 'http://x|y', 'ge', 'gemma'),
          fc.string({ minLength: 1 }),
        ),
      }),
    );
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 5 }), (asked) => {
        const conditions = asked.map(({ comparison, value }, place) => ({
          parameter: `p${String(place)}`,
          comparison,
          value,
        }));
        const query = queryOf(conditions.map(pairOf));
        const typeOf = (parameter: string) => asked[Number(parameter.slice(1))]?.type;
        const again = pairsOf(query).map((each) => conditionOf(each, typeOf));
        expect(queryOf(again.map(pairOf))).toBe(query);
      }),
    );
  });

  test.each([
    ['name:exact=Peter', 'string', { parameter: 'name', comparison: ':exact', value: 'Peter' }],
    ['date=ge2024', 'date', { parameter: 'date', comparison: 'ge', value: '2024' }],
    ['family=george', 'string', { parameter: 'family', comparison: '', value: 'george' }],
    ['subject:Patient.name=x', 'string', { parameter: 'subject:Patient.name', comparison: '', value: 'x' }],
    ['code:missing=true', 'token', { parameter: 'code', comparison: ':missing', value: 'true' }],
    ['unknown:odd=1', undefined, { parameter: 'unknown:odd', comparison: '', value: '1' }],
  ])('%s is shown as what it means', (query, type, condition) => {
    expect(pairsOf(query).map((pair) => conditionOf(pair, () => type))).toEqual([condition]);
  });

  test('a search is written as GraphQL where that can say it', () => {
    const written = (query: string) => graphqlOf('Patient', pairsOf(query))?.replace(/\s+/g, ' ');
    expect(written('address-city=Boston&_count=5&name=a&name=b')).toContain(
      'PatientList(address_city: "Boston", _count: 5, name: ["a", "b"])',
    );
    expect(written('name:exact=a')).toBeUndefined();
    expect(written('_has:Observation:patient:code=1')).toBeUndefined();
  });
});

describe('a patient is found by what a person types', () => {
  test.each([
    ['1975-08-12', [['birthdate', '1975-08-12']]],
    ['1975', [['birthdate', '1975']]],
    ['999-56-5970', [['identifier', '999-56-5970']]],
    ['harland', [['name', 'harland']]],
    [
      ' Harland  Lemke ',
      [
        ['name', 'Harland'],
        ['name', 'Lemke'],
      ],
    ],
    ['S99967314', [['_filter', '(name sw "S99967314" or identifier eq "S99967314")']]],
    ['Ada 77"x', [['_filter', '(name sw "Ada" or identifier eq "Ada") and (name sw "77x" or identifier eq "77x")']]],
    ['  ', []],
  ])('%s', (text, pairs) => {
    expect(patientPairs(text).map(({ key, value }) => [key, value])).toEqual(pairs);
  });
});
