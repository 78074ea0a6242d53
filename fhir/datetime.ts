import { justBelow } from './just-below.js';

/** A span of time: both ends are part of it, in milliseconds since 1970 (fractions to the microsecond), ±Infinity when open. */
export interface TimeSpan {
  readonly low: number;
  readonly high: number;
}

const pattern = /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?(Z|[+-]\d{2}:\d{2})?)?)?)?$/;

const minute = 60_000;
const day = 86_400_000;

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
const daysOf = (year: number, month: number): number =>
  month === 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;

/** Milliseconds of a day's start in UTC; `Date.UTC` would take the years 0 to 99 for 1900 to 1999. */
const dayStart = (year: number, month: number, dayOfMonth: number): number =>
  new Date(0).setUTCFullYear(year, month - 1, dayOfMonth);

/**
 * The span of time a date, dateTime or instant means: `2012` is the whole year, a time with seconds that second, one
 * with a fraction that millisecond (`.5`, `.500` and the `.5000000` of some clients are one), or less by further digits.
 * Text without a time zone is read as UTC.
 * @param text a FHIR date, dateTime or instant, or a search value of type date (seconds may be missing).
 * @returns the span, or undefined for what is no date, such as 2013-02-30.
 * @see https://hl7.org/fhir/R4/search.html#date
 */
export function parseDateTime(text: string): TimeSpan | undefined {
  const [matched, years, months, days, hours, minutes, seconds, fraction, zone] = pattern.exec(text) ?? [];
  if (matched === undefined) return undefined;
  const year = Number(years);
  const month = Number(months ?? 1);
  const dayOfMonth = Number(days ?? 1);
  if (month < 1 || month > 12 || dayOfMonth < 1 || dayOfMonth > daysOf(year, month)) return undefined;
  if (months === undefined) return until(dayStart(year, 1, 1), dayStart(year + 1, 1, 1));
  if (days === undefined) return until(dayStart(year, month, 1), dayStart(year, month + 1, 1));
  const midnight = dayStart(year, month, dayOfMonth);
  if (hours === undefined) return until(midnight, midnight + day);
  const hour = Number(hours);
  const second = Number(seconds ?? 0);
  const offset = zoneOffset(zone);
  if (hour > 23 || Number(minutes) > 59 || second > 60 || offset === undefined) return undefined;
  const start = midnight + hour * 3_600_000 + Number(minutes) * minute - offset;
  if (seconds === undefined) return until(start, start + minute);
  const whole = start + Math.min(second, 59) * 1000; // a leap second counts as the one before it
  if (fraction === undefined) return until(whole, whole + 1000);
  const exact = fraction.replace(/0+$/, '').slice(0, 6).padEnd(3, '0');
  const digits = exact.length;
  const part = whole + Number(exact) / 10 ** (digits - 3);
  return until(part, part + 10 ** (3 - digits));
}

const until = (low: number, end: number): TimeSpan => ({ low, high: Math.max(low, justBelow(end)) });

/** The milliseconds a zone is ahead of UTC; undefined for one that cannot be. */
function zoneOffset(zone: string | undefined): number | undefined {
  if (zone === undefined || zone === 'Z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4, 6));
  if (hours > 14 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * minute;
}
