import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatTime, parseTime } from '../../../local/appsync/util/date-format.js';

const moment = Date.UTC(2024, 1, 29, 15, 4, 5, 67);

describe('times by the patterns of Java', () => {
  test.each([
    ['yyyy-MM-dd HH:mm:ss', undefined, '2024-02-29 15:04:05'],
    ["yyyy-MM-dd'T'HH:mm:ss.SSSXXX", undefined, '2024-02-29T15:04:05.067Z'],
    ["yyyy-MM-dd'T'HH:mm:ss.SSSXXX", '+02:00', '2024-02-29T17:04:05.067+02:00'],
    ['yyyy-MM-dd HH:mm:ssZ', 'Australia/Perth', '2024-02-29 23:04:05+0800'],
    ['yyyy-MM-dd HH:mm:ssZ', 'America/New_York', '2024-02-29 10:04:05-0500'],
    ['uu/M/d h:m:s a', undefined, '2024/2/29 3:4:5 PM'],
    ['EEE, d MMM yy', undefined, 'Thu, 29 Feb 24'],
    ['EEEE MMMM', undefined, 'Thursday February'],
    ["'it''s' HH 'o''clock'", undefined, "it's 15 o'clock"],
    ["yyyy''MM", undefined, "2024'02"],
    ['xx xxx X', '-03:30', '-0330 -03:30 -0330'],
    ['x', 'GMT+2', '+02'],
    ['kk KK', undefined, '15 03'],
    ['SS n', undefined, '06 67000000'],
  ])('%s in %s', (format, zone, text) => {
    expect(formatTime(moment, format, zone)).toBe(text);
  });

  test('know summer time', () => {
    const format = 'HH:mm xxx';
    expect(formatTime(Date.UTC(2024, 0, 1, 12), format, 'Europe/Berlin')).toBe('13:00 +01:00');
    expect(formatTime(Date.UTC(2024, 6, 1, 12), format, 'Europe/Berlin')).toBe('14:00 +02:00');
    expect(parseTime('2024-07-01 14:00', 'yyyy-MM-dd HH:mm', 'Europe/Berlin')).toBe(Date.UTC(2024, 6, 1, 12));
    expect(parseTime('2024-01-01 13:00', 'yyyy-MM-dd HH:mm', 'Europe/Berlin')).toBe(Date.UTC(2024, 0, 1, 12));
  });

  test('are read as they were written', () => {
    const zones = fc.constantFrom('UTC', '+05:30', '-08:00', 'Europe/Berlin', 'Australia/Perth');
    const milliseconds = fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) });
    fc.assert(
      fc.property(milliseconds, zones, (at, zone) => {
        const format = "yyyy-MM-dd'T'HH:mm:ss.SSSxxx";
        expect(parseTime(formatTime(at, format, zone), format)).toBe(at);
      }),
    );
  });

  test.each([
    ['29 Feb 24', 'd MMM yy', Date.UTC(2024, 1, 29)],
    ['3:04:05 PM', 'h:mm:ss a', Date.UTC(1970, 0, 1, 15, 4, 5)],
    ['12:00 AM', 'hh:mm a', Date.UTC(1970, 0, 1)],
    ['2024', 'uuuu', Date.UTC(2024, 0, 1)],
  ])('%j is read by %s', (text, format, milliseconds) => {
    expect(parseTime(text, format)).toBe(milliseconds);
  });

  test.each([
    ['2024-02-30', 'yyyy-MM-dd'],
    ['2024-13-01', 'yyyy-MM-dd'],
    ['2024-02-01 ', 'yyyy-MM-dd'],
    ['24-02-01', 'yyyy-MM-dd'],
    ['', 'yyyy'],
    ['2024-02-01 25:00', 'yyyy-MM-dd HH:mm'],
    ['2024-02-01 10:61', 'yyyy-MM-dd HH:mm'],
    ['2024-02-01 13:00 PM', 'yyyy-MM-dd hh:mm a'],
    ['29 Foo 24', 'd MMM yy'],
  ])('%j is not taken for %s', (text, format) => {
    expect(() => parseTime(text, format)).toThrow(RangeError);
  });

  test('refuse letters that are not known here, rather than write them', () => {
    expect(() => formatTime(moment, 'QQQ')).toThrow('the pattern letter Q is not known here');
    expect(() => parseTime('1', 'w')).toThrow('the pattern letter w is not known here');
    expect(() => formatTime(moment, 'HH', 'Mars/Base')).toThrow(RangeError);
  });
});
