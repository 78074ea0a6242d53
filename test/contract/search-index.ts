import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type AccessFilter, inCompartments } from '../../search/access.js';
import { compartmentsOf } from '../../fhir/compartment.js';
import type { FhirDefinitions } from '../../fhir/definitions.js';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import type { Resource } from '../../fhir/resource.js';
import { documentTerms } from '../../search/document.js';
import { match } from '../../search/match.js';
import { parseSearch } from '../../search/parse.js';
import { type Filter, requireUnchained, type SearchRequest } from '../../search/request.js';
import { isServedParameter } from '../../search/served-parameter.js';
import type { Indexable, IndexHit, SearchIndex, SearchPlan } from '../../search/search-index.js';
import { compareTerms, sortKey } from '../../search/term.js';
import {
  conditions,
  resource as anyResource,
  search as anySearch,
  searchOfTypes,
  terminology,
  textConditions,
} from '../search/generated-resources.js';
import { defaultTenant } from '../../persistence/keys.js';

/** An index of R4 resources under test, empty at first. */
export interface IndexUnderTest {
  readonly index: SearchIndex;
  close(): Promise<void>;
}

const everything: AccessFilter = { kind: 'everything' };
const baseUrl = 'http://own.org/r4';
const options = {
  handling: 'strict',
  baseUrl,
  terminology,
  defaultCount: 20,
  maxCount: 1000,
  now: Date.UTC(2026, 0, 1),
} as const;

/**
 * What every search index must do; runs on each adapter. Ties in an order are the adapter's choice, but stable.
 * @param make opens an empty index.
 * @param options how many generated sets of resources are searched.
 */
