import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  getArgumentValues,
  getDirectiveValues,
  type GraphQLField,
  GraphQLIncludeDirective,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  GraphQLSkipDirective,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  SchemaMetaFieldDef,
  type SelectionNode,
  type SelectionSetNode,
  TypeMetaFieldDef,
} from 'graphql';
import { fragmentsOf } from './fragments.js';
import { TimeSlice } from './time-slice.js';

/** Gives the JSON text of a value. */
type Write = (value: unknown) => string;

/** What is asked of the schema: an operation and its fragments, and the values of its variables. */
export interface IntrospectionQuestion {
  /** Valid for the schema, its fragments in no cycle. */
  readonly document: DocumentNode;
  /** A query; its root fields are `__schema`, `__type` and `__typename`. */
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Record<string, unknown>>;
}

/**
 * Answers an operation that asks about the schema only, by graphql-js' own fields of `__Schema` and `__Type`. Each
 * selection is read once instead of once an object, and others go on between the types: graphql-js would keep the event
 * loop for a second.
 * @returns the JSON text of the data.
 * @throws GraphQLError for an argument or a directive without a usable value.
 * @see https://spec.graphql.org/October2021/#sec-Introspection
 */
export async function writeIntrospection(schema: GraphQLSchema, question: IntrospectionQuestion): Promise<string> {
  const { operation } = question;
  const root = schema.getQueryType()?.name ?? '';
  const writer = new IntrospectionWriter(schema, question);
  const members: string[] = [];
  for (const [key, nodes] of writer.selected([operation.selectionSet], root)) {
    const name = nodes[0]?.name.value;
    const text =
      name === '__schema'
        ? await writer.schemaText(nodes)
        : name === '__type'
          ? writer.field(TypeMetaFieldDef, nodes)(undefined)
          : JSON.stringify(root);
    members.push(`${JSON.stringify(key)}:${text}`);
  }
  return `{${members.join()}}`;
}

class IntrospectionWriter {
  private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  private readonly variables: Readonly<Record<string, unknown>>;
  private readonly schema: GraphQLSchema;

  constructor(schema: GraphQLSchema, { document, variables }: IntrospectionQuestion) {
    this.schema = schema;
    this.variables = variables;
    this.fragments = fragmentsOf(document);
  }

  /** `__schema`: its types are written one by one, in slices. */
  async schemaText(nodes: readonly FieldNode[]): Promise<string> {
    const slice = new TimeSlice();
    const type = objectOf(SchemaMetaFieldDef.type);
    const members: string[] = [];
    for (const [key, group] of this.selected(setsOf(nodes), type.name)) {
      const field = fieldOf(type, group);
      let text: string;
      if (field?.name === 'types') {
        const write = this.object(objectOf(field.type), group);
        const texts: string[] = [];
        for (const each of Object.values(this.schema.getTypeMap())) {
          texts.push(write(each));
          await slice.goOn();
        }
        text = `[${texts.join()}]`;
      } else text = field === undefined ? JSON.stringify(type.name) : this.field(field, group)(this.schema);
      members.push(`${JSON.stringify(key)}:${text}`);
    }
    return `{${members.join()}}`;
  }

  /** How a field of an object is written. */
  field({ resolve, type, ...rest }: GraphQLField<unknown, unknown>, nodes: readonly FieldNode[]): Write {
    const [node] = nodes;
    const write = this.value(type, nodes);
    if (node === undefined || resolve === undefined) return () => 'null';
    const given = getArgumentValues({ resolve, type, ...rest }, node, this.variables);
    // The fields of introspection look at nothing else.
    const info = { schema: this.schema } as GraphQLResolveInfo;
    return (source) => write(resolve(source, given, undefined, info));
  }

  private value(type: GraphQLOutputType, nodes: readonly FieldNode[]): Write {
    if (isNonNullType(type)) return this.value(type.ofType, nodes);
    const write = isListType(type)
      ? listWriter(this.value(type.ofType, nodes))
      : isObjectType(type)
        ? this.object(type, nodes)
        : (value: unknown) => JSON.stringify(value);
    return (value) => (value === undefined || value === null ? 'null' : write(value));
  }

  /** An object is written once: the same types are referred to from many places. */
  private object(type: GraphQLObjectType, nodes: readonly FieldNode[]): Write {
    const members = [...this.selected(setsOf(nodes), type.name)].map(([key, group], place): Write => {
      const field = fieldOf(type, group);
      const write: Write = field === undefined ? () => JSON.stringify(type.name) : this.field(field, group);
      const before = `${place === 0 ? '' : ','}${JSON.stringify(key)}:`;
      return (source) => before + write(source);
    });
    const written = new Map<unknown, string>();
    const write: Write = (source) => {
      let text = '{';
      for (const member of members) text += member(source);
      return `${text}}`;
    };
    if (type.name !== '__Type') return write;
    return (source) => {
      let text = written.get(source);
      if (text === undefined) written.set(source, (text = write(source)));
      return text;
    };
  }

  /** The fields of selection sets by their names in the answer, fragments put in. */
  selected(sets: readonly SelectionSetNode[], type: string): ReadonlyMap<string, FieldNode[]> {
    const fields = new Map<string, FieldNode[]>();
    const seen = new Set<string>();
    const collect = ({ selections }: SelectionSetNode): void => {
      for (const selection of selections) {
        if (!this.isIncluded(selection)) continue;
        if (selection.kind === Kind.FIELD) {
          const key = (selection.alias ?? selection.name).value;
          fields.set(key, [...(fields.get(key) ?? []), selection]);
          continue;
        }
        const isSpread = selection.kind === Kind.FRAGMENT_SPREAD;
        if (isSpread && seen.has(selection.name.value)) continue;
        if (isSpread) seen.add(selection.name.value);
        const fragment = isSpread ? this.fragments.get(selection.name.value) : selection;
        const condition = fragment?.typeCondition?.name.value ?? type;
        if (fragment !== undefined && condition === type) collect(fragment.selectionSet);
      }
    };
    sets.forEach(collect);
    return fields;
  }

  private isIncluded(node: SelectionNode): boolean {
    const skip = getDirectiveValues(GraphQLSkipDirective, node, this.variables);
    const include = getDirectiveValues(GraphQLIncludeDirective, node, this.variables);
    return skip?.['if'] !== true && include?.['if'] !== false;
  }
}

const setsOf = (nodes: readonly FieldNode[]): readonly SelectionSetNode[] =>
  nodes.flatMap(({ selectionSet }) => selectionSet ?? []);

/** The object type under lists and non-nulls. */
function objectOf(type: GraphQLOutputType): GraphQLObjectType {
  if (isListType(type) || isNonNullType(type)) return objectOf(type.ofType);
  if (!isObjectType(type)) throw new Error(`${String(type)} is no object type`);
  return type;
}

/** The field a group selects; undefined for `__typename`. */
const fieldOf = (type: GraphQLObjectType, [node]: readonly FieldNode[]): GraphQLField<unknown, unknown> | undefined =>
  type.getFields()[node?.name.value ?? ''];

const listWriter =
  (write: Write): Write =>
  (value) => {
    const texts: string[] = [];
    for (const each of value as Iterable<unknown>) texts.push(write(each));
    return `[${texts.join()}]`;
  };
