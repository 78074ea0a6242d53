import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseJson, stringifyJson } from '../../../fhir/json.js';
import { applyJsonPatch, readJsonPatch } from '../../../fhir/patch/json-patch.js';
import { sameJson } from '../../../fhir/patch/same-json.js';

const apply = (document: unknown, ...operations: object[]): unknown =>
  applyJsonPatch(document, readJsonPatch(operations));

/** JSON whose member names meet the characters that pointers escape. */
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<unknown>(null, true, 0, 1, 'text', ''),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('a', 'b', '~', '/', '~1', '', '__proto__'), tie('value'), { maxKeys: 4 }),
  ),
})).value;

const escaped = (token: string): string => token.replaceAll('~', '~0').replaceAll('/', '~1');

/** A pointer to every value inside a value. */
const pointers = (value: unknown, base = ''): string[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, inside]) => {
        const at = `${base}/${escaped(name)}`;
        return [at, ...pointers(inside, at)];
      })
    : [];

describe('a JSON Patch', () => {
  test('changes neither the document nor the patch', () => {
    fc.assert(
      fc.property(json, json, fc.nat(), (document, value, pick) => {
        const all = pointers(document);
        const path = all[pick % Math.max(all.length, 1)];
        if (path === undefined) return;
        const before = JSON.stringify([document, value]);
        const patch = readJsonPatch([
          { op: 'replace', path, value },
          { op: 'copy', from: path, path: '' },
        ]);
        expect(sameJson(applyJsonPatch(document, patch), value)).toBe(true);
        expect(JSON.stringify([document, value])).toBe(before);
      }),
    );
  });

  test('takes out of a list what it put in', () => {
    fc.assert(
      fc.property(fc.array(json), json, fc.nat(), (list, value, pick) => {
        const path = `/${String(pick % (list.length + 1))}`;
        expect(sameJson(apply(list, { op: 'add', path, value }, { op: 'remove', path }), list)).toBe(true);
      }),
    );
  });

  test('moves there and back again', () => {
    fc.assert(
      fc.property(fc.array(json, { minLength: 2 }), fc.nat(), fc.nat(), (list, from, to) => {
        const [one, other] = [`/${String(from % list.length)}`, `/${String(to % list.length)}`];
        const moved = apply(list, { op: 'move', from: one, path: other }, { op: 'move', from: other, path: one });
        expect(sameJson(moved, list)).toBe(true);
      }),
    );
  });

  test('keeps the digits of numbers, and compares them by value', () => {
    const document = parseJson('{"a":[1.00,0.10],"b":1e3}');
    const patched = applyJsonPatch(
      document,
      readJsonPatch(
        parseJson(
          '[{"op":"test","path":"/a/0","value":1.0},{"op":"test","path":"/b","value":1000},{"op":"add","path":"/a/-","value":2.50}]',
        ),
      ),
    );
    expect(stringifyJson(patched)).toBe('{"a":[1.00,0.10,2.50],"b":1e3}');
    expect(() => apply(document, { op: 'test', path: '/a/1', value: 0.2 })).toThrow('another one');
  });

  test.each([
    ['1.0', '1', true],
    ['100', '1e2', true],
    ['0.0', '-0', true],
    ['0.1234567890123456789', '0.1234567890123456788', false],
    ['1e400', '1e401', false],
    ['1', '"1"', false],
    ['{"a":1,"b":2}', '{"b":2,"a":1}', true],
    ['[1,2]', '[2,1]', false],
    ['{}', '[]', false],
    ['null', '{}', false],
  ])('%s equals %s: %s', (one, other, same) => {
    expect(sameJson(parseJson(one), parseJson(other))).toBe(same);
    expect(sameJson(parseJson(other), parseJson(one))).toBe(same);
  });

  test('does not follow what is inherited', () => {
    expect(() => apply({}, { op: 'add', path: '/__proto__/x', value: 1 })).toThrow('__proto__');
    expect(() => apply({}, { op: 'remove', path: '/toString' })).toThrow('toString');
    expect(() => apply([], { op: 'replace', path: '/length', value: 3 })).toThrow('no place of an array');
    expect(Object.keys(apply({}, { op: 'add', path: '/__proto__', value: 1 }) as object)).toEqual(['__proto__']);
  });

  test('survives documents and pointers nested deeper than calls may be', () => {
    const deep = 50_000;
    let value: unknown = 1;
    for (let level = 0; level < deep; level += 1) value = [value];
    const path = '/0'.repeat(deep);
    expect(() => apply(value, { op: 'test', path, value: 2 })).toThrow('another one');
    expect(sameJson(apply(value, { op: 'replace', path, value: 1 }), value)).toBe(true);
  });
});
