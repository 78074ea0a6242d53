import { Decimal, decimalText } from './json.js';
import type { FhirVersion } from './version.js';

/** What is wrong with a primitive's JSON value: its JSON type (`structure`) or the value itself (`value`). */
interface PrimitiveFault {
  readonly code: 'structure' | 'value';
  /** What it should be, to be put after "must be". */
  readonly expected: string;
}

/** Checks a primitive's JSON value, which is never null. Gives undefined when it is right. */
export type PrimitiveCheck = (value: unknown) => PrimitiveFault | undefined;

const characters = (from: number, to: number): string => String.fromCharCode(from) + '-' + String.fromCharCode(to);

/** Control characters but tab, line feed and carriage return; and halves of surrogate pairs, whole pairs too. */
const suspicious = new RegExp(
  `[${characters(0, 8)}${characters(11, 12)}${characters(14, 31)}${characters(0xd800, 0xdfff)}]`,
);
/** Control characters, and halves of pairs, which UTF-8 cannot carry. */
const unwritable = /[^\P{Cc}\t\n\r\u007f-\u009f]|\p{Cs}/u;

const wrongJson = (expected: string): PrimitiveFault => ({ code: 'structure', expected });
const wrongValue = (expected: string): PrimitiveFault => ({ code: 'value', expected });

const text =
  (holds: (value: string) => boolean, expected: string): PrimitiveCheck =>
  (value) => {
    if (typeof value !== 'string') return wrongJson('a JSON string');
    if (value === '') return wrongValue('a string that is not empty');
    if (suspicious.test(value) && unwritable.test(value))
      return wrongValue('free of control characters and broken surrogate pairs');
    return holds(value) ? undefined : wrongValue(expected);
  };

const matching = (pattern: RegExp, expected: string): PrimitiveCheck => text((value) => pattern.test(value), expected);

/** A pattern of visible ASCII characters only, which needs no look at others. */
const matchingAscii = (holds: (value: string) => boolean, expected: string): PrimitiveCheck => {
  const fault = wrongValue(expected);
  return (value) => (typeof value !== 'string' ? wrongJson('a JSON string') : holds(value) ? undefined : fault);
};

const decimal = (pattern: RegExp, expected: string): PrimitiveCheck => {
  const fault = wrongValue(expected);
  return (value) => {
    const digits = decimalText(value);
    if (digits === undefined) return wrongJson('a JSON number');
    return pattern.test(digits) && Number.isFinite(Number(digits)) ? undefined : fault;
  };
};

const integer = (least: number, expected: string): PrimitiveCheck => {
  const fault = wrongValue(expected);
  return (value) => {
    if (typeof value === 'number') {
      return Number.isInteger(value) && value >= least && value <= 2147483647 ? undefined : fault;
    }
    return value instanceof Decimal ? fault : wrongJson('a JSON number');
  };
};

const month31 = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;

/** The last days of February and of all months; no other date needs a look at the calendar. */
const lateDay = /-(?:29|3[01])(?:T|$)/;

/** Whether the day exists; the pattern has seen to the digits. `-0001-02-03` is a year before Christ (STU3). */
const isCalendarDate = (value: string): boolean => {
  if (!lateDay.test(value)) return !/^-?0000/.test(value);
  const [year = '', month, day] = (value.startsWith('-') ? value.slice(1) : value).split('T', 1)[0]?.split('-') ?? [];
  if (year === '0000') return false;
  if (day === undefined) return true;
  if (month === '02' && day === '29') return isLeap(Number(year));
  return Number(day) <= (month31[Number(month) - 1] ?? 0);
};

const date = '\\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\\d|3[01]))?)?';
const day = '\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])';
const clock = '(?:[01]\\d|2[0-3]):[0-5]\\d:(?:[0-5]\\d|60)(?:\\.\\d+)?';
const zone = '(?:Z|[-+](?:(?:0\\d|1[0-3]):[0-5]\\d|14:00))';

const calendar = (pattern: string, expected: string): PrimitiveCheck => {
  const whole = new RegExp(`^(?:${pattern})$`);
  return matchingAscii((value) => whole.test(value) && isCalendarDate(value), expected);
};

