import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { OperationOutcomeError } from '../../../fhir/outcome.js';
import { codesOf } from '../../../fhir/terminology/expand.js';
import type { ConceptSet, ValueSet, ValueSetFilter } from '../../../fhir/terminology/value-set.js';
import { codeSystem, finderOf, type TerminologyResource, valueSet } from './finder.js';

const animals = codeSystem('urn:animals', {
  version: '2',
  property: [
    { code: 'legs', type: 'integer' },
    { code: 'wild', type: 'boolean' },
  ],
  concept: [
    {
      code: 'animal',
      display: 'Animal',
      property: [{ code: 'notSelectable', valueBoolean: true }],
      concept: [
        {
          code: 'mammal',
          display: 'Mammal',
          concept: [
            {
              code: 'cat',
              display: 'Cat',
              property: [
                { code: 'legs', valueInteger: 4 },
                { code: 'wild', valueBoolean: false },
              ],
            },
            {
              code: 'bat',
              display: 'Bat',
              property: [
                { code: 'legs', valueInteger: 2 },
                { code: 'wild', valueBoolean: true },
              ],
            },
          ],
        },
        {
          code: 'flyer',
          display: 'Flyer',
          property: [{ code: 'child', valueCode: 'bat' }],
          concept: [{ code: 'bird' }],
        },
        {
          code: 'dodo',
          property: [
            { code: 'status', valueCode: 'retired' },
            { code: 'parent', valueCode: 'bird' },
          ],
        },
      ],
    },
  ],
});
const colours = codeSystem('urn:colours', {
  caseSensitive: false,
  concept: [{ code: 'Red', display: 'Red' }, { code: 'Blue' }],
});
const all = ['animal', 'mammal', 'cat', 'bat', 'flyer', 'bird', 'dodo'];

const codes = async (set: ValueSet, ...others: TerminologyResource[]): Promise<string[]> =>
  (await codesOf(finderOf(animals, colours, ...others), set)).codes.map(({ code }) => code);
const failure = async (set: ValueSet, ...others: TerminologyResource[]): Promise<[number, string | undefined]> => {
  const error: unknown = await codes(set, ...others).catch((thrown: unknown) => thrown);
  if (!(error instanceof OperationOutcomeError)) throw new Error('It did not fail');
  return [error.status, error.issues[0]?.code];
};
const filtered = (...filter: ValueSetFilter[]): ValueSet => valueSet('urn:f', [{ system: 'urn:animals', filter }]);

