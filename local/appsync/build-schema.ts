import {
  assertValidSchema,
  buildASTSchema,
  concatAST,
  type DefinitionNode,
  type DocumentNode,
  type GraphQLFieldResolver,
  type GraphQLNamedType,
  type GraphQLObjectType,
  GraphQLSchema,
  isAbstractType,
  isObjectType,
  isScalarType,
  Kind,
  parse,
  specifiedDirectives,
  TokenKind,
} from 'graphql';
import { Parser } from 'graphql/language/parser.js';
// What buildASTSchema does before it has every type make its fields at once, which takes 100 ms here.
import { extendSchemaImpl } from 'graphql/utilities/extendSchema.js';
import { TimeSlice } from '../../graphql/time-slice.js';
import { appSyncDefinitions, awsScalars } from './appsync-scalars.js';

const nameOfType = (value: unknown): string | undefined => {
  const named = (value as { readonly __typename?: unknown } | null)?.__typename;
  return typeof named === 'string' ? named : undefined;
};

/** A parser that lets others go on between definitions: 1 MB of SDL takes 150 ms. */
class SlicedParser extends Parser {
  async document(slice: TimeSlice): Promise<DocumentNode> {
    const definitions: DefinitionNode[] = [];
    this.expectToken(TokenKind.SOF);
    do {
      definitions.push(this.parseDefinition());
      await slice.goOn();
    } while (!this.expectOptionalToken(TokenKind.EOF));
    return { kind: Kind.DOCUMENT, definitions };
  }
}

/** The schema of a document that is known to be valid, as `buildASTSchema` makes it, type by type. */
async function schemaOf(document: DocumentNode, slice: TimeSlice): Promise<GraphQLSchema> {
  const nothing = { types: [], directives: [], extensions: Object.create(null) as object, extensionASTNodes: [] };
  const config = extendSchemaImpl({ ...nothing, assumeValid: false } as never, document, { assumeValid: true });
  for (const type of config.types) {
    if ('getFields' in type) type.getFields();
    await slice.goOn();
  }
  const root = (name: string): GraphQLObjectType | undefined => {
    const type: GraphQLNamedType | undefined = config.types.find((each) => each.name === name);
    return config.astNode == null && isObjectType(type) ? type : undefined;
  };
  const declared = new Set(config.directives.map(({ name }) => name));
  return new GraphQLSchema({
    ...config,
    query: config.query ?? root('Query'),
    mutation: config.mutation ?? root('Mutation'),
    subscription: config.subscription ?? root('Subscription'),
    directives: [...config.directives, ...specifiedDirectives.filter(({ name }) => !declared.has(name))],
  });
}

/**
 * Makes an executable schema of an API's SDL. The project's own SDL was checked when it was
 * generated: it is not checked again.
 * @param sdl as AppSync takes it, without AppSync's own scalars and directives.
 * @param resolvers by `Type.field`; other fields are members of what their parent's resolver gave.
 * @param checks whether the SDL is checked.
 * @returns the schema; about 0.4 s for 1 MB of SDL, in which others are answered unless it is checked.
 * @throws Error for an SDL that is none, if it is checked, and for a resolver whose field the schema does not have.
 */
export async function buildSchema(
  sdl: string,
  resolvers: ReadonlyMap<string, GraphQLFieldResolver<unknown, never>>,
  checks = false,
): Promise<GraphQLSchema> {
  const slice = new TimeSlice();
  const options = { noLocation: true };
  const own = await new SlicedParser(sdl, options).document(slice);
  const document = concatAST([parse(appSyncDefinitions, options), own]);
  const schema = checks ? buildASTSchema(document) : await schemaOf(document, slice);
  if (checks) assertValidSchema(schema);
  await slice.goOn();
  for (const type of Object.values(schema.getTypeMap())) {
    if (isAbstractType(type)) type.resolveType = nameOfType;
    if (isScalarType(type) && Object.hasOwn(awsScalars, type.name)) Object.assign(type, awsScalars[type.name]);
  }
  for (const [place, resolve] of resolvers) {
    const [typeName = '', fieldName = ''] = place.split('.');
    const type = schema.getType(typeName);
    const field = isObjectType(type) ? type.getFields()[fieldName] : undefined;
    if (field === undefined) throw new Error(`The schema has no field ${place}, which has a resolver`);
    field.resolve = resolve as GraphQLFieldResolver<unknown, unknown>;
  }
  return schema;
}
