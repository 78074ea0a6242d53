import { Kind, print } from 'graphql';
import type { FieldNode, FragmentDefinitionNode, SelectionSetNode } from 'graphql';

/** The query around a field: its fragments, and the values of its variables. */
export interface QueryParts {
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode | undefined>>;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Whether @skip and @include let a selection be. */
function isIncluded(
  selection: { readonly directives?: FieldNode['directives'] },
  variables: QueryParts['variables'],
): boolean {
  return (selection.directives ?? []).every((directive) => {
    const argument = directive.arguments?.find((one) => one.name.value === 'if')?.value;
    const given =
      argument?.kind === Kind.VARIABLE
        ? variables[argument.name.value]
        : argument?.kind === Kind.BOOLEAN
          ? argument.value
          : undefined;
    if (directive.name.value === 'skip') return given !== true;
    return directive.name.value !== 'include' || given === true;
  });
}

/**
 * `ctx.info.selectionSetList`: the paths of the selected fields, aliases instead of names, fragments on the field's type
 * (or without a type) opened.
 * @param nodes the nodes of the field.
 * @param typeName the field's own type; fragments on other types are left out, as AppSync does.
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/resolver-context-reference-js.html
 */
export function selectionSetList(nodes: readonly FieldNode[], typeName: string, query: QueryParts): string[] {
  const paths = new Set<string>();
  const add = (set: SelectionSetNode | undefined, prefix: string, type: string | undefined): void => {
    for (const selection of set?.selections ?? []) {
      if (!isIncluded(selection, query.variables)) continue;
      if (selection.kind === Kind.FIELD) {
        const path = prefix + (selection.alias ?? selection.name).value;
        paths.add(path);
        add(selection.selectionSet, `${path}/`, undefined);
      } else {
        const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? query.fragments[selection.name.value] : selection;
        const on = fragment?.typeCondition?.name.value;
        if (type === undefined || on === undefined || on === type) add(fragment?.selectionSet, prefix, type);
      }
    }
  };
  for (const node of nodes) add(node.selectionSet, '', typeName);
  return [...paths];
}

/** `selectionSetList` as JSON text. Documents are remembered, and so are the texts of what no directive makes different. */
export function selectionSetListText(nodes: readonly FieldNode[], typeName: string, query: QueryParts): string {
  const [node, another] = nodes;
  const set = another === undefined ? node?.selectionSet : undefined;
  const known = set && listTexts.get(set);
  if (known !== undefined) return known;
  const text = JSON.stringify(selectionSetList(nodes, typeName, query));
  if (set !== undefined && isAlwaysSame(set, query.fragments)) listTexts.set(set, text);
  return text;
}

const listTexts = new WeakMap<SelectionSetNode, string>();

/** Whether no directive stands in a set or in the fragments it leads to; valid fragments are in no cycle. */
const isAlwaysSame = ({ selections }: SelectionSetNode, fragments: QueryParts['fragments']): boolean =>
  selections.every((selection) => {
    const inside = selection.kind === Kind.FRAGMENT_SPREAD ? fragments[selection.name.value] : selection;
    const set = inside?.selectionSet;
    return (selection.directives ?? []).length === 0 && (set === undefined || isAlwaysSame(set, fragments));
  });

/** `ctx.info.selectionSetGraphQL`: the field's selection set as text; empty for a field without one. */
export const selectionSetGraphQL = (nodes: readonly FieldNode[]): string =>
  nodes.map(({ selectionSet }) => (selectionSet === undefined ? '' : printed(selectionSet))).join('\n');

/** Documents are remembered, and so are the texts of their selections. */
const texts = new WeakMap<SelectionSetNode, string>();

function printed(set: SelectionSetNode): string {
  let text = texts.get(set);
  if (text === undefined) texts.set(set, (text = print(set)));
  return text;
}

/**
 * The part of `data` of an error that the query selected, as AppSync filters it.
 * @param data what util.error was given.
 * @param nodes the nodes of the field.
 */
export function selectedData(data: unknown, nodes: readonly FieldNode[], query: QueryParts): unknown {
  const sets = nodes.map((node) => node.selectionSet).filter((set) => set !== undefined);
  return sets.length === 0 ? data : pick(data, sets, query);
}

function pick(data: unknown, sets: readonly SelectionSetNode[], query: QueryParts): unknown {
  if (Array.isArray(data)) return data.map((one) => pick(one, sets, query));
  if (typeof data !== 'object' || data === null) return data ?? null;
  const picked: Record<string, unknown> = {};
  const add = (set: SelectionSetNode): void => {
    for (const selection of set.selections) {
      if (!isIncluded(selection, query.variables)) continue;
      if (selection.kind === Kind.FIELD) {
        const value = (data as Readonly<Record<string, unknown>>)[selection.name.value] ?? null;
        const name = (selection.alias ?? selection.name).value;
        picked[name] = selection.selectionSet === undefined ? value : pick(value, [selection.selectionSet], query);
      } else {
        const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? query.fragments[selection.name.value] : selection;
        if (fragment !== undefined) add(fragment.selectionSet);
      }
    }
  };
  sets.forEach(add);
  return picked;
}
