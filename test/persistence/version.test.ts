import { describe, expect, test } from '@jest/globals';
import { parseJson } from '../../fhir/json.js';
import type { Resource } from '../../fhir/resource.js';
import { nextVersion, tombstone } from '../../persistence/version.js';

const at = (instant: string): number => Date.parse(instant);
const make = (resource: Resource, more: Partial<Parameters<typeof nextVersion>[0]> = {}) =>
  nextVersion({ resource, method: 'PUT', now: at('2026-01-01T00:00:00Z'), id: '7', compartments: [], ...more });

describe('the next version', () => {
  test('has resourceType, id and meta first, the rest as it came, and the server’s version and instant', () => {
    const { body } = make({
      active: true,
      meta: { tag: [{ code: 't' }], versionId: '99', lastUpdated: '1999-01-01T00:00:00Z', profile: ['p'] },
      resourceType: 'Patient',
      name: [{ family: 'F' }],
    });
    expect(body).toBe(
      '{"resourceType":"Patient","id":"7","meta":{"versionId":"1","lastUpdated":"2026-01-01T00:00:00.000Z",' +
        '"tag":[{"code":"t"}],"profile":["p"]},"active":true,"name":[{"family":"F"}]}',
    );
  });

  test('keeps a decimal digit by digit', () => {
    const { body } = make(parseJson('{"resourceType":"Observation","valueQuantity":{"value":185.50}}') as Resource);
    expect(body).toContain('185.50');
  });

  test('leaves the resource it was given as it was', () => {
    const resource = { resourceType: 'Patient', meta: { versionId: '5' } };
    make(resource);
    expect(resource).toStrictEqual({ resourceType: 'Patient', meta: { versionId: '5' } });
  });

  test.each([
    ['2026-01-01T00:00:05Z', '2026-01-01T00:00:05.000Z'],
    ['2025-12-31T00:00:00Z', '2026-01-01T00:00:00.001Z'],
    ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.001Z'],
  ])('is later than the one before when the clock says %s', (clock, expected) => {
    const previous = make({ resourceType: 'Patient' });
    const next = make({ resourceType: 'Patient' }, { previous, now: at(clock) });
    expect(next).toMatchObject({ versionId: 2, lastUpdated: expected });
    expect(tombstone(previous, at(clock))).toMatchObject({ versionId: 2, lastUpdated: expected, deleted: true });
  });

  test('has its compartments sorted', () => {
    expect(make({ resourceType: 'Patient' }, { compartments: ['b', 'a'] }).compartments).toStrictEqual(['a', 'b']);
  });
});