describe('a value set', () => {
  test('of a whole code system has its codes in document order, with what is known of them', async () => {
    const found = await codesOf(finderOf(animals), valueSet('urn:v', [{ system: 'urn:animals' }]));
    expect(found.codes.map(({ code }) => code)).toEqual(all);
    expect(found.codes[0]).toEqual({
      system: 'urn:animals',
      version: '2',
      code: 'animal',
      display: 'Animal',
      designation: [],
      abstract: true,
      inactive: false,
    });
    expect(found.codes[6]?.inactive).toBe(true);
    expect([found.systems, found.incomplete]).toEqual([['urn:animals|2'], false]);
  });

  test('of listed codes needs no code system; displays it lacks are those of the code system', async () => {
    const listed = [{ code: '73211009', display: 'Diabetes' }];
    const include = [
      { system: 'http://snomed.info/sct', concept: listed },
      { system: 'urn:animals', concept: [{ code: 'cat' }, { code: 'bat', display: 'Flying mouse' }] },
    ];
    const found = await codesOf(finderOf(animals), valueSet('urn:v', include));
    expect(found.codes.map(({ code, display }) => [code, display])).toEqual([
      ['73211009', 'Diabetes'],
      ['cat', 'Cat'],
      ['bat', 'Flying mouse'],
    ]);
  });

  test('adds what it includes and takes away what it excludes, each code once', async () => {
    const include = [
      { system: 'urn:animals' },
      { system: 'urn:colours' },
      { system: 'urn:animals', concept: [{ code: 'cat' }] },
    ];
    const exclude = [{ system: 'urn:animals', filter: [{ property: 'concept', op: 'is-a', value: 'mammal' }] }];
    expect(await codes(valueSet('urn:v', include, exclude))).toEqual([
      'animal',
      'flyer',
      'bird',
      'dodo',
      'Red',
      'Blue',
    ]);
  });

  test('includes other value sets by URL and version; within one include all must have the code', async () => {
    const one = {
      ...valueSet('urn:one', [{ system: 'urn:animals', concept: [{ code: 'cat' }, { code: 'bat' }] }]),
      version: '1',
    };
    const two = valueSet('urn:two', [{ system: 'urn:animals', concept: [{ code: 'bat' }, { code: 'bird' }] }]);
    expect(await codes(valueSet('urn:v', [{ valueSet: ['urn:one|1'] }, { valueSet: ['urn:two'] }]), one, two)).toEqual([
      'cat',
      'bat',
      'bird',
    ]);
    expect(await codes(valueSet('urn:v', [{ valueSet: ['urn:one', 'urn:two'] }]), one, two)).toEqual(['bat']);
    expect(
      await codes(
        valueSet('urn:v', [{ system: 'urn:animals', concept: [{ code: 'cat' }], valueSet: ['urn:one'] }]),
        one,
      ),
    ).toEqual(['cat']);
    expect(await failure(valueSet('urn:v', [{ valueSet: ['urn:one|2'] }]), one)).toEqual([422, 'not-found']);
  });

  test('that says so has no inactive codes', async () => {
    const set = valueSet('urn:v', [{ system: 'urn:animals' }]);
    expect(await codes({ ...set, compose: { ...set.compose, inactive: false } })).toEqual(all.slice(0, -1));
  });

  test('that has an expansion only is what that says', async () => {
    const contains = [
      { abstract: true, display: 'Group', contains: [{ system: 'urn:x', code: 'a' }] },
      { system: 'urn:x', code: 'b' },
    ];
    expect(await codes({ resourceType: 'ValueSet', expansion: { contains } })).toEqual(['a', 'b']);
  });

  test('may include one that it contains', async () => {
    const contained = [{ ...valueSet('urn:c', [{ system: 'urn:animals', concept: [{ code: 'cat' }] }]), id: 'c' }];
    expect(await codes({ ...valueSet('urn:v', [{ valueSet: ['#c'] }]), contained } as ValueSet)).toEqual(['cat']);
  });

  test.each([
    ['a code system that is not known', [{ system: 'urn:unknown' }], 'not-found'],
    ['a version that is not known', [{ system: 'urn:animals', version: '9' }], 'not-found'],
    ['a code system without end', [{ system: 'http://snomed.info/sct' }], 'too-costly'],
    [
      'a filter on one',
      [{ system: 'http://loinc.org', filter: [{ property: 'parent', op: '=', value: 'x' }] }],
      'too-costly',
    ],
    ['itself', [{ valueSet: ['urn:v'] }], 'processing'],
    ['another one that includes it', [{ valueSet: ['urn:circle'] }], 'processing'],
  ])('cannot be worked out when it includes %s', async (_, include, code) => {
    const set = valueSet('urn:v', include);
    const circle = valueSet('urn:circle', [{ valueSet: ['urn:v'] }]);
    expect(await failure(set, set, circle)).toEqual([422, code]);
  });

  test('is worked out once, however often it is included', async () => {
    const chain = Array.from({ length: 40 }, (_, n) =>
      valueSet(
        `urn:${String(n)}`,
        n === 0
          ? [{ system: 'urn:colours' }]
          : [{ valueSet: [`urn:${String(n - 1)}`] }, { valueSet: [`urn:${String(n - 1)}`] }],
      ),
    );
    expect(await codes(chain[39] ?? valueSet('', []), ...chain)).toEqual(['Red', 'Blue']);
  });
});

describe('a filter', () => {
  test.each([
    ['concept', 'is-a', 'mammal', ['mammal', 'cat', 'bat']],
    ['concept', 'is-a', 'flyer', ['bat', 'flyer', 'bird', 'dodo']],
    ['concept', 'descendent-of', 'mammal', ['cat', 'bat']],
    ['concept', 'is-not-a', 'mammal', ['animal', 'flyer', 'bird', 'dodo']],
    ['concept', 'generalizes', 'bat', ['animal', 'mammal', 'bat', 'flyer']],
    ['concept', 'in', 'cat, bird', ['cat', 'bird']],
    ['concept', 'not-in', 'cat,bird', ['animal', 'mammal', 'bat', 'flyer', 'dodo']],
    ['code', 'regex', '[bc]at', ['cat', 'bat']],
    ['code', 'regex', 'at', []],
    ['legs', '=', '4', ['cat']],
    ['legs', 'exists', 'true', ['cat', 'bat']],
    ['legs', 'exists', 'false', ['animal', 'mammal', 'flyer', 'bird', 'dodo']],
    ['legs', 'in', '2,4', ['cat', 'bat']],
    ['wild', '=', 'false', ['cat']],
    ['parent', '=', 'flyer', ['bat', 'bird']],
    ['child', '=', 'bat', ['mammal', 'flyer']],
    ['inactive', '=', 'true', ['dodo']],
    ['display', 'regex', '.*at', ['cat', 'bat']],
  ])('%s %s %s', async (property, op, value, expected) => {
    expect(await codes(filtered({ property, op, value }))).toEqual(expected);
  });

  test('beside another one narrows it', async () => {
    const isFlyer = { property: 'concept', op: 'is-a', value: 'flyer' };
    expect(await codes(filtered(isFlyer, { property: 'concept', op: 'is-a', value: 'mammal' }))).toEqual(['bat']);
  });

  test.each([
    ['concept', 'is-a', 'unicorn', 'not-found'],
    ['wings', '=', '2', 'not-supported'],
    ['concept', 'resembles', 'cat', 'not-supported'],
    ['legs', 'exists', 'perhaps', 'value'],
    ['code', 'regex', '(', 'value'],
  ])('that makes no sense is refused: %s %s %s', async (property, op, value, code) => {
    expect(await failure(filtered({ property, op, value }))).toEqual([422, code]);
  });

  test('takes no time on a pattern that JavaScript would take years for', async () => {
    const long = codeSystem('urn:long', { concept: [{ code: `${'a'.repeat(60)}!` }] });
    const filter = [{ property: 'code', op: 'regex', value: '(a+)+' }];
    expect(await codes(valueSet('urn:v', [{ system: 'urn:long', filter }]), long)).toEqual([]);
  });
});

