import { formatTime, parseTime } from './date-format.js';

/**
 * `util.time`. https://docs.aws.amazon.com/appsync/latest/devguide/time-helpers-in-util-time-js.html
 */

export const nowISO8601 = (): string => new Date().toISOString();
export const nowEpochSeconds = (): number => Math.floor(Date.now() / 1000);
export const nowEpochMilliSeconds = (): number => Date.now();

/** @param format a pattern of Java's DateTimeFormatter, such as `yyyy-MM-dd HH:mm:ssZ`. */
export const nowFormatted = (format: string, timeZone?: string): string => formatTime(Date.now(), format, timeZone);

/** @returns milliseconds since 1970. */
export const parseFormattedToEpochMilliSeconds = (text: string, format: string, timeZone?: string): number =>
  parseTime(text, format, timeZone);

/** @returns milliseconds since 1970. @throws RangeError for a text that is no ISO 8601 date and time with an offset. */
export function parseISO8601ToEpochMilliSeconds(text: string): number {
  const milliseconds = Date.parse(text);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d.*(?:Z|[+-]\d\d:?\d\d)$/.test(text) || Number.isNaN(milliseconds)) {
    throw new RangeError(`${text} is no ISO 8601 timestamp`);
  }
  return milliseconds;
}

export const epochMilliSecondsToSeconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);
export const epochMilliSecondsToISO8601 = (milliseconds: number): string => new Date(milliseconds).toISOString();
export const epochMilliSecondsToFormatted = (milliseconds: number, format: string, timeZone?: string): string =>
  formatTime(milliseconds, format, timeZone);
