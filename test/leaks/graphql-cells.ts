import { getNullableType, type GraphQLSchema, isEnumType, isObjectType } from 'graphql';
import { buildSchema } from '../../local/appsync/build-schema.js';
import type { ApiResolver, AppSyncApi } from '../../schema/api.js';
import { type Recorded, recordedTypes, selections } from './record.js';

/** A query or mutation that leads to a resource, if anything lets it. */
export interface GraphqlCell {
  /** The code of the resolver it is about: one for each field shape. */
  readonly code: string;
  readonly query: string;
  readonly writes?: true;
}

/** By the code of a resolver, how its field leads to a resource. */
type Cells = (field: ApiResolver, target: Recorded, schema: GraphQLSchema) => readonly Omit<GraphqlCell, 'code'>[];

const selectionOf = (type: string): string => `{ id ${selections[type] ?? ''} }`;

/** A fragment for each type, since a reference may lead to any; by names of its own, since fields of one name differ. */
const anyType = `{ ${recordedTypes.map((type) => `... on ${type} { id secret${type}: ${selections[type] ?? ''} }`).join(' ')} }`;

const cellsOf: Readonly<Record<string, Cells>> = {
  read: ({ fieldName }, { type, id }) =>
    fieldName === type ? [{ query: `{ ${type}(id: "${id}") ${selectionOf(type)} }` }] : [],
  list: ({ fieldName }, { type, id }) =>
    fieldName === `${type}List`
      ? [`(_id: "${id}")`, '', '(_sort: "-_lastUpdated", _count: 50)'].map((given) => ({
          query: `{ ${fieldName}${given} ${selectionOf(type)} }`,
        }))
      : [],
  connection: ({ fieldName }, { type, id }) =>
    fieldName === `${type}Connection`
      ? [`(_id: "${id}")`, ''].map((given) => ({
          query: `{ ${fieldName}${given} { count edges { resource ${selectionOf(type)} } } }`,
        }))
      : [],
  'reverse-list': (field, target, schema) => reverse(field, target, schema, 'List', (type) => selectionOf(type)),
  'reverse-connection': (field, target, schema) =>
    reverse(field, target, schema, 'Connection', (type) => `{ edges { resource ${selectionOf(type)} } }`),
  reference: (_, __, schema) => referencesTo(schema),
  create: ({ fieldName }, { type, versions }) =>
    fieldName === `${type}Create`
      ? [{ query: `mutation { ${fieldName}(res: ${literal(versions.at(-1))}) { location } }`, writes: true }]
      : [],
  'on-resource-changed': (_, { type, id }) => [
    { query: `subscription { onResourceChanged(type: ${type}, id: "${id}") { type id } }` },
    { query: 'subscription { onResourceChanged { type id } }' },
  ],
  'publish-change': (_, { type, id }) => [
    {
      query: `mutation { publishChange(type: ${type}, id: "${id}", versionId: "1", action: update, lastUpdated: "x", compartments: []) { id } }`,
      writes: true,
    },
  ],
  update: ({ fieldName }, { type, id, versions }) =>
    fieldName === `${type}Update`
      ? [
          {
            query: `mutation { ${fieldName}(id: "${id}", res: ${literal(versions.at(-1))}) { resource { id } } }`,
            writes: true,
          },
        ]
      : [],
  delete: ({ fieldName }, { type, id }) =>
    fieldName === `${type}Delete`
      ? [{ query: `mutation { ${fieldName}(id: "${id}") { location } }`, writes: true }]
      : [],
};

/** JSON as a GraphQL value. */
const literal = (value: unknown): string => JSON.stringify(value).replace(/"([A-Za-z_]\w*)":/g, '$1:');

/** What lists in a resource of the record, by every parameter that refers to it. */
function reverse(
  { typeName, fieldName }: ApiResolver,
  { type, patient }: Recorded,
  schema: GraphQLSchema,
  shape: string,
  selection: (type: string) => string,
): Omit<GraphqlCell, 'code'>[] {
  const owner = schema.getType(typeName);
  if (fieldName !== `${type}${shape}` || !isObjectType(owner)) return [];
  const parameter = owner.getFields()[fieldName]?.args.find(({ name }) => name === '_reference')?.type;
  const names = parameter === undefined ? undefined : getNullableType(parameter);
  const parents = typeName === 'Patient' ? ['p1', patient ?? 'p2'] : [];
  return parents.flatMap((parent) =>
    (isEnumType(names) ? names.getValues() : []).map(({ name }) => ({
      query: `{ ${typeName}(id: "${parent}") { ${fieldName}(_reference: ${name}) ${selection(type)} } }`,
    })),
  );
}

/** References of things of p1's that lead to others. */
function referencesTo(schema: GraphQLSchema): Omit<GraphqlCell, 'code'>[] {
  const resource = `{ resource(optional: true) ${anyType} }`;
  const observation = schema.getType('Observation');
  const isR4 = isObjectType(observation) && observation.getFields()['hasMember'] !== undefined;
  const members = isR4 ? `hasMember ${resource}` : `related { target ${resource} }`;
  return [
    { query: `{ a: Observation(id: "lab-p1") { ${members} } b: Observation(id: "pulse-p1") { ${members} } }` },
    { query: `{ List(id: "list-p1") { entry { item ${resource} } subject ${resource} } }` },
    { query: `{ Patient(id: "p1") { managingOrganization ${resource} } }` },
  ];
}

/**
 * Every way the API's resolvers have to a resource, by its schema.
 * @throws Error when the resolvers have a code that has no cells here.
 */
export async function graphqlCells({
  resolvers,
  schema: sdl,
}: AppSyncApi): Promise<(target: Recorded) => readonly GraphqlCell[]> {
  const schema = await buildSchema(sdl, new Map());
  const codes = new Set(resolvers.map(({ code }) => code));
  const lacking = [...codes].find((code) => !Object.hasOwn(cellsOf, code));
  if (lacking !== undefined) throw new Error(`The resolver ${lacking} has no cells in test/leaks/graphql-cells.ts`);
  return (target) => {
    const found = resolvers.flatMap((field) =>
      (cellsOf[field.code]?.(field, target, schema) ?? []).map((cell) => ({ code: field.code, ...cell })),
    );
    return [...new Map(found.map((cell) => [cell.query, cell])).values()];
  };
}
