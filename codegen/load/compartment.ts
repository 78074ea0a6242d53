import type { CompartmentSource } from '../definitions.js';
import { children, requiredText, texts, type DefinitionNode } from './node.js';

const names = ['Device', 'Encounter', 'Patient', 'Practitioner', 'RelatedPerson'];
const urlOf = (name: string): string => `http://hl7.org/fhir/CompartmentDefinition/${name}`.toLowerCase();

/**
 * Reads the CompartmentDefinitions; the specification's example of one is no compartment.
 * @returns the compartments, sorted by name; `{def}`, the compartment's own resource, is no parameter.
 */
export const compartmentsOf = (resources: readonly DefinitionNode[]): CompartmentSource[] =>
  resources
    .filter(({ name }) => name === 'CompartmentDefinition')
    .filter((compartment) => names.some((name) => requiredText(compartment, 'url').toLowerCase() === urlOf(name)))
    .map((compartment) => ({
      name: requiredText(compartment, 'code'),
      resources: children(compartment, 'resource').map((resource) => ({
        type: requiredText(resource, 'code'),
        parameters: texts(resource, 'param').filter((parameter) => !parameter.startsWith('{')),
      })),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
