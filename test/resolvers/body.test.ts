import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Decimal, stringifyJson } from '../../fhir/json.js';
import { parseBody } from '../../resolvers/body.js';

const parsed = (value: unknown): unknown => parseBody(stringifyJson(value));

describe('parseBody', () => {
  test('keeps the digits of decimals as text, and leaves integers numbers', () => {
    const text = '{"a":1.00,"b":{"c":185.50},"d":-0.0,"e":1e3,"f":12345678901234567890,"g":7,"h":-3,"i":0}';
    expect(parseBody(text)).toEqual({
      a: '1.00',
      b: { c: '185.50' },
      d: '-0.0',
      e: '1e3',
      f: '12345678901234567890',
      g: 7,
      h: -3,
      i: 0,
    });
  });

  test('keeps them in lists, with null beside them', () => {
    expect(parseBody('{"a":[0.90,null,1],"b":[null,1.50],"c":[1,2],"d":[true,false],"e":[null,{"x":1.0}]}')).toEqual({
      a: ['0.90', null, 1],
      b: [null, '1.50'],
      c: [1, 2],
      d: [true, false],
      e: [null, { x: '1.0' }],
    });
  });

  test('leaves text alone that looks like numbers, quotes and backslashes', () => {
    const texts = ['":1.50,"', ':1.50,', '\\', '\\\\', '"', '\\":2.0}', '[1.0]', '', '<a title=":1.5,">'];
    const value = Object.fromEntries(texts.map((text) => [text, [text, { [text]: text }]]));
    expect(parsed(value)).toEqual(value);
  });

  test('gives what JSON.parse gives, with text for what is no plain integer', () => {
    const number = fc.oneof(
      fc.integer(),
      fc
        .tuple(fc.integer(), fc.stringMatching(/^[0-9]{1,18}$/))
        .map(([whole, rest]) => new Decimal(`${String(whole)}.${rest}`)),
      fc
        .tuple(fc.nat(), fc.integer({ min: -30, max: 30 }))
        .map(([digits, power]) => new Decimal(`${String(digits)}e${String(power)}`)),
    );
    const characters = fc.constantFrom('"', '\\', ':', '1', '.', ',', '[', '}', 'é', '\n');
    const json = fc.letrec<{ object: Record<string, unknown> }>((tie) => ({
      // As FHIR has it: a list is of numbers, of texts, of booleans or of objects.
      object: fc.dictionary(
        fc.string({ unit: characters }),
        fc.oneof(
          { depthSize: 'small' },
          fc.string({ unit: characters }),
          number,
          fc.boolean(),
          fc.array(fc.option(number, { freq: 4 })),
          fc.array(fc.option(fc.string({ unit: characters }))),
          fc.array(fc.option(tie('object'))),
          tie('object'),
        ),
      ),
    })).object;
    const expected = (value: unknown): unknown => {
      if (value instanceof Decimal) return value.text;
      if (Array.isArray(value)) return value.map(expected);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, expected(member)]));
    };
    fc.assert(
      fc.property(json, (value) => {
        expect(parsed(value)).toEqual(expected(value));
      }),
      { numRuns: 300 },
    );
  });
});
