import { readFile } from 'node:fs/promises';
import type { ApiDataSource, ApiFunction, ApiResolver, AppSyncApi } from './api.js';

/** The versions an API is generated for: one API for each, since type names collide. */
type ApiVersion = 'r4' | 'stu3';

/** What the resolver map says: the types, and which reverse lists stand in which. */
interface ResolverMap {
  readonly resourceTypes: readonly string[];
  readonly reverseLists: Readonly<Record<string, readonly string[]>>;
}

/** The greatest number of references of one level that one invocation resolves. */
const maxReferenceBatch = 1000;

const dataSources: readonly ApiDataSource[] = [
  { name: 'resources', kind: 'AMAZON_DYNAMODB' },
  { name: 'interactions', kind: 'AWS_LAMBDA' },
  { name: 'none', kind: 'NONE' },
];

const functions: readonly ApiFunction[] = [
  { name: 'readCurrent', dataSource: 'resources', code: 'read-current' },
  { name: 'readByLambda', dataSource: 'interactions', code: 'read-by-lambda' },
];

const byLambda = (typeName: string, fieldName: string, code: string, maxBatchSize = 0): ApiResolver => ({
  kind: 'UNIT',
  typeName,
  fieldName,
  dataSource: 'interactions',
  code,
  maxBatchSize,
});

/** The resolvers of a map: a handful of codes serve every type, each field shape by its own. */
export function expandResolvers(map: ResolverMap): ApiResolver[] {
  return [
    ...map.resourceTypes.flatMap((type): ApiResolver[] => [
      {
        kind: 'PIPELINE',
        typeName: 'Query',
        fieldName: type,
        code: 'read',
        functions: ['readCurrent', 'readByLambda'],
      },
      byLambda('Query', `${type}List`, 'list'),
      byLambda('Query', `${type}Connection`, 'connection'),
      byLambda('Mutation', `${type}Create`, 'create'),
      byLambda('Mutation', `${type}Update`, 'update'),
      byLambda('Mutation', `${type}Delete`, 'delete'),
    ]),
    byLambda('Subscriptions', 'onResourceChanged', 'on-resource-changed'),
    byLambda('Subscriptions', 'onJobChanged', 'on-resource-changed'),
    ...['publishChange', 'publishJob'].map((fieldName): ApiResolver => ({
      kind: 'UNIT',
      typeName: 'Mutation',
      fieldName,
      dataSource: 'none',
      code: 'publish-change',
    })),
    byLambda('Reference', 'resource', 'reference', maxReferenceBatch),
    ...Object.entries(map.reverseLists).flatMap(([parent, types]) =>
      types.flatMap((type) => [
        byLambda(parent, `${type}List`, 'reverse-list'),
        byLambda(parent, `${type}Connection`, 'reverse-connection'),
      ]),
    ),
  ];
}

const resolverMaps: Readonly<Record<ApiVersion, () => Promise<ResolverMap>>> = {
  r4: () => import('./r4/api.js'),
  stu3: () => import('./stu3/api.js'),
};

/** The resolver map of a version, without its schema. */
export const loadResolverMap = (version: ApiVersion): Promise<ResolverMap> => resolverMaps[version]();

/** Where the schemas are, unless a bundle says otherwise: beside this file. */
const here = new URL('./', import.meta.url);

/**
 * The AppSync API of one FHIR version: its schema and which resolver serves each field.
 * @param version the FHIR version.
 * @param folder the URL of the folder that holds `<version>/schema.graphql`, with `/` at its end; this file's without it.
 * @returns the API as data, about 1 MB of SDL and 1,300 resolvers.
 */
export async function loadApi(version: ApiVersion, folder: URL = here): Promise<AppSyncApi> {
  const [schema, map] = await Promise.all([
    readFile(new URL(`${version}/schema.graphql`, folder), 'utf8'),
    loadResolverMap(version),
  ]);
  return { schema, dataSources, functions, resolvers: expandResolvers(map) };
}
