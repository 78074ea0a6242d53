import {
  GraphQLBoolean,
  GraphQLEnumType,
  type GraphQLFieldConfig,
  GraphQLID,
  GraphQLIncludeDirective,
  GraphQLInputObjectType,
  type GraphQLInputType,
  GraphQLInterfaceType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLOutputType,
  GraphQLSchema,
  GraphQLSkipDirective,
  GraphQLString,
} from 'graphql';
import type { FhirDefinitions } from '../fhir/definitions.js';
import { isServedParameter } from '../search/served-parameter.js';
import { type Field, fieldNames, fieldOf, fhirType, hasExtensions, type SelectedType } from './fields.js';
import { codesByArgument, referringParameters } from './plan/search-plan.js';
import {
  anyResource,
  type Arguments,
  elementArguments,
  layoutDirectives,
  optional,
  scalarOf,
  searchArguments,
  texts,
} from './schema-parts.js';
import { TimeSlice } from './time-slice.js';
import { graphqlName, typeNameOf } from './type-names.js';

type FieldConfig = GraphQLFieldConfig<unknown, unknown>;

/**
 * Makes the schema that introspection tells: what `$graphql` takes, strictly typed. Half a second of work, done in slices.
 * @param root the type of the resource a query stands on; undefined for the whole system.
 */
export function makeSchema(definitions: FhirDefinitions, root?: string): Promise<GraphQLSchema> {
  return new SchemaMaker(definitions).schema(root);
}

class SchemaMaker {
  private readonly definitions: FhirDefinitions;
  private readonly objects = new Map<string, GraphQLObjectType>();
  private readonly inputs = new Map<string, GraphQLInputObjectType>();
  private readonly references = new Map<string, GraphQLEnumType>();
  private readonly resourceTypes: GraphQLEnumType;
  private readonly resource: GraphQLInterfaceType;

  constructor(definitions: FhirDefinitions) {
    this.definitions = definitions;
    this.resourceTypes = new GraphQLEnumType({
      name: 'ResourceType',
      values: Object.fromEntries(definitions.resourceTypes.map((type) => [type, {}])),
    });
    this.resource = new GraphQLInterfaceType({ name: 'Resource', fields: () => this.elements('Resource') });
  }

  async schema(root: string | undefined): Promise<GraphQLSchema> {
    const query = root === undefined ? this.queries() : this.object(fhirType(root));
    const mutation = root === undefined ? this.mutations() : undefined;
    const types = this.definitions.resourceTypes.map((type) => this.object(fhirType(type)));
    await this.makeFields([query, ...(mutation === undefined ? [] : [mutation])]);
    return new GraphQLSchema({
      query,
      mutation,
      types,
      directives: [GraphQLIncludeDirective, GraphQLSkipDirective, ...layoutDirectives],
      assumeValid: true,
    });
  }

  /** Makes the fields of all types, which name more types; the schema would ask for all of them at once. */
  private async makeFields(roots: readonly GraphQLObjectType[]): Promise<void> {
    const slice = new TimeSlice();
    const made = async (types: Iterable<GraphQLObjectType | GraphQLInputObjectType>): Promise<void> => {
      for (const type of types) {
        type.getFields();
        await slice.goOn();
      }
    };
    await made(roots);
    // A map that grows while it is gone through gives what is new as well.
    await made(this.objects.values());
    await made(this.inputs.values());
  }

  private queries(): GraphQLObjectType {
    const fields = (): Record<string, FieldConfig> =>
      Object.fromEntries(
        this.definitions.resourceTypes.flatMap((type): [string, FieldConfig][] => [
          [type, { type: this.object(fhirType(type)), args: { id: optional(new GraphQLNonNull(GraphQLID)) } }],
          [`${type}List`, { type: this.listOf(type), args: this.search(type) }],
          [
            `${type}Connection`,
            {
              type: this.object({ kind: 'connection', of: type }),
              args: { ...this.search(type), _cursor: optional(GraphQLString) },
            },
          ],
        ]),
      );
    return new GraphQLObjectType({ name: 'Query', fields });
  }

