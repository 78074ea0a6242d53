import { compilerOf, type OtherEngine } from '../../fhir/check-invariants.js';
import type { FhirDefinitions } from '../../fhir/definitions.js';
import { type FhirNode, newBudget, resourceNode, truthOf } from '../../fhir/fhirpath/node.js';
import type { Invariant } from '../../fhir/invariant.js';
import { itemsOf } from '../../fhir/profile/items.js';

/** An invariant on a value about which the compiler and fhirpath.js disagree. */
export interface InvariantDifference {
  readonly key: string;
  readonly type: string;
  readonly compiled: unknown;
  readonly expected: unknown;
}

/** What fhirpath.js does not do offline: it fetches what references point at, and has no check of narrative. */
const notOffline = /resolve\(\)|htmlchecks\(\)/i;

/**
 * Evaluates all invariants of the definitions on a resource, by the compiler and by fhirpath.js.
 * @param library as `libraryEngine` gives it.
 * @returns where they differ, and how many were compared.
 */
export function compareInvariants(
  definitions: FhirDefinitions,
  library: OtherEngine,
  value: unknown,
): { readonly compared: number; readonly differences: InvariantDifference[] } {
  const { structures, invariants } = definitions;
  const differences: InvariantDifference[] = [];
  let compared = 0;

  const compare = ({ key, expression }: Invariant, context: FhirNode, owner: Owner): void => {
    if (notOffline.test(expression)) return;
    const around = { ...owner, context, budget: newBudget() };
    const compiled = compilerOf(definitions)(expression);
    if (compiled === undefined) throw new Error(`${key} is not covered: ${expression}`);
    compared += 1;
    const found = attempt(() => truthOf(compiled([context], around)));
    const expected = attempt(() => library(expression, around));
    if (found !== expected) differences.push({ key, type: context.type, compiled: found, expected });
  };

  const visit = (node: FhirNode, owner: Owner): void => {
    for (const invariant of invariants.ofType(node.type)) compare(invariant, node, owner);
    for (const { name } of structures.elements(node.type)) {
      for (const { node: child } of itemsOf(structures, node, name)) {
        for (const invariant of invariants.ofElement(`${node.type}.${name}`)) compare(invariant, child, owner);
        if (structures.isResourceType(child.type)) {
          visit(child, { resource: child, root: name === 'contained' ? owner.root : child });
        } else if (typeof child.value === 'object' && child.sibling === undefined && !isNumber(child)) {
          visit(child, owner);
        }
      }
    }
  };
  const node = resourceNode(structures, value);
  if (node !== undefined) visit(node, { resource: node, root: node });
  return { compared, differences };
}

interface Owner {
  readonly resource: FhirNode;
  readonly root: FhirNode;
}

const isNumber = ({ type }: FhirNode): boolean => type === 'decimal';

const attempt = (evaluate: () => boolean | undefined): unknown => {
  try {
    return evaluate();
  } catch {
    return 'an error';
  }
};
