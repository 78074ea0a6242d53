import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionSetNode,
} from 'graphql';
import { fragmentsOf } from './fragments.js';

/** How an operation asks about the schema. */
const roots: ReadonlySet<string> = new Set(['__schema', '__type']);

/** The lists of a schema and of its types: a second one, beside the first or inside it, would be the schema once more. */
const lists: ReadonlySet<string> = new Set([
  'types',
  'fields',
  'inputFields',
  'interfaces',
  'possibleTypes',
  'enumValues',
]);

/** The fields selected, fragments put in: each once by its name in the answer, as executing merges them. */
class Selected {
  private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;

  constructor(document: DocumentNode) {
    this.fragments = fragmentsOf(document);
  }

  of(sets: readonly SelectionSetNode[]): ReadonlyMap<string, readonly FieldNode[]> {
    const fields = new Map<string, FieldNode[]>();
    const seen = new Set<string>();
    const collect = (set: SelectionSetNode): void => {
      for (const selection of set.selections) {
        if (selection.kind === Kind.FIELD) {
          const key = (selection.alias ?? selection.name).value;
          const group = fields.get(key);
          if (group === undefined) fields.set(key, [selection]);
          else group.push(selection);
        } else if (selection.kind === Kind.INLINE_FRAGMENT) collect(selection.selectionSet);
        else if (!seen.has(selection.name.value)) {
          seen.add(selection.name.value);
          const fragment = this.fragments.get(selection.name.value);
          if (fragment !== undefined) collect(fragment.selectionSet);
        }
      }
    };
    sets.forEach(collect);
    return fields;
  }
}

/**
 * An error when an operation asks for the schema many times over: a schema refers to itself, so that a short query may
 * ask for more than memory holds. It may ask for each list of a schema and of types once, and without aliases; the standard
 * introspection query does. graphql-java's rule, and stricter about aliases.
 * @param document valid: fragments are there and in no cycle.
 * @see https://javadoc.io/doc/com.graphql-java/graphql-java/latest/graphql/introspection/GoodFaithIntrospection.html
 */
export function introspectionError(
  document: DocumentNode,
  { selectionSet }: OperationDefinitionNode,
): GraphQLError | undefined {
  const selected = new Selected(document);
  const asked = [...selected.of([selectionSet]).values()].filter(([first]) => roots.has(first?.name.value ?? ''));
  const counted = new Set<string>();
  const wrong = (node: FieldNode): string | undefined => {
    const { value: name } = node.name;
    if (roots.has(name)) return undefined;
    if (node.alias !== undefined) return `Introspection of "${name}" is possible without an alias only.`;
    if (!lists.has(name)) return undefined;
    if (counted.has(name)) return `Introspection of "${name}" is possible once in an operation only.`;
    counted.add(name);
    return undefined;
  };
  let level = asked;
  while (level.length > 0) {
    for (const [first] of level) {
      const message = first === undefined ? undefined : wrong(first);
      if (message !== undefined) return new GraphQLError(message, { nodes: first ?? null });
    }
    level = level.flatMap((group) => [...selected.of(group.flatMap(({ selectionSet: set }) => set ?? [])).values()]);
  }
  return undefined;
}

/**
 * Whether an operation asks about the schema and nothing else.
 * @param document valid: fragments are there and in no cycle.
 */
export function isIntrospection(document: DocumentNode, operation: OperationDefinitionNode): boolean {
  let is = introspections.get(operation);
  if (is === undefined) introspections.set(operation, (is = asksAboutSchema(document, operation)));
  return is;
}

/** Documents are remembered, and so is what their operations are about. */
const introspections = new WeakMap<OperationDefinitionNode, boolean>();

function asksAboutSchema(document: DocumentNode, { operation, selectionSet }: OperationDefinitionNode): boolean {
  const names = [...new Selected(document).of([selectionSet]).values()].map(([first]) => first?.name.value ?? '');
  const isAbout = (name: string): boolean => roots.has(name);
  return (
    operation === OperationTypeNode.QUERY &&
    names.some(isAbout) &&
    names.every((name) => isAbout(name) || name === '__typename')
  );
}
