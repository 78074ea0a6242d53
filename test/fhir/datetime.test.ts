import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseDateTime } from '../../fhir/datetime.js';

const span = (text: string): [string, string] => {
  const found = parseDateTime(text);
  if (found === undefined) throw new Error(`${text} is no date`);
  return [new Date(found.low).toISOString(), new Date(Math.ceil(found.high)).toISOString()];
};

describe('a FHIR date lasts', () => {
  test.each([
    ['2012', '2012-01-01T00:00:00.000Z', '2013-01-01T00:00:00.000Z'],
    ['2012-02', '2012-02-01T00:00:00.000Z', '2012-03-01T00:00:00.000Z'],
    ['2012-12', '2012-12-01T00:00:00.000Z', '2013-01-01T00:00:00.000Z'],
    ['2012-02-29', '2012-02-29T00:00:00.000Z', '2012-03-01T00:00:00.000Z'],
    ['2012-02-29T23:59', '2012-02-29T23:59:00.000Z', '2012-03-01T00:00:00.000Z'],
    ['2012-02-29T23:59Z', '2012-02-29T23:59:00.000Z', '2012-03-01T00:00:00.000Z'],
    ['2012-02-29T23:59:59+01:30', '2012-02-29T22:29:59.000Z', '2012-02-29T22:30:00.000Z'],
    ['2012-02-29T23:59:59.5-05:00', '2012-03-01T04:59:59.500Z', '2012-03-01T04:59:59.501Z'],
    ['2012-02-29T23:59:59.1230000Z', '2012-02-29T23:59:59.123Z', '2012-02-29T23:59:59.124Z'],
    ['2012-02-29T23:59:60Z', '2012-02-29T23:59:59.000Z', '2012-03-01T00:00:00.000Z'],
    ['0050-06-01', '0050-06-01T00:00:00.000Z', '0050-06-02T00:00:00.000Z'],
    ['9999', '9999-01-01T00:00:00.000Z', '+010000-01-01T00:00:00.000Z'],
  ])('%s from %s until %s', (text, low, high) => {
    expect(span(text)).toEqual([low, high]);
  });

  test.each([
    '',
    '12',
    '2012-13',
    '2012-00',
    '2013-02-29',
    '1900-02-29',
    '2012-04-31',
    '2012-1-1',
    '2012-01-01T24:00:00Z',
    '2012-01-01T10',
    '2012-01-01T10:60:00Z',
    '2012-01-01T10:00:61Z',
    '2012-01-01T10:00:00+15:00',
    '2012-01-01T10:00:00Z ',
    '2012-01-01 10:00:00Z',
    '2012-01Z',
  ])('"%s" is no date', (text) => {
    expect(parseDateTime(text)).toBeUndefined();
  });

  test('digits behind the millisecond make it shorter, also those that are too many to count', () => {
    const [whole, part] = ['10:00:00.500Z', '10:00:00.5000001Z'].map((time) => parseDateTime(`2012-01-01T${time}`));
    expect(part?.low).toBe(whole?.low);
    expect(part?.high ?? 0).toBeLessThan(whole?.high ?? 0);
  });

  test('a more precise text lasts within the less precise one, and never beyond', () => {
    const instants = fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(instants, (date) => {
        const text = date.toISOString();
        const spans = [4, 7, 10].map((length) => parseDateTime(text.slice(0, length)));
        spans.push(
          parseDateTime(`${text.slice(0, 19)}Z`),
          parseDateTime(text),
          parseDateTime(text.replace('Z', '123Z')),
        );
        spans.slice(1).forEach((inner, i) => {
          const outer = spans[i];
          if (inner === undefined || outer === undefined) throw new Error(text);
          expect(inner.low).toBeGreaterThanOrEqual(outer.low);
          expect(inner.high).toBeLessThanOrEqual(outer.high);
          expect(inner.low).toBeLessThanOrEqual(inner.high);
        });
        expect(spans[4]?.low).toBe(date.getTime());
      }),
    );
  });

  test('days follow each other without a gap and without overlap', () => {
    fc.assert(
      fc.property(fc.integer({ min: -700_000, max: 2_900_000 }), (days) => {
        const on = (day: number): { low: number; high: number } | undefined =>
          parseDateTime(new Date(day * 86_400_000).toISOString().slice(0, 10));
        const [end, start] = [on(days)?.high ?? NaN, on(days + 1)?.low ?? NaN];
        expect(end).toBeLessThan(start);
        expect(start - end).toBeLessThan(0.1);
      }),
    );
  });
});