/** Base64 with or without white space. The specification's own pattern takes exponential time on some texts. */
const isBase64 = (value: string): boolean => {
  const bare = /\s/.test(value) ? value.replace(/\s+/g, '') : value;
  return bare.length > 0 && bare.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(bare);
};

/** A narrative's XHTML begins and ends as a `div`; its tags are not checked. https://hl7.org/fhir/R4/narrative.html */
const isDiv = (value: string): boolean => /^\s*<div[\s/>]/.test(value) && /(?:<\/div\s*>|\/>)$/.test(value.trimEnd());

const boolean: PrimitiveCheck = (value) =>
  typeof value === 'boolean' ? undefined : wrongJson('true or false, without quotes');

const uri = matching(/^\S+$/, 'a URI without spaces');

/** https://hl7.org/fhir/R4/datatypes.html#string */
const longestText = 1024 * 1024;
const freeText = text((value) => value.length <= longestText, 'at most 1,048,576 characters long');

/** The types whose rules are the same in both versions. */
const common: Readonly<Record<string, PrimitiveCheck>> = {
  base64Binary: text(isBase64, 'base64'),
  boolean,
  canonical: uri,
  // The pattern of STU3 takes exponential time on some texts; this one allows the same.
  code: matching(/^\S+(?:\s\S+)*$/, 'a code without leading, trailing or double spaces'),
  id: matching(/^[A-Za-z0-9\-.]{1,64}$/, 'an id: 1 to 64 letters, digits, "-" and "."'),
  instant: calendar(`${day}T${clock}${zone}`, 'an instant such as 2015-02-07T13:28:17.239+02:00'),
  integer: integer(-2147483648, 'a whole number between -2147483648 and 2147483647'),
  markdown: freeText,
  positiveInt: integer(1, 'a whole number between 1 and 2147483647'),
  string: freeText,
  time: matching(new RegExp(`^${clock}$`), 'a time such as 13:28:17'),
  unsignedInt: integer(0, 'a whole number between 0 and 2147483647'),
  uri,
  url: uri,
  uuid: matching(
    /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
    'a UUID such as urn:uuid:c757873d-ec9a-4326-a141-556f43239520, in small letters',
  ),
  xhtml: text(isDiv, 'XHTML in a <div>'),
};

const moment = 'a date, or a time of a day with seconds and zone, such as 2015-02-07 or 2015-02-07T13:28:17+02:00';

const checks: Readonly<Record<FhirVersion, Readonly<Record<string, PrimitiveCheck>>>> = {
  r4: {
    ...common,
    date: calendar(date, 'a date such as 2015, 2015-02 or 2015-02-07'),
    dateTime: calendar(`${date}|${day}T${clock}${zone}`, moment),
    decimal: decimal(/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/, 'a decimal number'),
    oid: matching(/^urn:oid:[0-2](?:\.(?:0|[1-9]\d*))+$/, 'an OID such as urn:oid:1.2.3.4.5'),
  },
  stu3: {
    ...common,
    date: calendar(`-?${date}`, 'a date such as 2015, 2015-02 or 2015-02-07'),
    dateTime: calendar(`-?(?:${date}|${day}T${clock}${zone})`, moment),
    decimal: decimal(/^-?(?:0|[1-9]\d*)(?:\.\d+)?$/, 'a decimal number without an exponent'),
    oid: matching(/^urn:oid:(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))*$/, 'an OID such as urn:oid:1.2.3.4.5'),
  },
};

/** Whether a type is primitive in a version. */
export const isPrimitiveType = (version: FhirVersion, type: string): boolean => Object.hasOwn(checks[version], type);

/**
 * The check of a primitive type. https://hl7.org/fhir/R4/datatypes.html#primitive
 * @throws Error for a type that is no primitive of the version.
 */
export function primitiveCheck(version: FhirVersion, type: string): PrimitiveCheck {
  const check = checks[version][type];
  if (check === undefined) throw new Error(`${type} is no primitive type of ${version}`);
  return check;
}
