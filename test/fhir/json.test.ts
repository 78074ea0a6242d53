import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  Decimal,
  decimalNumber,
  decimalText,
  parseJson,
  parseUniqueJson,
  stringifyJson,
  tooMuchInJson,
} from '../../fhir/json.js';
import { OperationOutcomeError } from '../../fhir/outcome.js';

const digits = fc.stringMatching(/^(0|[1-9][0-9]{0,24})$/);
const numberText = fc
  .tuple(
    fc.constantFrom('', '-'),
    digits,
    fc.option(fc.stringMatching(/^[0-9]{1,24}$/), { nil: undefined }),
    fc.option(fc.stringMatching(/^[eE][-+]?[0-9]{1,3}$/), { nil: undefined }),
  )
  .map(
    ([sign, whole, fraction, exponent]) =>
      `${sign}${whole}${fraction === undefined ? '' : `.${fraction}`}${exponent ?? ''}`,
  );
const stringText = fc
  .oneof(
    fc.string({ unit: 'binary' }),
    numberText.map((text) => `: ${text}, `),
    fc.constantFrom('__proto__', '\u0000', '\\"'),
  )
  .map((value) => JSON.stringify(value));

/** JSON text without white space, as JSON.stringify would write it but for the numbers. */
const jsonText: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    numberText,
    stringText,
    fc.constantFrom('true', 'false', 'null'),
    fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
    fc
      // Names that are no array indexes: JavaScript moves those to the front.
      .uniqueArray(fc.tuple(fc.stringMatching(/^[_a-z"\\]{1,9}$/), tie('value')), {
        selector: ([name]) => name,
        maxLength: 4,
      })
      .map((members) => `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`),
  ),
})).value;

/** How many member names a valid text has. */
const namesIn = (text: string): number =>
  [...text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)].filter(([, colon]) => colon !== undefined).length;

/** How many members a value has, in it and below. */
const membersOf = (value: unknown): number =>
  typeof value !== 'object' || value === null
    ? 0
    : Object.values(value).reduce<number>((sum, each) => sum + membersOf(each), 0) +
      (Array.isArray(value) ? 0 : Object.keys(value).length);

const failure = (text: string): string => {
  try {
    parseJson(text);
  } catch (error) {
    if (error instanceof OperationOutcomeError && error.status === 400) return error.message;
    throw error;
  }
  throw new Error(`${text} was read`);
};

describe('numbers', () => {
  test.each([
    '1.00',
    '1e3',
    '-0',
    '0.0',
    '1E-7',
    '0.0000001',
    '0.1234567890123456789',
    '12345678901234567890',
    '1e999',
  ])('%s comes back with its digits', (text) => {
    expect(parseJson(text)).toEqual(new Decimal(text));
    expect(stringifyJson(parseJson(`{"value": ${text}}`))).toBe(`{"value":${text}}`);
  });

  test.each(['0', '1', '-1', '1.5', '0.000001', '123456789012345', '37.2'])('%s is a plain number', (text) => {
    expect(parseJson(text)).toBe(Number(text));
    expect(parseJson(`[1.0,${text}]`)).toEqual([new Decimal('1.0'), Number(text)]);
  });

  test('a Decimal knows its number and its text', () => {
    expect([decimalNumber(new Decimal('1.50')), decimalNumber(2), decimalNumber('2')]).toEqual([1.5, 2, undefined]);
    expect([decimalText(new Decimal('1.50')), decimalText(2), decimalText('2')]).toEqual(['1.50', '2', undefined]);
    expect(Number(new Decimal('1e3')) < 1001).toBe(true);
    expect(JSON.stringify({ value: new Decimal('1.50') })).toBe('{"value":1.5}');
  });

  test.each(['', '01', '1.', '+1', 'NaN', '1,0', ' 1'])('"%s" makes no Decimal', (text) => {
    expect(() => new Decimal(text)).toThrow(TypeError);
  });
});

