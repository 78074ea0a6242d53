import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fhirVersions } from '../../../fhir/version.js';
import { loadDefinitions } from '../../../fhir/load-definitions.js';
import { create } from '../../../interactions/create.js';
import type { SearchRequest } from '../../../resolvers/interaction-request.js';
import { readArguments } from '../../../resolvers/lambda/search.js';
import { callerOf } from '../../support/server.js';
import { startGraphqlServer, type GraphqlServer } from '../graphql-server.js';

const search = (type: string, args: Record<string, unknown>, more: Partial<SearchRequest> = {}): SearchRequest => ({
  interaction: 'search',
  shape: 'connection',
  type,
  arguments: args,
  counted: false,
  field: `Query.${type}Connection`,
  ...more,
});

describe.each(fhirVersions)('search arguments of %s', (version) => {
  test('every search parameter of every type has its own name, and leads back to its code', async () => {
    const definitions = await loadDefinitions(version);
    let pairs = 0;
    for (const type of definitions.resourceTypes) {
      const codes = definitions.searchParameters.ofType(type).map(({ code }) => code);
      const names = codes.map((code) => code.replaceAll('-', '_'));
      expect(new Set(names).size).toBe(codes.length);
      const args = Object.fromEntries(names.map((name) => [name, ['x']]));
      const { parameters } = readArguments(definitions, search(type, args));
      expect(parameters.map(([code]) => code)).toEqual(codes);
      pairs += codes.length;
    }
    expect(pairs).toBeGreaterThan(2_000);
  });

  test('several values stay several conditions, in their order', async () => {
    const definitions = await loadDefinitions(version);
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1 }), (values) => {
        const { parameters } = readArguments(definitions, search('Patient', { address_city: values }));
        expect(parameters).toEqual(values.map((value) => ['address-city', value]));
      }),
    );
  });

  test('an argument that is no parameter is refused by its name and field', async () => {
    const definitions = await loadDefinitions(version);
    for (const name of ['shoe_size', 'address-city', '__proto__x', 'constructor']) {
      expect(() => readArguments(definitions, search('Patient', { [name]: 'x' }))).toThrow(name);
    }
  });
});

interface Listed {
  readonly data: { readonly BasicList: { readonly id: string }[] | null };
  readonly errors: readonly unknown[];
}

describe('lists', () => {
  let graphql: GraphqlServer;
  beforeAll(async () => {
    graphql = await startGraphqlServer('r4');
    for (let at = 0; at < 1_001; at += 1) {
      const resource = { resourceType: 'Basic', code: { text: 'x' }, ...(at < 1_000 ? { created: '2001' } : {}) };
      await create(graphql.server, callerOf('practitioner'), { resource });
    }
  });
  afterAll(() => graphql.close());

  test('give 1,000 matches', async () => {
    const { data, errors } = (await graphql.execute('{ BasicList(created: "2001") { id } }')) as Listed;
    expect(errors).toEqual([]);
    expect(new Set(data.BasicList?.map(({ id }) => id)).size).toBe(1_000);
  });

  test('of more matches than that are an error, never a part', async () => {
    const { data, errors } = (await graphql.execute('{ BasicList { id } }')) as Listed;
    expect(data).toEqual({ BasicList: null });
    expect(errors).toMatchObject([{ errorType: 'too-costly', errorInfo: { status: 413 } }]);
  });

  test('of which a page is shown are counted by whatever name the number is asked for, however many they are', async () => {
    const page = '_lastUpdated: ["gt2000", "lt2999"], _count: 1';
    const answer = await graphql.execute(
      `{ a: BasicConnection(${page}) { count } b: BasicConnection(${page}) { n: count } c: BasicConnection(${page}) { ...page } }
       fragment page on BasicConnection { n: count }`,
    );
    expect(answer.errors).toEqual([]);
    expect(answer.data).toEqual({ a: { count: 1_001 }, b: { n: 1_001 }, c: { n: 1_001 } });
  });

  test('with _count give that many, in pages the server allows', async () => {
    const { data, errors } = (await graphql.execute('{ BasicList(_count: 1001) { id } }')) as Listed;
    expect(errors).toEqual([]);
    expect(new Set(data.BasicList?.map(({ id }) => id)).size).toBe(1_001);
  });
});

describe('answers too large for AppSync', () => {
  test('are refused', async () => {
    const graphql = await startGraphqlServer('r4');
    const resource = { resourceType: 'Binary', contentType: 'text/plain', data: 'eHh4'.repeat(400_000) };
    for (let at = 0; at < 3; at += 1) await create(graphql.server, callerOf('practitioner'), { resource });
    for (const query of ['{ it: BinaryList { id } }', '{ it: BinaryConnection { count } }']) {
      const { errors } = await graphql.execute(query);
      expect(errors).toMatchObject([{ errorType: 'too-costly' }]);
    }
    expect((await graphql.execute('{ it: BinaryConnection(_count: 1) { count } }')).data).toEqual({ it: { count: 3 } });
    await graphql.close();
  });
});