describe('a value set that asks for little, many thousand times, is refused as too costly:', () => {
  const code = (at: number): string => `${'a'.repeat(60)}${String(at)}`;
  const many = codeSystem('urn:many', { concept: Array.from({ length: 1_000 }, (_, at) => ({ code: code(at) })) });
  const filter = (op: string, value: string): ValueSetFilter => ({ property: 'code', op, value });
  const patterns = (count: number, text: string): ValueSetFilter[] =>
    Array.from({ length: count }, (_, at) => filter('regex', `${text}|${String(at)}`));
  test.each<[string, Omit<ConceptSet, 'system'>[]]>([
    ['regular expressions', [{ filter: patterns(1_000, 'a+[0-9]+') }]],
    ['large ones', [{ filter: patterns(300, '((a?){30}){30}[0-9]') }]],
    ['a long one', [{ filter: [filter('regex', 'a'.repeat(3_000))] }]],
    ['a code system', Array.from({ length: 5_000 }, () => ({}))],
    ['codes in lists', [{ filter: [filter('in', `${'b,'.repeat(50_000)}b`)] }]],
  ])('%s', async (_, sets) => {
    const include = sets.map((set) => ({ system: 'urn:many', ...set }));
    expect(await failure(valueSet('urn:v', include), many)).toEqual([422, 'too-costly']);
  });

  test('two hundred regular expressions on a thousand codes are worked out', async () => {
    const set = { system: 'urn:many', filter: patterns(200, '[a-z]+1') };
    expect(await codes(valueSet('urn:v', [set]), many)).toEqual([code(1)]);
  });
});

test('parts are not kinds: where the hierarchy is one of parts, a concept subsumes itself only', async () => {
  const body = codeSystem('urn:body', {
    hierarchyMeaning: 'part-of',
    concept: [{ code: 'hand', concept: [{ code: 'finger' }] }],
  });
  const filter = [{ property: 'concept', op: 'is-a', value: 'hand' }];
  expect(await codes(valueSet('urn:v', [{ system: 'urn:body', filter }]), body)).toEqual(['hand']);
});

test('looking for one code finds what the whole expansion has', async () => {
  const op = fc.constantFrom('is-a', 'descendent-of', 'is-not-a', 'generalizes', '=');
  const filter = fc.record({ property: fc.constant('concept'), op, value: fc.constantFrom(...all) });
  const concept = fc.record({ code: fc.constantFrom(...all) });
  const set: fc.Arbitrary<ConceptSet> = fc.oneof(
    fc.record({ system: fc.constant('urn:animals'), filter: fc.array(filter, { minLength: 1, maxLength: 2 }) }),
    fc.record({ system: fc.constant('urn:animals'), concept: fc.array(concept, { minLength: 1 }) }),
    fc.record({ system: fc.constantFrom('urn:animals', 'urn:colours') }),
    fc.record({ valueSet: fc.array(fc.constantFrom('urn:n1', 'urn:n2'), { minLength: 1, maxLength: 2 }) }),
  );
  const sets = fc.array(set, { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(sets, sets, sets, sets, async (include, exclude, one, two) => {
      const nested = (url: string, items: readonly ConceptSet[]) =>
        valueSet(
          url,
          items.map((each) => (each.valueSet === undefined ? each : { system: 'urn:colours' })),
        );
      const finder = finderOf(animals, colours, nested('urn:n1', one), nested('urn:n2', two));
      const whole = valueSet('urn:v', include, exclude);
      const expanded = new Set((await codesOf(finder, whole)).codes.map(({ system, code }) => `${system}|${code}`));
      for (const [system, code] of [
        ...all.map((each) => ['urn:animals', each] as const),
        ['urn:colours', 'red'],
        ['urn:colours', 'Blue'],
      ] as const) {
        const { codes: found } = await codesOf(finder, whole, { system, code });
        const name = code === 'red' ? 'urn:colours|Red' : `${system}|${code}`;
        expect(found.map((each) => `${each.system}|${each.code}`)).toEqual(expanded.has(name) ? [name] : []);
      }
    }),
    { numRuns: 200 },
  );
});
