import {
  DirectiveLocation,
  type GraphQLArgumentConfig,
  GraphQLBoolean,
  GraphQLDirective,
  type GraphQLFieldConfigArgumentMap,
  type GraphQLInputType,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLScalarType,
  GraphQLString,
} from 'graphql';

/** The arguments of a field. */
export type Arguments = GraphQLFieldConfigArgumentMap;

const decimal = new GraphQLScalarType({
  name: 'decimal',
  description: 'A JSON number with all the digits it was written with.',
  specifiedByURL: 'https://hl7.org/fhir/R4/datatypes.html#decimal',
});

/** The input of a resource inside another one. */
export const anyResource = new GraphQLScalarType({
  name: 'Resource_Input',
  description: 'A resource of any type as JSON, with its resourceType.',
});

/** Several texts. */
export const texts = new GraphQLList(new GraphQLNonNull(GraphQLString));
/** An argument that may be left out. */
export const optional = (type: GraphQLInputType): GraphQLArgumentConfig => ({ type });

const scalars: Readonly<Record<string, GraphQLScalarType | undefined>> = {
  boolean: GraphQLBoolean,
  integer: GraphQLInt,
  positiveInt: GraphQLInt,
  unsignedInt: GraphQLInt,
  decimal,
};

/** The scalar of a primitive data type. */
export const scalarOf = (type: string): GraphQLScalarType => scalars[type] ?? GraphQLString;

/** What chooses among the elements of a list, whatever they are. */
export const elementArguments: Arguments = {
  fhirpath: optional(GraphQLString),
  _count: optional(GraphQLInt),
  _offset: optional(GraphQLInt),
};

/** The arguments of every search that are no search parameters of the type. */
export const searchArguments: Arguments = {
  ...elementArguments,
  _sort: optional(texts),
  _total: optional(GraphQLString),
  _list: optional(texts),
  _filter: optional(GraphQLString),
};

const onFields = [DirectiveLocation.FIELD];
/** The directives that lay out an answer. https://hl7.org/fhir/R4/graphql.html#flattening */
export const layoutDirectives = [
  new GraphQLDirective({
    name: 'flatten',
    description: 'The fields inside stand in place of the field.',
    locations: onFields,
  }),
  new GraphQLDirective({ name: 'first', description: 'Only the first element counts.', locations: onFields }),
  new GraphQLDirective({ name: 'singleton', description: 'One value, not a list.', locations: onFields }),
  new GraphQLDirective({
    name: 'slice',
    description: 'The value of a FHIRPath stands behind the names of each element.',
    locations: onFields,
    args: { path: optional(GraphQLString), fhirpath: optional(GraphQLString) },
  }),
];