  private mutations(): GraphQLObjectType {
    const id = optional(new GraphQLNonNull(GraphQLID));
    const versionId = optional(GraphQLString);
    const fields = (): Record<string, FieldConfig> =>
      Object.fromEntries(
        this.definitions.resourceTypes.flatMap((of): [string, FieldConfig][] => {
          const type = this.object({ kind: 'mutated', of });
          const res = optional(new GraphQLNonNull(this.input(of)));
          return [
            [`${of}Create`, { type, args: { res } }],
            [`${of}Update`, { type, args: { id, res, versionId } }],
            [`${of}Delete`, { type, args: { id, versionId } }],
          ];
        }),
      );
    return new GraphQLObjectType({ name: 'Mutation', fields });
  }

  /** The object type of what a selection may stand on. */
  private object(type: SelectedType): GraphQLObjectType {
    const name = typeNameOf(type);
    let object = this.objects.get(name);
    if (object === undefined) {
      const isResource = type.kind === 'fhir' && this.definitions.structures.isResourceType(type.name);
      object = new GraphQLObjectType({
        name,
        fields: () => this.fields(type),
        ...(isResource ? { interfaces: [this.resource] } : {}),
      });
      this.objects.set(name, object);
    }
    return object;
  }

  private fields(type: SelectedType): Record<string, FieldConfig> {
    if (type.kind === 'fhir') return { ...this.elements(type.name), ...this.reverse(type.name) };
    const names = fieldNames(this.definitions, type);
    return Object.fromEntries(
      names.flatMap((name): [string, FieldConfig][] => {
        const field = fieldOf(this.definitions, type, name);
        return field === undefined ? [] : [[name, this.field(field)]];
      }),
    );
  }

  /** The elements of a FHIR type, the siblings of primitives among them. */
  private elements(type: string): Record<string, FieldConfig> {
    const { structures } = this.definitions;
    const names = [...structures.members(type)].flatMap(([name, member]) =>
      member.isPrimitive && hasExtensions(type, name, member.type) ? [name, `_${name}`] : [name],
    );
    const isResource = structures.isResourceType(type) || type === 'Resource';
    const elements = names.flatMap((name): [string, FieldConfig][] => {
      const field = fieldOf(this.definitions, fhirType(type), name);
      return field === undefined ? [] : [[name, this.field(field)]];
    });
    return {
      ...(isResource ? { resourceType: { type: GraphQLString } } : {}),
      ...Object.fromEntries(elements),
      ...(type === 'Reference' ? { resource: this.field({ kind: 'target' }) } : {}),
    };
  }

  /**
   * The lists of what refers to a resource. Parameters that may refer to any type at all (`Provenance.target`) would
   * put 9,758 lists more into R4's schema: they are served, and not told.
   */
  private reverse(target: string): Record<string, FieldConfig> {
    const { structures, resourceTypes, searchParameters } = this.definitions;
    if (!structures.isResourceType(target)) return {};
    return Object.fromEntries(
      resourceTypes.flatMap((type): [string, FieldConfig][] => {
        const names = [...referringParameters(this.definitions, type, target)]
          .filter(([, code]) => searchParameters.find(type, code)?.targets.length !== resourceTypes.length)
          .map(([name]) => name);
        if (names.length === 0) return [];
        const args: Arguments = {
          ...this.search(type),
          _reference: optional(new GraphQLNonNull(this.reference(names))),
        };
        delete args['_id'];
        return [
          [`${type}List`, { type: this.listOf(type), args }],
          [`${type}Connection`, { type: this.object({ kind: 'connection', of: type }), args }],
        ];
      }),
    );
  }

