import type { SourceDefinitions } from '../../codegen/definitions.js';
import { correctedSearchParameters } from '../../codegen/search/errata.js';
import type { PairExpressions } from './extraction-oracle.js';

/**
 * The expressions of a version's search parameters.
 * @param source the definitions.
 * @param resourceTypes the types wanted.
 * @returns by `<type>.<code>`; parameters without an expression are left out.
 */
export function pairExpressions(
  source: SourceDefinitions,
  resourceTypes: readonly string[],
): Record<string, PairExpressions> {
  const bases = new Map(source.structures.map(({ name, base }) => [name, base]));
  const pairs: Record<string, PairExpressions> = {};
  for (const { code, base, expression, component } of correctedSearchParameters(source)) {
    if (expression === undefined) continue;
    for (const type of resourceTypes) {
      for (let name: string | undefined = type; name !== undefined; name = bases.get(name)) {
        if (base.includes(name)) {
          pairs[`${type}.${code}`] = { expression, components: component.map((each) => each.expression) };
        }
      }
    }
  }
  return pairs;
}
