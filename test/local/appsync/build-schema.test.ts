import { describe, expect, test } from '@jest/globals';
import { buildASTSchema, concatAST, GraphQLError, lexicographicSortSchema, parse, printSchema } from 'graphql';
import { fhirVersions } from '../../../fhir/version.js';
import { appSyncDefinitions } from '../../../local/appsync/appsync-scalars.js';
import { buildSchema } from '../../../local/appsync/build-schema.js';
import { loadApi } from '../../../schema/load-api.js';

const printed = (...[schema]: Parameters<typeof printSchema>): string => printSchema(lexicographicSortSchema(schema));

describe('the schema of an API', () => {
  test.each(fhirVersions)('is what graphql-js makes at once, and lets others go on meanwhile, %s', async (version) => {
    const { schema: sdl } = await loadApi(version);
    let turns = 0;
    let next = setImmediate(function count() {
      turns += 1;
      next = setImmediate(count);
    });
    const schema = await buildSchema(sdl, new Map());
    clearImmediate(next);
    expect(turns).toBeGreaterThan(3);
    const atOnce = buildASTSchema(concatAST([parse(appSyncDefinitions), parse(sdl)]), { assumeValid: true });
    expect(printed(schema)).toBe(printed(atOnce));
  });

  test('has the roots by their names where it does not say them', async () => {
    const schema = await buildSchema('type Query { a: Int } type Mutation { b: Int } type Other { c: Int }', new Map());
    expect([schema.getQueryType()?.name, schema.getMutationType()?.name, schema.getSubscriptionType()]).toEqual([
      'Query',
      'Mutation',
      undefined,
    ]);
    expect(schema.getDirectives().map(({ name }) => name)).toEqual(
      expect.arrayContaining(['skip', 'include', 'aws_iam']),
    );
  });

  test('that is none is refused where it is wrong', async () => {
    await expect(buildSchema('type Query { a: Int } typ', new Map())).rejects.toThrow(GraphQLError);
    await expect(buildSchema('type Query { a: Nothing }', new Map(), true)).rejects.toThrow('Unknown type "Nothing"');
    await expect(buildSchema('type Query { a: Int }', new Map([['Query.b', () => null]]))).rejects.toThrow('Query.b');
  });
});
