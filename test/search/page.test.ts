import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { OperationOutcomeError } from '../../fhir/outcome.js';
import { openPage, type PagePlace, sealPage } from '../../search/page.js';

const key = randomBytes(32);
const binding = ['r4', 'Patient', 'sub-1', 'everything', []] as const;
const place: PagePlace = {
  query: [['family', 'Secret']],
  count: 20,
  offset: 40,
  after: '["000001"]',
  backwards: true,
  size: 3,
};

const refuses = (open: () => unknown): void => {
  expect(open).toThrow(OperationOutcomeError);
  expect(open).toThrow(/page link is not valid/);
};

describe('a page token', () => {
  test('opens to what was sealed', () => {
    const places = fc.record(
      {
        query: fc.array(fc.tuple(fc.string(), fc.string())),
        count: fc.nat(),
        offset: fc.nat(),
        after: fc.string(),
        backwards: fc.constant(true),
        size: fc.nat(),
      },
      { requiredKeys: ['query', 'count', 'offset'] },
    );
    fc.assert(
      fc.property(places, (each) => {
        expect(openPage(key, binding, sealPage(key, binding, each))).toEqual(each);
      }),
    );
  });

  test('of a long query opens too, and is shorter than the query', () => {
    const query = [['_id', Array.from({ length: 3000 }, (_, n) => `patient-${String(n)}`).join(',')]] as const;
    const token = sealPage(key, binding, { ...place, query });
    expect(openPage(key, binding, token).query).toEqual(query);
    expect(token.length).toBeLessThan(query[0][1].length / 2);
  });

  test('shows nothing of the query, is short, and goes into a URL as it is', () => {
    const token = sealPage(key, binding, place);
    expect(Buffer.from(token, 'base64url').toString('latin1')).not.toContain('Secret');
    expect(token).toMatch(/^[\w-]+$/);
    expect(token.length).toBeLessThan(150);
    expect(sealPage(key, binding, place)).not.toBe(token);
  });

  test.each([
    ['another FHIR version', ['stu3', 'Patient', 'sub-1', 'everything', []]],
    ['another type', ['r4', 'Observation', 'sub-1', 'everything', []]],
    ['another person', ['r4', 'Patient', 'sub-2', 'everything', []]],
    ['other rights', ['r4', 'Patient', 'sub-1', 'compartments', ['Patient/1']]],
  ])('does not open for %s', (_, other) => {
    const token = sealPage(key, binding, place);
    refuses(() => openPage(key, other, token));
  });

  test('does not open when any of its characters was changed, cut off or added, nor with another key', () => {
    const token = sealPage(key, binding, place);
    for (let i = 0; i < token.length; i += 1) {
      refuses(() => openPage(key, binding, `${token.slice(0, i)}${token[i] === 'A' ? 'B' : 'A'}${token.slice(i + 1)}`));
      refuses(() => openPage(key, binding, token.slice(0, i)));
    }
    for (const other of ['', 'nonsense', `${token}A`, `${token}=`, ` ${token}`])
      refuses(() => openPage(key, binding, other));
    refuses(() => openPage(randomBytes(32), binding, token));
  });
});
