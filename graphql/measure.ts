import { type FieldNode, Kind, type OperationDefinitionNode, type SelectionSetNode } from 'graphql';
import { tooCostly } from '../fhir/outcome.js';
import { GraphqlRefusal, mistakeAt } from './failure.js';
import type { GraphqlLimits } from './limits.js';
import type { Operation } from './request.js';

/** The size of a selection, fragments counted wherever they are used. */
interface Size {
  readonly depth: number;
  readonly fields: number;
  readonly aliases: number;
}

const none: Size = { depth: 0, fields: 0, aliases: 0 };

/**
 * Refuses an operation that is larger than allowed, before anything else is made of it. Each fragment is measured once.
 * @throws OperationOutcomeError 413 naming the limit; GraphqlRefusal for fragments that are not there or in a cycle.
 */
export function requireWithin(operation: Operation, limits: GraphqlLimits): void {
  const size = sizeOf(operation);
  for (const name of ['depth', 'fields', 'aliases'] as const) {
    if (size[name] <= limits[name]) continue;
    const what = { depth: 'levels of fields', fields: 'fields', aliases: 'aliases' }[name];
    throw tooCostly(`The query has ${String(size[name])} ${what}; ${String(limits[name])} are allowed`);
  }
}

/** Documents are remembered, and so are the sizes of their operations. */
const sizes = new WeakMap<OperationDefinitionNode, Size>();

/**
 * Measures an operation. Each fragment is measured once.
 * @throws GraphqlRefusal for fragments that are not there or contain themselves.
 */
export function sizeOf({ definition, fragments }: Pick<Operation, 'definition' | 'fragments'>): Size {
  let size = sizes.get(definition);
  if (size === undefined) sizes.set(definition, (size = measured(definition, fragments)));
  return size;
}

function measured(definition: OperationDefinitionNode, fragments: Operation['fragments']): Size {
  const measured = new Map<string, Size>();
  const under = new Set<string>();
  const ofFragment = (name: string, node: Parameters<typeof mistakeAt>[2] & object): Size => {
    const known = measured.get(name);
    if (known !== undefined) return known;
    const fragment = fragments.get(name);
    if (fragment === undefined) throw new GraphqlRefusal([mistakeAt(`There is no fragment ${name}`, [], node)]);
    if (under.has(name)) throw new GraphqlRefusal([mistakeAt(`The fragment ${name} contains itself`, [], node)]);
    under.add(name);
    const size = ofSet(fragment.selectionSet);
    under.delete(name);
    measured.set(name, size);
    return size;
  };
  const ofField = (field: FieldNode): Size => {
    const inside = field.selectionSet === undefined ? none : ofSet(field.selectionSet);
    return {
      depth: inside.depth + 1,
      fields: inside.fields + 1,
      aliases: inside.aliases + (field.alias === undefined ? 0 : 1),
    };
  };
  const ofSet = (set: SelectionSetNode): Size =>
    set.selections.reduce((sum, selection) => {
      const size =
        selection.kind === Kind.FIELD
          ? ofField(selection)
          : selection.kind === Kind.INLINE_FRAGMENT
            ? ofSet(selection.selectionSet)
            : ofFragment(selection.name.value, [selection]);
      return {
        depth: Math.max(sum.depth, size.depth),
        fields: sum.fields + size.fields,
        aliases: sum.aliases + size.aliases,
      };
    }, none);
  return ofSet(definition.selectionSet);
}
