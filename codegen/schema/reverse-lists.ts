import type { SourceDefinitions } from '../definitions.js';
import { argumentName, searchParametersOf } from './search-arguments.js';

/** The resources of `type` that refer to a `parent` by one of the reference parameters: a reverse list inside the parent. */
export interface ReverseList {
  readonly parent: string;
  readonly type: string;
  /** The parameters' GraphQL names, sorted: the values of the enum `<type>Of<parent>`. */
  readonly parameters: readonly string[];
}

/**
 * The reverse lists served: inside each compartment's type, of every type that can be in that compartment.
 * All reverse lists of all types would not fit AppSync's limit of 1,000,000 bytes.
 * @param source the definitions of one FHIR version.
 * @param resourceTypes the resource types served.
 * @returns by parent, then type. `parameters` are those that may refer to the parent, a superset of the compartment's.
 * @see https://hl7.org/fhir/R4/graphql.html#reverse
 */
export function reverseLists(source: SourceDefinitions, resourceTypes: readonly string[]): ReverseList[] {
  return source.compartments
    .filter(({ name }) => resourceTypes.includes(name))
    .flatMap(({ name: parent, resources }) =>
      resources
        .filter(({ type }) => resourceTypes.includes(type))
        .map(({ type, parameters }): ReverseList => {
          const references = searchParametersOf(source, type).filter(
            ({ code, type: kind, target }) =>
              kind === 'reference' && parameters.length > 0 && (target.includes(parent) || parameters.includes(code)),
          );
          return { parent, type, parameters: references.map(({ code }) => argumentName(code)) };
        })
        .filter(({ parameters }) => parameters.length > 0),
    )
    .sort((a, b) => (`${a.parent} ${a.type}` < `${b.parent} ${b.type}` ? -1 : 1));
}