  /** One type for each set of parameters by which something may refer to something. */
  private reference(names: readonly string[]): GraphQLEnumType {
    const key = names.join(' ');
    let reference = this.references.get(key);
    if (reference === undefined) {
      reference = new GraphQLEnumType({
        name: `Reference_${String(this.references.size + 1)}`,
        values: Object.fromEntries(names.map((name) => [name, {}])),
      });
      this.references.set(key, reference);
    }
    return reference;
  }

  private readonly searches = new Map<string, Arguments>();

  private search(type: string): Arguments {
    let args = this.searches.get(type);
    if (args === undefined) {
      const codes = [...codesByArgument(this.definitions, type)].filter(([, code]) => {
        const parameter = this.definitions.searchParameters.find(type, code);
        return parameter !== undefined && isServedParameter(parameter);
      });
      args = { ...searchArguments, ...Object.fromEntries(codes.map(([name]) => [name, optional(texts)])) };
      this.searches.set(type, args);
    }
    return args;
  }

  private listOf(type: string): GraphQLList<GraphQLObjectType> {
    return new GraphQLList(this.object(fhirType(type)));
  }

  private field(field: Field): FieldConfig {
    const many = (type: GraphQLOutputType, isList: boolean): GraphQLOutputType =>
      isList ? new GraphQLList(type) : type;
    switch (field.kind) {
      case 'primitive':
        return { type: many(scalarOf(field.type), field.isList) };
      case 'element':
        return {
          type: many(this.object(field.type), field.isList),
          // They choose among the elements of a list; on others they are served, and not told.
          ...(field.type.kind === 'fhir' && field.isList ? { args: this.filters(field.type.name) } : {}),
        };
      case 'inside':
        return { type: many(this.resource, field.isList), args: elementArguments };
      case 'target':
        return {
          type: this.resource,
          args: { optional: optional(GraphQLBoolean), type: optional(this.resourceTypes) },
        };
      case 'stored':
        return { type: this.object(fhirType(field.type)) };
      default:
        throw new Error(`A field of kind ${field.kind} has a place of its own`);
    }
  }

  private readonly filtersOf = new Map<string, Arguments>();

  private filters(type: string): Arguments {
    let args = this.filtersOf.get(type);
    if (args === undefined) {
      const members = [...this.definitions.structures.members(type)].filter(([, { isPrimitive }]) => isPrimitive);
      args = {
        ...elementArguments,
        ...Object.fromEntries(members.map(([name, member]) => [name, optional(scalarOf(member.type))])),
      };
      this.filtersOf.set(type, args);
    }
    return args;
  }

  /** The input that matches an output type. https://hl7.org/fhir/R4/graphql.html#mutations */
  private input(type: string): GraphQLInputObjectType {
    const name = `${graphqlName(type)}_Input`;
    let input = this.inputs.get(name);
    if (input === undefined) {
      input = new GraphQLInputObjectType({ name, fields: () => this.inputFields(type) });
      this.inputs.set(name, input);
    }
    return input;
  }

  private inputFields(type: string): Record<string, { type: GraphQLInputType }> {
    const { structures } = this.definitions;
    const many = (item: GraphQLInputType, max: number): { type: GraphQLInputType } => ({
      type: max > 1 ? new GraphQLList(item) : item,
    });
    const fields = [...structures.members(type)].flatMap(([name, member]): [string, { type: GraphQLInputType }][] => {
      const { max } = member.rule;
      if (member.type === 'Resource') return [[name, many(anyResource, max)]];
      if (!member.isPrimitive) return [[name, many(this.input(member.type), max)]];
      const own: [string, { type: GraphQLInputType }] = [name, many(scalarOf(member.type), max)];
      return hasExtensions(type, name, member.type) ? [own, [`_${name}`, many(this.input('Element'), max)]] : [own];
    });
    return {
      ...(structures.isResourceType(type) ? { resourceType: { type: GraphQLString } } : {}),
      ...Object.fromEntries(fields),
    };
  }
}
