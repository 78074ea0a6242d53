import {
  getNamedType,
  isAbstractType,
  isLeafType,
  isObjectType,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';

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
export function inputOf(read: unknown, isRoot = true): unknown {
  if (Array.isArray(read)) return read.map((each: unknown) => inputOf(each, false));
  if (!isObject(read)) return read;
  const members = Object.entries(read)
    .filter(([name]) => name !== '__typename')
    .map(([name, value]) => [name.replace(/^[A-Z][A-Za-z]*__/, ''), inputOf(value, false)] as const);
  const input = Object.fromEntries(members);
  return !isRoot && typeof input['resourceType'] === 'string' ? JSON.stringify(withoutText(input)) : input;
}

/** A resource inside a resource inside is an object again, not text in text. */
function withoutText(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutText);
  if (typeof value === 'string' && value.startsWith('{"resourceType"')) return JSON.parse(value) as unknown;
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([name, member]) => [name, withoutText(member)]),
  );
}
