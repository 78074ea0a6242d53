import {
  getNamedType,
  isAbstractType,
  isLeafType,
  isObjectType,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';
import { Decimal, parseJson, stringifyJson } from '../../fhir/json.js';
import { OperationOutcomeError } from '../../fhir/outcome.js';
import type { Resource } from '../../fhir/resource.js';
import { create } from '../../interactions/create.js';
import { callerOf } from '../support/server.js';
import type { GraphqlServer } from './graphql-server.js';

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The selection of every member some values have, at any depth, as a client would write it who knows what is there.
 * @param values objects of one GraphQL type.
 * @throws Error when a member is no field of the type: the schema has lost it.
 */
export function selectionOf(schema: GraphQLSchema, type: GraphQLNamedType, values: readonly Json[]): string {
  if (isAbstractType(type)) {
    const types = [...new Set(values.map((value) => String(value['resourceType'])))];
    return types
      .map((name) => {
        const inside = schema.getType(name);
        if (inside === undefined) throw new Error(`${name} is no type of the schema`);
        const ofType = values.filter((value) => value['resourceType'] === name);
        // Members of different types may have one name: each type's have an alias of their own.
        return `... on ${name}{${fieldsOf(schema, inside, ofType, `${name}__`)}}`;
      })
      .join(' ');
  }
  return fieldsOf(schema, type, values, '');
}

function fieldsOf(schema: GraphQLSchema, type: GraphQLNamedType, values: readonly Json[], alias: string): string {
  if (!isObjectType(type)) throw new Error(`${type.name} is no object type`);
  const names = [...new Set(values.flatMap((value) => Object.keys(value)))];
  return names
    .map((name) => {
      const field = type.getFields()[name];
      if (field === undefined) throw new Error(`${type.name} has no field ${name}`);
      const inside = getNamedType(field.type);
      const label = alias === '' ? name : `${alias}${name}:${name}`;
      if (isLeafType(inside)) return label;
      const members = values.flatMap((value) => [value[name]].flat()).filter(isObject);
      const selection = selectionOf(schema, inside, members);
      // A list that holds nothing but null needs a selection all the same.
      return `${label}{${selection === '' ? '__typename' : selection}}`;
    })
    .join(' ');
}

/**
 * What was read, as the input of a mutation: without `__typename`, resources inside as AWSJSON text, aliases undone.
 * Null stays where it was read: absent members and places in lists.
 */
export const inputOf = (read: unknown): unknown => converted(read, 'root');

function converted(read: unknown, place: 'root' | 'element' | 'inside'): unknown {
  const below = place === 'root' ? 'element' : place;
  if (Array.isArray(read)) return read.map((each: unknown) => converted(each, below));
  if (!isObject(read)) return read;
  const isInside = place === 'element' && Object.keys(read).some((name) => name.endsWith('__resourceType'));
  const members = Object.entries(read)
    .filter(([name]) => name !== '__typename')
    .map(([name, value]) => {
      return [name.replace(/^[A-Z][A-Za-z]*__/, ''), converted(value, isInside ? 'inside' : below)] as const;
    });
  return isInside ? JSON.stringify(Object.fromEntries(members)) : Object.fromEntries(members);
}

/** JSON text with the members of objects in order, decimals with their digits, without what the server sets itself. */
export function canonicalText(body: string): string {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted);
    if (!isObject(value) || value instanceof Decimal) return value;
    return Object.fromEntries(
      Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, member]) => [name, sorted(member)]),
    );
  };
  const resource = parseJson(body) as { meta: { versionId?: unknown; lastUpdated?: unknown } };
  delete resource.meta.versionId;
  delete resource.meta.lastUpdated;
  return stringifyJson(sorted(resource));
}

/** What became of a resource that was read, with everything in it, and updated with what was read. */
export interface RoundTrip {
  readonly before: string;
  readonly after: string;
}

/**
 * Stores a resource, reads all of it by GraphQL, updates it with what was read, and tells what is stored then.
 * @param text the resource's JSON text.
 * @returns nothing when the resource itself is refused: it breaks a rule of FHIR.
 * @throws Error when the schema has no field for a member, or reading or updating fails.
 */
export async function roundTrip(
  graphql: GraphqlServer,
  schema: GraphQLSchema,
  text: string,
): Promise<RoundTrip | undefined> {
  const { server } = graphql;
  const resource = parseJson(text) as Resource;
  const type = resource.resourceType;
  let created;
  try {
    created = await create(server, callerOf('practitioner'), { resource });
  } catch (failure) {
    if (failure instanceof OperationOutcomeError && failure.status === 422) return undefined;
    throw failure;
  }
  const { id, body } = created.version;
  const shape = schema.getType(type);
  if (shape === undefined) throw new Error(`${type} is no type of the schema`);
  const selection = selectionOf(schema, shape, [JSON.parse(body) as Json]);
  const read = await graphql.execute(`query($id: ID!) { ${type}(id: $id) { ${selection} } }`, { id });
  if (read.errors.length > 0) throw new Error(`${type}: ${JSON.stringify(read.errors).slice(0, 500)}`);
  const values = read.data as Json;
  const update = `mutation($id: ID!, $res: ${type}_Input!) { ${type}Update(id: $id, res: $res) { location } }`;
  const updated = await graphql.execute(update, { id, res: inputOf(values[type]) });
  if (updated.errors.length > 0) throw new Error(`${type}: ${JSON.stringify(updated.errors).slice(0, 500)}`);
  const stored = await server.store.read({ type, id });
  return { before: canonicalText(body), after: canonicalText(stored?.body ?? '{}') };
}