export function describeSearchIndex(
  name: string,
  make: (definitions: FhirDefinitions) => Promise<IndexUnderTest>,
  { runs = 40 }: { readonly runs?: number } = {},
): void {
  describe(`the search index ${name}`, () => {
    let definitions: FhirDefinitions;
    const open: IndexUnderTest[] = [];
    beforeAll(async () => {
      definitions = await loadDefinitions('r4');
    });
    afterAll(() => Promise.all(open.map((each) => each.close())));

    const empty = async (): Promise<SearchIndex> => {
      const made = await make(definitions);
      open.push(made);
      return made.index;
    };
    const parse = (query: string): SearchRequest => {
      const [type = '', parameters = ''] = query.split('?');
      return requireUnchained(parseSearch(definitions, type, [...new URLSearchParams(parameters)], options));
    };
    const indexed = (resource: Resource, versionId = 1): Indexable => ({
      tenant: defaultTenant,
      type: resource.resourceType,
      id: resource.id ?? '',
      versionId,
      lastUpdated: resource.meta?.lastUpdated ?? '2020-01-01T00:00:00.000Z',
      compartments: compartmentsOf(definitions, resource, [baseUrl]),
      resource,
    });
    const ids = async (index: SearchIndex, query: string, access = everything): Promise<string[]> =>
      (await index.search({ request: parse(query), access, limit: 1000 })).hits.map(({ id }) => id);

    /** All hits, page by page, in either direction. */
    async function paged(index: SearchIndex, plan: SearchPlan, limit: number, backwards: boolean): Promise<IndexHit[]> {
      const found: IndexHit[] = [];
      let after: string | undefined;
      for (;;) {
        const page = await index.search({
          ...plan,
          limit,
          backwards,
          ...(after === undefined ? {} : { after }),
        });
        if (backwards) found.unshift(...page.hits);
        else found.push(...page.hits);
        after = (backwards ? page.hits[0] : page.hits.at(-1))?.position;
        if (!page.more) return found;
        if (page.hits.length !== limit) throw new Error('a page with more behind it is not full');
      }
    }

    const keysOf = (request: SearchRequest, resource: Resource): (string | null)[] => {
      const terms = documentTerms(definitions, resource);
      return request.sort.map(({ parameter, descending }) => sortKey(terms[parameter.code] ?? [], descending));
    };
    const inOrder = (request: SearchRequest, a: Resource, b: Resource): boolean => {
      const [x, y] = [keysOf(request, a), keysOf(request, b)];
      for (const [i, { descending }] of request.sort.entries()) {
        const [p, q] = [x[i] ?? null, y[i] ?? null];
        if (p === q) continue;
        return q === null || (p !== null && (descending ? compareTerms(p, q) > 0 : compareTerms(p, q) < 0));
      }
      return true;
    };

    test('finds what a scan through all resources finds, in the order asked for, on pages of any size, both ways', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(anyResource, { minLength: 1, maxLength: 40 }),
          fc.array(anySearch, { minLength: 20, maxLength: 20 }),
          fc.integer({ min: 1, max: 7 }),
          async (resources, searches, size) => {
            const made = await make(definitions);
            const { index } = made;
            try {
              const all = resources.map((each, i) => ({ ...each, id: String(i + 1) }));
              await index.put(all.map((each) => indexed(each)));
              const byId = new Map(all.map((each) => [each.id, each]));
              for (const { type, filters, sort } of searches) {
                const request = requireUnchained(
                  parseSearch(
                    definitions,
                    type,
                    [...filters, ...(sort === '' ? [] : [['_sort', sort] as const])],
                    options,
                  ),
                );
                const wanted = all.filter((each) => match(request, each)).map(({ id }) => id);
                const { hits, more } = await index.search({ request, access: everything, limit: 1000 });
                expect(more).toBe(false);
                expect(new Set(hits.map(({ id }) => id)).size).toBe(hits.length);
                const sure = hits.filter(({ exactVersion }) => exactVersion === 1).map(({ id }) => id);
                const found = hits
                  .map(({ id }) => id)
                  .filter((id) => match(request, byId.get(id) ?? { resourceType: '' }));
                expect([...found].sort()).toEqual([...wanted].sort());
                expect(sure.filter((id) => !wanted.includes(id))).toEqual([]);
                hits.slice(1).forEach(({ id }, i) => {
                  const [before, here] = [byId.get(hits[i]?.id ?? ''), byId.get(id)];
                  expect(before !== undefined && here !== undefined && inOrder(request, before, here)).toBe(true);
                });
                for (const backwards of [false, true])
                  expect(await paged(index, { request, access: everything }, size, backwards)).toEqual(hits);
                const skipped = await index.search({ request, access: everything, limit: size, skip: size });
                expect(skipped.hits).toEqual(hits.slice(size, 2 * size));
                const count = await index.count({ request, access: everything, atMost: 1000 });
                if (count !== undefined) expect(count).toBe(wanted.length);
                if (count !== undefined && count > 0) {
                  expect(await index.count({ request, access: everything, atMost: count - 1 })).toBeUndefined();
                }
              }
            } finally {
              await made.close();
            }
          },
        ),
        { numRuns: runs },
      );
    }, 60_000);

    /** Conditions that chains, `_has`, `_list` and compartments come to. */
    const planned = (type: string): fc.Arbitrary<Filter> => {
      const parameters = definitions.searchParameters
        .ofType(type)
        .filter((parameter) => parameter.type === 'reference')
        .filter(isServedParameter);
      const ids = fc.subarray(['1', '2', '3', '4', '5', '6', '7', '8', '9', 'gone']).map((each) => new Set(each));
      const keys = ids.map((each): Filter => ({ kind: 'keys', ids: each }));
      const compartment = fc.constantFrom('1', '2', '3').map((id): Filter => ({
        kind: 'compartment',
        compartment: { type: 'Patient', id },
        definitions,
        bases: [baseUrl],
      }));
      const contains = fc
        .constantFrom('Patient?active=true', 'Patient?active:not=true', 'Location')
        .map((query): Filter => ({ kind: 'contains', ...parse(query) }));
      if (parameters.length === 0) return fc.oneof(keys, compartment, contains);
      const insideOf = ['Patient?active=true', 'Location?name:missing=false'].map(parse);
      const refers = fc
        .record({
          parameters: fc.subarray(parameters, { minLength: 1 }),
          patients: ids,
          groups: ids,
          inside: fc.boolean(),
          url: fc.constantFrom('http://x.org/a', 'http://none.org'),
        })
        .map(({ parameters: chosen, patients, groups, inside, url }): Filter => ({
          kind: 'refers',
          parameters: chosen,
          targets: {
            ids: new Map([
              ['Patient', patients],
              ['Group', groups],
            ]),
            bases: ['', baseUrl],
            canonicals: new Map([[url, new Set([''])]]),
            contained: new Map(
              inside ? insideOf.flatMap(({ type: of, filters }) => filters.map((each) => [of, each] as const)) : [],
            ),
          },
        }));
      return fc.oneof(keys, refers, compartment, contains);
    };

    /** Conditions as one, as `_filter` joins them. */
    function join(filters: readonly Filter[], how: string): readonly Filter[] {
      const [first, ...rest] = filters;
      if (first === undefined || how === 'one by one') return filters;
      if (how === 'not') return [{ kind: 'not', filter: first }, ...rest];
      if (how === 'not any') return [{ kind: 'not', filter: { kind: 'any', filters } }];
      if (how === 'all') return [{ kind: 'any', filters: [{ kind: 'all', filters: rest }, first] }];
      return [{ kind: 'any', filters }];
    }

    test('finds what a scan finds by conditions that other resources were asked for, by words, joined or not', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(anyResource, { minLength: 1, maxLength: 40 }),
          fc.constantFrom('Patient', 'Observation', 'RiskAssessment', 'ValueSet', 'Location').chain((type) =>
            fc.record({
              type: fc.constant(type),
              filters: fc.array(planned(type), { maxLength: 2 }),
              words: fc.array(textConditions, { maxLength: 1 }),
              sort: fc.constantFrom('', '_lastUpdated', '-_id'),
              others: fc.array(conditions[type] ?? fc.constant<[string, string]>(['_id', '1']), { maxLength: 2 }),
              joined: fc.constantFrom('one by one', 'any', 'all', 'not', 'not any'),
            }),
          ),
          async (resources, { type, filters, words, sort, others, joined }) => {
            const made = await make(definitions);
            const { index } = made;
            try {
              const all = resources.map((each, i) => ({ ...each, id: String(i + 1) }));
              await index.put(all.map((each) => indexed(each)));
              const read = parseSearch(definitions, type, [...words, ...others, ['_sort', sort]], options);
              const parsed = requireUnchained(read);
              const request = { ...parsed, filters: join([...parsed.filters, ...filters], joined) };
              const wanted = all.filter((each) => match(request, each)).map(({ id }) => id);
              const { hits } = await index.search({ request, access: everything, limit: 1000 });
              const byId = new Map(all.map((each) => [each.id, each]));
              const sure = hits.filter(({ exactVersion }) => exactVersion === 1).map(({ id }) => id);
              const found = hits
                .map(({ id }) => id)
                .filter((id) => match(request, byId.get(id) ?? { resourceType: '' }));
              expect([...found].sort()).toEqual([...wanted].sort());
              expect(sure.filter((id) => !wanted.includes(id))).toEqual([]);
              for (const backwards of [false, true]) {
                expect(await paged(index, { request, access: everything }, 3, backwards)).toEqual(hits);
              }
              const count = await index.count({ request, access: everything, atMost: 1000 });
              if (count !== undefined) expect(count).toBe(wanted.length);
            } finally {
              await made.close();
            }
          },
        ),
        { numRuns: Math.ceil(runs * 1.5) },
      );
    }, 60_000);

    test('searches several types as one: in one order, each with its own conditions and access', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(anyResource, { minLength: 1, maxLength: 40 }),
          fc.array(searchOfTypes, { minLength: 5, maxLength: 5 }),
          fc.integer({ min: 1, max: 7 }),
          async (resources, searches, size) => {
            const made = await make(definitions);
            const { index } = made;
            try {
              const all = resources.map((each, i) => ({ ...each, id: String(i + 1) }));
              await index.put(all.map((each) => indexed(each)));
              const byId = new Map(all.map((each) => [each.id, each]));
              for (const { types, filters, sort } of searches) {
                const plans = types.map((type) => ({
                  request: requireUnchained(parseSearch(definitions, type, [...filters, ['_sort', sort]], options)),
                  access: everything,
                }));
                const [first, ...others] = plans;
                if (first === undefined) throw new Error('no type');
                const plan = { ...first, others };
                const wanted = all.filter((each) => plans.some(({ request }) => match(request, each)));
                const { hits, more } = await index.search({ ...plan, limit: 1000 });
                expect(more).toBe(false);
                const found = hits.filter(({ id }) => wanted.some((each) => each.id === id));
                expect(found.map(({ id }) => id).sort()).toEqual(wanted.map(({ id }) => id).sort());
                hits.slice(1).forEach(({ id }, i) => {
                  const [before, here] = [byId.get(hits[i]?.id ?? ''), byId.get(id)];
                  expect(before && here && inOrder(first.request, before, here)).toBe(true);
                });
                for (const backwards of [false, true]) expect(await paged(index, plan, size, backwards)).toEqual(hits);
                const skipped = await index.search({ ...plan, limit: size, skip: size });
                expect(skipped.hits).toEqual(hits.slice(size, 2 * size));
                const count = await index.count({ ...plan, atMost: 1000 });
                if (count !== undefined) expect(count).toBe(wanted.length);
                if (count !== undefined && count > 0) {
                  expect(await index.count({ ...plan, atMost: count - 1 })).toBeUndefined();
                }
              }
            } finally {
              await made.close();
            }
          },
        ),
        { numRuns: Math.ceil(runs * 0.75) },
      );
    }, 60_000);

    test('gives of several types what each type’s access filter allows', async () => {
      const index = await empty();
      const subject = { reference: 'Patient/1' };
      await index.put(
        [
          { resourceType: 'Patient', id: '1' },
          { resourceType: 'Patient', id: '2' },
          { resourceType: 'Observation', id: 'o', status: 'final', code: { text: 'x' }, subject },
          { resourceType: 'Organization', id: 'g' },
        ].map((each) => indexed(each)),
      );
      const own: AccessFilter = inCompartments(['Patient/1']);
      const plan = {
        request: parse('Patient'),
        access: own,
        others: [
          { request: parse('Observation'), access: own },
          { request: parse('Organization'), access: everything },
        ],
      };
      const { hits } = await index.search({ ...plan, limit: 10 });
      expect(hits.map(({ type, id }) => `${type}/${id}`).sort()).toEqual([
        'Observation/o',
        'Organization/g',
        'Patient/1',
      ]);
      expect(await index.count({ ...plan, atMost: 10 })).toBe(3);
    });

    test('forgets the words of what changes', async () => {
      const index = await empty();
      const note = (text: string): Resource => ({ resourceType: 'Patient', id: 'a', name: [{ text }] });
      await index.put([indexed(note('before'))]);
      await index.put([indexed(note('after'), 2)]);
      expect(await ids(index, 'Patient?_content=before')).toEqual([]);
      expect(await ids(index, 'Patient?_content=after')).toEqual(['a']);
      await index.put([
        {
          tenant: defaultTenant,
          type: 'Patient',
          id: 'a',
          versionId: 3,
          lastUpdated: '2020-01-01T00:00:00.000Z',
          compartments: [],
        },
      ]);
      expect(await ids(index, 'Patient?_content=after')).toEqual([]);
    });

    test('forgets what a resource was when it changes, and a deleted resource altogether', async () => {
      const index = await empty();
      const patient = (family: string): Resource => ({ resourceType: 'Patient', id: 'a', name: [{ family }] });
      await index.put([indexed(patient('Before'))]);
      await index.put([indexed(patient('After'), 2)]);
      expect(await ids(index, 'Patient?family=before')).toEqual([]);
      expect(await ids(index, 'Patient?family=after')).toEqual(['a']);
      await index.put([
        {
          tenant: defaultTenant,
          type: 'Patient',
          id: 'a',
          versionId: 3,
          lastUpdated: '2020-01-01T00:00:00.000Z',
          compartments: [],
        },
      ]);
      expect(await ids(index, 'Patient')).toEqual([]);
      expect(await ids(index, 'Patient?name:missing=true')).toEqual([]);
      await index.put([indexed(patient('Again'), 4)]);
      expect(await ids(index, 'Patient?_sort=-family')).toEqual(['a']);
    });

    test('an older version than the indexed one changes nothing, a deleted one included', async () => {
      const index = await empty();
      const patient = (family: string): Resource => ({ resourceType: 'Patient', id: 'a', name: [{ family }] });
      await index.put([indexed(patient('Third'), 3), indexed(patient('Second'), 2)]);
      await index.put([indexed(patient('First'), 1)]);
      expect(await ids(index, 'Patient?family=third')).toEqual(['a']);
      await index.put([
        {
          tenant: defaultTenant,
          type: 'Patient',
          id: 'a',
          versionId: 4,
          lastUpdated: '2020-01-01T00:00:00.000Z',
          compartments: [],
        },
      ]);
      await index.put([indexed(patient('Third'), 3)]);
      expect(await ids(index, 'Patient')).toEqual([]);
    });

    test('changes that come late, out of order and again leave it as the newest versions are', async () => {
      const changes = fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 6 }));
      const patient = (id: string, versionId: number): Indexable => {
        const family = `V${String(versionId)}`;
        const version = indexed({ resourceType: 'Patient', id, name: [{ family }] }, versionId);
        const { resource, ...tombstone } = version;
        return versionId % 3 === 0 ? tombstone : { ...tombstone, resource: resource as Resource };
      };
      await fc.assert(
        fc.asyncProperty(fc.array(fc.array(changes, { maxLength: 6 }), { maxLength: 8 }), async (batches) => {
          const made = await make(definitions);
          try {
            const newest = new Map<string, number>();
            for (const batch of batches) {
              await made.index.put(batch.map(([id, versionId]) => patient(String(id), versionId)));
              for (const [id, versionId] of batch)
                newest.set(String(id), Math.max(versionId, newest.get(String(id)) ?? 0));
              const { hits } = await made.index.search({ request: parse('Patient'), access: everything, limit: 10 });
              const wanted = [...newest].filter(([, versionId]) => versionId % 3 !== 0);
              expect(new Map(hits.map(({ id, exactVersion }) => [id, exactVersion]))).toEqual(new Map(wanted));
            }
          } finally {
            await made.close();
          }
        }),
        { numRuns: runs },
      );
    }, 60_000);

    test('tells a code without a system from the same code in one', async () => {
      const index = await empty();
      const patient = (id: string, system?: string): Resource => ({
        resourceType: 'Patient',
        id,
        identifier: [{ ...(system === undefined ? {} : { system }), value: '1' }],
      });
      await index.put([patient('none'), patient('a', 'http://a.org')].map((each) => indexed(each)));
      expect(await ids(index, 'Patient?identifier=|1')).toEqual(['none']);
      expect(await ids(index, 'Patient?identifier=http://a.org|1')).toEqual(['a']);
      expect((await ids(index, 'Patient?identifier=1')).sort()).toEqual(['a', 'none']);
      expect(await ids(index, 'Patient?identifier:not=|1')).toEqual(['a']);
    });

    test('gives only what is in one of the compartments, and counts only that', async () => {
      const index = await empty();
      const of = (id: string, patient: string): Resource => ({
        resourceType: 'Observation',
        id,
        status: 'final',
        code: { text: 'x' },
        subject: { reference: `Patient/${patient}` },
      });
      await index.put([of('a', '1'), of('b', '2'), of('c', '1'), of('d', '3')].map((each) => indexed(each)));
      const access: AccessFilter = inCompartments(['Patient/1', 'Patient/3']);
      expect((await ids(index, 'Observation', access)).sort()).toEqual(['a', 'c', 'd']);
      expect(await ids(index, 'Observation?subject=Patient/2', access)).toEqual([]);
      expect(await index.count({ request: parse('Observation?status=final'), access, atMost: 10 })).toBe(3);
      expect(await ids(index, 'Observation', inCompartments([]))).toEqual([]);
    });

    test('gives only what a grant opens by compartment and criteria together, and counts only that', async () => {
      const index = await empty();
      const of = (id: string, patient: string, code: string): Resource => ({
        resourceType: 'Observation',
        id,
        status: 'final',
        code: { coding: [{ code }] },
        subject: { reference: `Patient/${patient}` },
      });
      await index.put(
        [of('a', '1', 'x'), of('b', '1', 'y'), of('c', '2', 'x'), of('d', '3', 'y'), of('e', '3', 'z')].map((each) =>
          indexed(each),
        ),
      );
      const grant = (query: string, compartment?: string) => ({
        filters: parse(`Observation?${query}`).filters,
        ...(compartment === undefined ? {} : { compartments: [compartment] }),
      });
      const cases: (readonly [AccessFilter, string[]])[] = [
        [{ kind: 'limited', grants: [grant('code=x', 'Patient/1')] }, ['a']],
        [{ kind: 'limited', grants: [grant('code=x')] }, ['a', 'c']],
        [{ kind: 'limited', grants: [grant('code=x', 'Patient/1'), grant('code=y', 'Patient/3')] }, ['a', 'd']],
        [{ kind: 'limited', grants: [grant('code=x', 'Patient/1'), grant('code:not=x')] }, ['a', 'b', 'd', 'e']],
        [
          { kind: 'limited', grants: [grant('code=x'), { compartments: ['Patient/3'], filters: [] }] },
          ['a', 'c', 'd', 'e'],
        ],
        [{ kind: 'limited', grants: [] }, []],
      ];
      for (const [access, expected] of cases) {
        expect((await ids(index, 'Observation', access)).sort()).toEqual(expected);
        expect((await ids(index, 'Observation?status=final&_sort=_lastUpdated', access)).sort()).toEqual(expected);
        expect(await index.count({ request: parse('Observation'), access, atMost: 10 })).toBe(expected.length);
      }
      const [[both] = []] = cases.slice(2);
      if (both !== undefined) expect(await ids(index, 'Observation?code=y', both)).toEqual(['d']);
    });

    test('pages neither repeat nor miss a resource that stays as it is while others are written', async () => {
      const index = await empty();
      const patient = (id: string, family: string): Resource => ({ resourceType: 'Patient', id, name: [{ family }] });
      const stable = Array.from({ length: 60 }, (_, i) => patient(`s${String(i)}`, `F${String(i % 7)}`));
      await index.put(stable.map((each) => indexed(each)));
      for (const query of ['Patient', 'Patient?_sort=family', 'Patient?_sort=-family,_id', 'Patient?family=F']) {
        const request = parse(query);
        const found: string[] = [];
        let after: string | undefined;
        for (let round = 1; ; round += 1) {
          const page = await index.search({
            request,
            access: everything,
            limit: 7,
            ...(after === undefined ? {} : { after }),
          });
          found.push(...page.hits.map(({ id }) => id).filter((id) => id.startsWith('s')));
          after = page.hits.at(-1)?.position;
          if (!page.more) break;
          const moving = `${query}${String(round)}`.replace(/[^a-zA-Z0-9]/g, '');
          await index.put([
            indexed(patient(`m${moving}`, `F${String(round % 9)}`)),
            indexed(patient('mover', `F${String(round % 5)}`), Date.now()),
          ]);
        }
        expect([...found].sort()).toEqual(stable.map(({ id }) => id).sort());
      }
    });

    test('takes values of any length and any characters', async () => {
      const index = await empty();
      const long = 'x'.repeat(5_000);
      const odd = 'a\u0000b\tc\u007fd\ud800e\u{10ffff}';
      const values = [
        long,
        `${long}y`,
        odd,
        'é'.repeat(3_000),
        '李'.repeat(3_000),
        '\u{1F600}'.repeat(2_000),
        ' ',
        '\u0001',
      ];
      const resources = values.map((value, i) => ({
        resourceType: 'Patient',
        id: String(i),
        identifier: [{ system: value, value }],
        name: [{ family: value }],
      }));
      await index.put(resources.map((each) => indexed(each)));
      for (const [i, value] of values.entries()) {
        const request = requireUnchained(
          parseSearch(definitions, 'Patient', [['identifier', `${value}|${value}`]], options),
        );
        expect((await index.search({ request, access: everything, limit: 10 })).hits.map(({ id }) => id)).toEqual([
          String(i),
        ]);
      }
      expect((await ids(index, `Patient?family=${long}`)).sort()).toEqual(['0', '1']);
      expect(await ids(index, 'Patient?_sort=family')).toHaveLength(values.length);
    });
  });
}
