import type { Chance } from './seed.js';

// What is hard to take: long, deep, wrongly written, or chosen so that a careless pattern takes for ever.

const lengths = [1, 30, 1_000, 20_000];

/** A piece said many times over. */
const many = (chance: Chance, pieces: readonly string[], longest: number): string => {
  const piece = chance.pick(pieces);
  return piece.repeat(Math.max(1, Math.floor(Math.min(chance.pick(lengths), longest) / piece.length)));
};

const repeated = [
  'a',
  ' ',
  '\t',
  '0',
  '9',
  '.',
  '-',
  ',',
  '|',
  '$',
  '\\',
  '\\,',
  '(',
  '((',
  '[',
  '{',
  '<',
  '/',
  '../',
  '*',
  '+',
  '%',
  '%25',
  ':',
  ';',
  '=',
  '&',
  '?',
  '#',
  '"',
  "'",
  'a.',
  'a|',
  'a,',
  'a$',
  'm/',
  'm.',
  '(m',
  'é',
  'e\u0301',
  '\u0301',
  '\u202e',
  '\u0000',
  'ﬃ',
  '𝒳',
  '\ud800',
  '\udfff',
  ' or ',
  'not (',
  'name eq a and ',
  'subject.',
  'aA0 ',
  '::',
  'urn:oid:1.',
  'Patient/',
  'http://a/',
] as const;

const short = [
  '',
  ' ',
  '*',
  '.',
  '..',
  '\u0000',
  '%',
  '%00',
  '%zz',
  '__proto__',
  'constructor',
  'prototype',
  'hasOwnProperty',
  'toString',
  'valueOf',
  'null',
  'undefined',
  'NaN',
  'Infinity',
  '-0',
  '1e999999999',
  '-1e-999999999',
  '1e400',
  '9'.repeat(400),
  `0.${'0'.repeat(400)}1`,
  '0x10',
  '１２',
  '0000',
  '9999-99-99',
  '0000-00-00T00:00:00Z',
  '2020-02-30',
  '2020-01-01T24:60:60+99:99',
  'ge0001',
  'ap9999-12-31T23:59:59.999999999999999Z',
  'ap0001-01-01',
  'sa-1',
  '2020-1',
  'apNaN',
  '5.4||',
  '5.4|http://unitsofmeasure.org|10*-999999',
  '5.4|http://unitsofmeasure.org|m10000000000000000000',
  '1e308|http://unitsofmeasure.org|Ym',
  'ap1e-400||mg',
  '90|180|1|km',
  '91|181|-1|km',
  'NaN|NaN|NaN|NaN',
  '1:2',
  'Patient/__proto__',
  'Patient/p1/_history/1',
  'Patient/p1/_history/9007199254740993',
  'http://[::1',
  'javascript:alert(1)',
  'file:///etc/passwd',
  'a|b|c|d|e',
  '|',
  '||',
  '$',
  ',',
  '\\',
  'a\\',
  "'; drop table x; --",
  '{"$gt":""}',
  '${7*7}',
  '(a+)+$',
  '^(([a-z])+.)+[A-Z]([a-z])+$',
  `${'a'.repeat(30)}!`,
  'true',
  'TRUE',
  '\ud83d',
  'ǅ',
  'İ',
  'ß',
] as const;

/** A text that is hard to take, of so many characters at most. */
export const hostileText = (chance: Chance, longest = 20_000): string =>
  chance.once(3)
    ? many(chance, repeated, longest) + chance.pick(['', '', '!', '|', ')', 'x'])
    : chance.pick(short).slice(0, longest);

/** A text that nearly is what it should be: one letter is changed, doubled or left out. */
export function nearly(chance: Chance, text: string): string {
  const at = chance.below(text.length + 1);
  const [before, here, after] = [text.slice(0, at), text.slice(at, at + 1), text.slice(at + 1)];
  return chance.pick([
    text,
    before + after,
    before + here + here + after,
    before + chance.pick(short).slice(0, 5) + here + after,
    before,
    after,
    text + chance.pick(['|', ',', '$', ':', '%']) + text,
  ]);
}

/** A text percent-encoded for a URL, or now and then not, lone halves of surrogate pairs as the bytes they are not. */
export function inUrl(chance: Chance, text: string): string {
  if (chance.once(12))
    return text.replace(/[\0-\x20\x7f-\uffff]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
  return [...Buffer.from(text, 'utf8')]
    .map((byte) =>
      /[\w.~-]/.test(String.fromCharCode(byte))
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('');
}

/** The text of a JSON value that no resource should have in this place. */
export function hostileJson(chance: Chance): string {
  const depth = chance.pick([1, 20, 90, 101, 2_000, 20_000]);
  const length = chance.pick([0, 1, 100, 5_000]);
  const value = (): string =>
    chance.pick(['null', '{}', '[]', '""', '0', 'true', '{"a":1}', '{"extension":[]}', '[null]', '{"id":"x"}']);
  switch (chance.below(14)) {
    case 0:
      return '['.repeat(depth) + ']'.repeat(depth);
    case 1:
      return `${'{"extension":[{"url":"u","extension":'.repeat(depth)}[]${'}]}'.repeat(depth)}`;
    case 2:
      return `[${Array.from({ length }, value).join(',')}]`;
    case 3:
      return `{${Array.from({ length }, (_, at) => `"a${String(at)}":${value()}`).join(',')}}`;
    case 4:
      return chance.pick([
        '1e999999999',
        '-1e999999999',
        '1e-999999999',
        '-0',
        '9'.repeat(20_000),
        `0.${'0'.repeat(20_000)}1`,
      ]);
    case 5:
      return `{"__proto__":{"a":1},"constructor":{"prototype":{"a":1}},"toString":1,"hasOwnProperty":1}`;
    case 6:
      return chance.pick([
        '"\\ud800"',
        '"\\udc00\\ud800"',
        '"\\u0000"',
        '"\u0000"',
        '"\\x"',
        '"\t"',
        '01',
        '1.',
        '+1',
        'NaN',
        "'a'",
      ]);
    case 7:
      return JSON.stringify(
        `<div xmlns="http://www.w3.org/1999/xhtml">${many(chance, ['<p>', '<b>x', '&amp;', '&#65;', '<!--', '<![CDATA[', 'x', '<a href="', '</p>'], 100_000)}</div>`,
      );
    case 8:
      return `[${value()},${value()},${value()}]`;
    case 9:
      return value();
    default:
      return JSON.stringify(hostileText(chance, 100_000));
  }
}
