import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  type InlineFragmentNode,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
  parseType,
  parseValue,
  print,
  type SelectionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';

// Changes to a query that are made by clicking. Comments are lost by them, as in every explorer of GraphQL.

/** A place in an operation: names of fields, and `... on Type` for fragments, from the root on. */
export type QueryPath = readonly string[];

/** The kinds of operations, by their names in a document. */
export type OperationKind = 'query' | 'mutation' | 'subscription';

const kinds: Readonly<Record<OperationKind, OperationTypeNode>> = {
  query: OperationTypeNode.QUERY,
  mutation: OperationTypeNode.MUTATION,
  subscription: OperationTypeNode.SUBSCRIPTION,
};

const fragmentMark = '... on ';

/** The step into a fragment on a type. */
export const fragmentStep = (type: string): string => `${fragmentMark}${type}`;

/** The kind of an operation, by its name. */
export const kindOf = ({ operation }: OperationDefinitionNode): OperationKind => operation;

/** The operations of a text; undefined while it has a mistake. */
export function operationsOf(text: string): readonly OperationDefinitionNode[] | undefined {
  if (text.trim() === '') return [];
  try {
    return parse(text, { noLocation: true }).definitions.filter((each) => each.kind === Kind.OPERATION_DEFINITION);
  } catch {
    return undefined;
  }
}

/** The type that the fields at the root of an operation are of. */
export const rootOf = (schema: GraphQLSchema, kind: OperationKind): GraphQLObjectType | undefined =>
  schema.getRootType(kinds[kind]) ?? undefined;

const isStep = (node: SelectionNode, step: string): node is FieldNode | InlineFragmentNode =>
  node.kind === Kind.FIELD
    ? node.name.value === step
    : node.kind === Kind.INLINE_FRAGMENT && fragmentStep(node.typeCondition?.name.value ?? '') === step;

/** What is selected at a step of a selection; the first one, where it stands several times. */
export const selectedAt = (
  set: SelectionSetNode | undefined,
  step: string,
): FieldNode | InlineFragmentNode | undefined =>
  set?.selections.find((node): node is FieldNode | InlineFragmentNode => isStep(node, step));

const setOf = (selections: readonly SelectionNode[]): SelectionSetNode => ({
  kind: Kind.SELECTION_SET,
  selections: [...selections],
});

/** A field or a fragment, with something inside where it needs something: its id, or the first value it has. */
function nodeOf(step: string, type: GraphQLNamedType | undefined): FieldNode | InlineFragmentNode {
  const inside = type === undefined || isLeafType(type) ? undefined : firstOf(type);
  if (step.startsWith(fragmentMark)) {
    const name = { kind: Kind.NAME, value: step.slice(fragmentMark.length) } as const;
    return {
      kind: Kind.INLINE_FRAGMENT,
      typeCondition: { kind: Kind.NAMED_TYPE, name },
      selectionSet: inside ?? setOf([field('__typename')]),
    };
  }
  return { ...field(step), ...(inside === undefined ? {} : { selectionSet: inside }) };
}

const field = (name: string): FieldNode => ({ kind: Kind.FIELD, name: { kind: Kind.NAME, value: name } });

function firstOf(type: GraphQLNamedType): SelectionSetNode {
  const fields = isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : [];
  const leaves = fields.filter((each) => isLeafType(getNamedType(each.type)));
  const found = leaves.find(({ name }) => name === 'id') ?? leaves[0];
  return setOf([field(found?.name ?? '__typename')]);
}

/** Changes what is selected at a path; what is not there on the way to it is added. */
function changedAt(
  set: SelectionSetNode | undefined,
  path: QueryPath,
  change: (found: FieldNode | InlineFragmentNode | undefined) => SelectionNode | undefined,
): SelectionSetNode {
  const [step = '', ...rest] = path;
  const selections = set?.selections ?? [];
  const found = selectedAt(set, step);
  const next =
    rest.length === 0
      ? change(found)
      : { ...(found ?? nodeOf(step, undefined)), selectionSet: changedAt(found?.selectionSet, rest, change) };
  if (found === undefined) return setOf(next === undefined ? selections : [...selections, next]);
  return setOf(selections.flatMap((node) => (node === found ? (next === undefined ? [] : [next]) : [node])));
}

