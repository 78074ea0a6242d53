import { parseReference } from './reference.js';
import { keyText, type Resource } from './resource.js';
import type { SearchParameterTable } from './search-parameter.js';

/** The compartments' definitions of one FHIR version. https://hl7.org/fhir/R4/compartmentdefinition.html */
export interface CompartmentTable {
  /** The compartments' names: Patient, Encounter, RelatedPerson, Practitioner, Device. */
  readonly names: readonly string[];
  /**
   * The codes of the reference parameters by which resources of `type` are in a compartment;
   * empty when the type is never in it. The compartment's own resource is in it without a parameter.
   */
  parameters(compartment: string, type: string): readonly string[];
}

/** What decides which compartments a resource is in. */
export interface CompartmentDefinitions {
  readonly compartments: CompartmentTable;
  readonly searchParameters: SearchParameterTable;
}

/** By compartment, then type: the codes of the parameters. */
export type GeneratedCompartments = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/**
 * Makes the compartments of a version from its generated code.
 * @param generated `compartments` of `generated/<version>/compartments.js`.
 * @returns the table.
 */
export function compartmentTable(generated: GeneratedCompartments): CompartmentTable {
  const compartments = new Map(
    Object.entries(generated).map(([name, types]) => [name, new Map(Object.entries(types))] as const),
  );
  return {
    names: [...compartments.keys()],
    parameters: (compartment, type) => compartments.get(compartment)?.get(type) ?? [],
  };
}

/**
 * The compartments a resource is in: its own, when its type is a compartment, and those of the resources it refers to
 * by the compartments' parameters. https://hl7.org/fhir/R4/compartmentdefinition.html
 * @param definitions the version's compartments and search parameters.
 * @param resource the resource.
 * @param bases the server's own base URLs, such as `https://host/r4`: absolute references below them count too; `every`
 * counts those below any.
 * @returns `Patient/1`, …; sorted, each once. References into a contained resource or to other servers are in none.
 */
export function compartmentsOf(
  definitions: CompartmentDefinitions,
  resource: Resource,
  bases: readonly string[] | 'every' = [],
): string[] {
  const { compartments, searchParameters } = definitions;
  const type = resource.resourceType;
  const found = new Set<string>();
  for (const compartment of compartments.names) {
    if (type === compartment && resource.id !== undefined) found.add(keyText({ type, id: resource.id }));
    for (const code of compartments.parameters(compartment, type)) {
      for (const { value } of searchParameters.find(type, code)?.extract(resource) ?? []) {
        const text = (value as { reference?: unknown }).reference;
        if (typeof text !== 'string') continue;
        const target = parseReference(text);
        const isOurs =
          target.kind === 'relative' ||
          (target.kind === 'absolute' && (bases === 'every' || bases.includes(target.base)));
        if (isOurs && target.type === compartment) found.add(keyText(target));
      }
    }
  }
  return [...found].sort();
}
