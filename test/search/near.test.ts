import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cellOf, cellsAround, metresBetween } from '../../search/sphere.js';
import { examples, matches } from './match-examples.js';

const at = (latitude: unknown, longitude: unknown) => ({ resourceType: 'Location', position: { latitude, longitude } });

describe('near, R4', () => {
  const leipzig = at(51.3397, 12.3731);
  describe('finds a place within the distance', () => {
    // Halle is 32.1 km away, Florence 844.9.
    examples(
      leipzig,
      [
        'near=51.3397|12.3731|0',
        'near=51.3397|12.3731',
        'near=51.40|12.40',
        'near=51.4828|11.9697|33',
        'near=51.4828|11.9697|33|km',
        'near=51.4828|11.9697|33000|m',
        'near=51.4828|11.9697|20|[mi_i]',
        'near=43.77925|11.24626|845|km',
        'near=0|0|1,51.4|12.4|10',
        'near=+51.4|+12.4|10',
        'near=51.3397|12.3731|30000',
        'near:missing=false',
      ],
      [
        'near=51.3397|12.3732|0',
        'near=51.50|12.40',
        'near=51.4828|11.9697|30',
        'near=51.4828|11.9697|33|m',
        'near=51.4828|11.9697|19|[mi_i]',
        'near=43.77925|11.24626|844|km',
        'near=0|0|1',
        'near:missing=true',
      ],
    );
  });

  describe('goes across the 180th meridian', () => {
    examples(
      at(-16.5, 179.99),
      ['near=-16.5|-179.99|3', 'near=-16.5|180|2'],
      ['near=-16.5|-179.99|2', 'near=-16.5|0|10000'],
    );
  });

  describe('goes around a pole', () => {
    examples(at(89.95, 10), ['near=89.95|-170|12', 'near=90|0|6'], ['near=89.95|-170|11', 'near=90|0|5']);
    examples(at(-90, 0), ['near=-90|123|0', 'near=-89.99|-60|2'], ['near=90|0|20015']);
  });

  test('a location without a position, or with one that is nowhere, is not near anything', () => {
    for (const resource of [{ resourceType: 'Location' }, at(91, 0), at(0, 181), at('0', 0), at(null, 0)]) {
      expect(matches('near=0|0|30000', resource)).toBe(false);
    }
    expect(matches('near:missing=true', { resourceType: 'Location' })).toBe(true);
  });
});

describe('near, STU3', () => {
  examples(
    at(51.3397, 12.3731),
    [
      'near=51.4828:11.9697&near-distance=33||km',
      'near=51.4828:11.9697&near-distance=33',
      'near=51.4828:11.9697&near-distance=le33|http://unitsofmeasure.org|km',
      'near=51.4828:11.9697&near-distance=eq33000||m',
      'near=51.4828:11.9697&near-distance=ap30||km',
      'near=51.4828:11.9697&near-distance=gt30||km',
      'near=51.4828:11.9697&near-distance=ne30||km',
      'near=51.3397:12.3731&near-distance=ge0||km',
      'near=51.3397:12.3731&near-distance=0||km',
    ],
    [
      'near=51.4828:11.9697&near-distance=30||km',
      'near=51.4828:11.9697&near-distance=lt30||km',
      'near=51.4828:11.9697&near-distance=sa33||km',
      'near=51.4828:11.9697&near-distance=ap25||km',
      'near=51.3397:12.3731&near-distance=lt0||km',
      'near=51.3397:12.3731&near-distance=gt0||km',
    ],
    'stu3',
  );
});

describe('the Earth', () => {
  const position = fc.record({
    latitude: fc.oneof(fc.double({ min: -90, max: 90, noNaN: true }), fc.constantFrom(-90, -89.9999, 0, 89.9999, 90)),
    longitude: fc.oneof(
      fc.double({ min: -180, max: 180, noNaN: true }),
      fc.constantFrom(-180, -179.9999, 0, 179.9999, 180),
    ),
  });

  test('cells around a place hold every place within the distance', () => {
    fc.assert(
      fc.property(position, position, (centre, place) => {
        const cells = cellsAround(centre, metresBetween(centre, place));
        expect(cells.length).toBeLessThanOrEqual(32);
        expect(cells.some((cell) => cellOf(place).startsWith(cell))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test('cells around a place are small where the distance is', () => {
    for (const latitude of [-89.9, -60, 0, 51.3, 80]) {
      const cells = cellsAround({ latitude, longitude: 12.3 }, 1_000);
      expect(Math.min(...cells.map(({ length }) => length))).toBeGreaterThanOrEqual(latitude === -89.9 ? 5 : 10);
    }
  });

  test('a distance is the same both ways, and half the circumference at most', () => {
    fc.assert(
      fc.property(position, position, (a, b) => {
        expect(metresBetween(a, b)).toBeCloseTo(metresBetween(b, a), 3);
        expect(metresBetween(a, b)).toBeLessThanOrEqual(20_015_200);
        expect(metresBetween(a, a)).toBe(0);
      }),
    );
    expect(metresBetween({ latitude: 0, longitude: 0 }, { latitude: 0, longitude: 180 })).toBeCloseTo(20_015_114.4, 0);
  });
});