/** Changes one operation of a text; without an operation one of the kind is begun. */
function changedOperation(
  text: string,
  place: number,
  kind: OperationKind,
  change: (operation: OperationDefinitionNode) => OperationDefinitionNode,
): string {
  const document: DocumentNode =
    text.trim() === '' ? { kind: Kind.DOCUMENT, definitions: [] } : parse(text, { noLocation: true });
  const operations = document.definitions.filter((each) => each.kind === Kind.OPERATION_DEFINITION);
  const found = operations[place];
  const blank: OperationDefinitionNode = {
    kind: Kind.OPERATION_DEFINITION,
    operation: kinds[kind],
    selectionSet: setOf([]),
  };
  const definitions =
    found === undefined
      ? [...document.definitions, change(blank)]
      : document.definitions.map((each) => (each === found ? change(found) : each));
  return `${print({ ...document, definitions }).trim()}\n`;
}

/**
 * Selects what is not selected, and the other way round.
 * @param place of the operation in the text.
 * @param type what the field gives; of an object something is selected inside.
 * @returns the text with the change.
 */
export const toggled = (
  text: string,
  place: number,
  kind: OperationKind,
  path: QueryPath,
  type: GraphQLNamedType | undefined,
): string =>
  changedOperation(text, place, kind, (operation) => ({
    ...operation,
    selectionSet: changedAt(operation.selectionSet, path, (found) =>
      found === undefined ? nodeOf(path.at(-1) ?? '', type) : undefined,
    ),
  }));

/**
 * The value of an argument as somebody typed it: quotes are not needed around texts, `$name` is a variable.
 * @returns undefined for what cannot be a value of the type.
 */
export function valueOf(type: GraphQLInputType, typed: string): ValueNode | undefined {
  const text = typed.trim();
  const literal = (): ValueNode | undefined => {
    try {
      return parseValue(text, { noLocation: true });
    } catch {
      return undefined;
    }
  };
  if (/^\$[A-Za-z_]\w*$/.test(text)) return { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: text.slice(1) } };
  const bare = isNonNullType(type) ? type.ofType : type;
  if (isListType(bare) && text.startsWith('[')) return literal();
  const named = getNamedType(bare);
  if (isEnumType(named) || isInputObjectType(named)) return literal();
  if (text.startsWith('"')) return literal() ?? { kind: Kind.STRING, value: text };
  const plain = ['Int', 'Float', 'Boolean'].includes(named.name) ? literal() : undefined;
  return plain ?? { kind: Kind.STRING, value: text };
}

/** A value as somebody would type it. */
export const typedOf = (value: ValueNode): string => (value.kind === Kind.STRING ? value.value : print(value));

/**
 * Sets an argument of a field, or takes it away when nothing was typed. A variable that the operation does not declare
 * yet is declared.
 * @returns the text with the change; as it was, when what was typed is no value of the type.
 */
export function withArgument(
  text: string,
  place: number,
  kind: OperationKind,
  path: QueryPath,
  argument: { readonly name: string; readonly type: GraphQLInputType },
  typed: string,
): string {
  const value = typed.trim() === '' ? undefined : valueOf(argument.type, typed);
  if (value === undefined && typed.trim() !== '') return text;
  return changedOperation(text, place, kind, (operation) => {
    const selectionSet = changedAt(operation.selectionSet, path, (found) => {
      if (found?.kind !== Kind.FIELD) return found;
      const others = (found.arguments ?? []).filter(({ name }) => name.value !== argument.name);
      const next: ArgumentNode[] =
        value === undefined ? [] : [{ kind: Kind.ARGUMENT, name: { kind: Kind.NAME, value: argument.name }, value }];
      return { ...found, arguments: [...others, ...next] };
    });
    const declared = operation.variableDefinitions ?? [];
    const isNew =
      value?.kind === Kind.VARIABLE && !declared.some(({ variable }) => variable.name.value === value.name.value);
    return {
      ...operation,
      selectionSet,
      variableDefinitions: isNew
        ? [
            ...declared,
            {
              kind: Kind.VARIABLE_DEFINITION,
              variable: value,
              type: parseType(String(argument.type), { noLocation: true }),
            },
          ]
        : declared,
    };
  });
}

/** The text laid out as GraphQL is usually; as it is, while it has a mistake. */
export function tidied(text: string): string {
  try {
    return `${print(parse(text, { noLocation: true })).trim()}\n`;
  } catch {
    return text;
  }
}

/** The types that a fragment inside a type may be on; none inside an object. */
export const fragmentTypes = (schema: GraphQLSchema, type: GraphQLNamedType): readonly string[] =>
  isAbstractType(type)
    ? schema
        .getPossibleTypes(type)
        .map(({ name }) => name)
        .toSorted()
    : [];