describe('round trip', () => {
  test('any JSON text comes back byte by byte', () => {
    fc.assert(
      fc.property(jsonText, (text) => stringifyJson(parseJson(text)) === text),
      { numRuns: 1000 },
    );
  });

  test('white space between tokens makes no difference, whichever way the text is read', () => {
    const spaced = (text: string): string => `\r\n ${text}\t`;
    fc.assert(
      fc.property(jsonText, jsonText, (one, two) => {
        const text = spaced(`[${spaced(one)},${spaced(two)}]`);
        expect(stringifyJson(parseJson(text))).toBe(`[${one},${two}]`);
        expect(stringifyJson(parseJson(`[1.0,${text}]`))).toBe(`[1.0,[${one},${two}]]`);
      }),
    );
  });

  test('without a Decimal the value is what JSON.parse gives', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const parsed = parseJson(`{"first": 1.0, "second": ${text}}`) as { second: unknown };
        expect(JSON.stringify(parsed.second)).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  test('a string that looks like a number stays as it is', () => {
    const text = '{"text":": 1.00, ","value":1.00}';
    expect(stringifyJson(parseJson(text))).toBe(text);
  });

  test('indentation is that of JSON.stringify', () => {
    expect(stringifyJson(parseJson('{"a":[1.0]}'), 2)).toBe('{\n  "a": [\n    1.0\n  ]\n}');
  });
});

test('a member named __proto__ is a member and nothing else', () => {
  for (const text of ['{"__proto__":{"admin":true}}', '{"__proto__":{"admin":true},"value":1.0}']) {
    const value = parseJson(text) as Record<string, unknown>;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(value['admin']).toBeUndefined();
    expect(stringifyJson(value)).toBe(text);
  }
});

describe('what is no JSON is refused with its place', () => {
  test.each([
    ['{"a": 1,\n "b" 2}', 'line 2, column 6: expected ":", but "2" stands there'],
    ['[1 2]', 'line 1, column 4: expected "," or "]", but "2" stands there'],
    ['{"a": 1', 'line 1, column 8: expected "," or "}", but the text ends'],
    ['{a: 1}', 'line 1, column 2: expected a member name in double quotes, but "a" stands there'],
    ['{"a": 1,}', 'line 1, column 9: expected a member name in double quotes'],
    ['', 'line 1, column 1: expected a value, but the text ends'],
    ['[1.0] x', 'line 1, column 7: expected the end of the text'],
    ['[01]', 'line 1, column 3: expected "," or "]"'],
    ['["abc', 'line 1, column 2: expected a closing double quote'],
    ['["a\u0000b"]', 'line 1, column 4: expected an escape sequence instead of a control character, but "\\u0000"'],
    ['["a\nb"]', 'line 1, column 4: expected an escape sequence instead of a control character'],
    ['["\\x"]', 'line 1, column 3: expected an escape sequence of JSON'],
    ["{'a': 1}", 'expected a member name in double quotes'],
    ['NaN', 'expected a value'],
    ['\u0000', 'expected a value'],
  ])('%j', (text, message) => {
    expect(failure(text)).toContain(message);
  });

  test('as JSON.parse refuses it, so is it refused, and the other way round', () => {
    fc.assert(
      fc.property(
        jsonText,
        fc.nat(),
        fc.constantFrom('', ',', '"', '}', '0', '\\', '\u0001', 'e'),
        (text, place, inserted) => {
          const at = place % (text.length + 1);
          const changed = `[1.0,${text.slice(0, at)}${inserted}${text.slice(at + 1)}]`;
          let valid = true;
          let value: unknown;
          try {
            value = JSON.parse(changed);
          } catch {
            valid = false;
          }
          // Of a member that stands twice JSON.parse takes the last.
          if (valid && namesIn(changed) > membersOf(value)) expect(failure(changed)).toContain('stands twice');
          else expect(valid ? stringifyJson(parseJson(changed)).length > 0 : failure(changed).length > 0).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('nesting beyond a thousand levels', () => {
    expect(failure(`${'['.repeat(100_000)}1.0`)).toContain('nested deeper');
  });
});

describe('JSON from outside', () => {
  test('is read as other JSON when no member stands twice', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        expect(parseUniqueJson(text)).toEqual(parseJson(text));
      }),
    );
  });

  test('is refused when a member stands twice in one object, at any depth, however it is written', () => {
    fc.assert(
      fc.property(jsonText, jsonText, fc.constantFrom('', ' ', '\n'), fc.nat(3), (one, other, space, depth) => {
        const object = `{"x"${space}:${one},"y":1,"\\u0078":${other}}`;
        const text = `${'['.repeat(depth)}${object}${']'.repeat(depth)}`;
        expect(() => parseUniqueJson(text)).toThrow(/"x" stands twice/);
      }),
    );
  });

  test('may hold equal names in different objects, and texts that look like members', () => {
    expect(parseUniqueJson('{"a":{"a":"\\"a\\":"},"b":[{"a":1},{"a":1}]}')).toEqual({
      a: { a: '"a":' },
      b: [{ a: 1 }, { a: 1 }],
    });
  });

  test('is refused unread when it holds more values than any resource, and not when its strings do', () => {
    const many = '{},'.repeat(2_000_000);
    const tooMany = 'The JSON has more than 4,000,000 brackets and commas';
    expect(tooMuchInJson(`[${many}{}]`)).toBe(tooMany);
    expect(tooMuchInJson(`[${'0,'.repeat(3_900_000)}0]`)).toBeUndefined();
    expect(tooMuchInJson(`["\\"${many}","${many}\\\\"]`)).toBeUndefined();
    expect(tooMuchInJson(`["\\\\",${many}{}]`)).toBe(tooMany);
    expect(tooMuchInJson(`"${many}${many}`)).toBeUndefined();
    expect(() => parseUniqueJson(`[${many}{}]`)).toThrow(`${tooMany}, the most this server reads in one body`);
  });

  test('is refused unread when an object has more members than any resource', () => {
    const members = (count: number): string => Array.from({ length: count }, (_, at) => `"m${String(at)}":1`).join();
    const long = `"${'x'.repeat(1_000_000)}"`;
    expect(tooMuchInJson(`[${long},{${members(10_000)}}]`)).toBeUndefined();
    expect(tooMuchInJson(`[${long},{"a":[{${members(10_001)}}]}]`)).toBe(
      'An object of the JSON has more than 10,000 members',
    );
  });
});

test('a number of millions of digits is a number', () => {
  const digits = '9'.repeat(10_000_000);
  for (const text of [digits, `0.${digits}`, `[1e${digits}]`, `[${digits}.0]`])
    expect(stringifyJson(parseUniqueJson(text)) === text).toBe(true);
});

test('millions of spaces are as good as none', () => {
  expect(parseUniqueJson(`[${' \n\t\r'.repeat(2_500_000)}1.0,1]`)).toEqual([new Decimal('1.0'), 1]);
});
