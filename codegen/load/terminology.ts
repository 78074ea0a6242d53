import type {
  CodeSystem,
  ConceptDefinition,
  ConceptProperty,
  Designation,
} from '../../fhir/terminology/code-system.js';
import type { ConceptSet, ValueSet } from '../../fhir/terminology/value-set.js';
import { child, children, requiredText, text, texts, type DefinitionNode } from './node.js';

const byUrl = (a: { readonly url?: string }, b: { readonly url?: string }): number =>
  (a.url ?? '') < (b.url ?? '') ? -1 : 1;

/** Elements that are left out when they are not there. */
const optional = (node: DefinitionNode, ...names: string[]): Record<string, string> =>
  Object.fromEntries(
    names.flatMap((name) => [text(node, name)].flatMap((value) => (value === undefined ? [] : [[name, value]]))),
  );

const list = (name: string, items: readonly unknown[]): object => (items.length === 0 ? {} : { [name]: items });

function designationOf(node: DefinitionNode): Designation {
  const use = child(node, 'use');
  return {
    ...optional(node, 'language'),
    ...(use === undefined ? {} : { use: optional(use, 'system', 'code', 'display') }),
    value: requiredText(node, 'value'),
  };
}

function propertyOf(node: DefinitionNode): ConceptProperty {
  const value = node.children.find(({ name }) => name.startsWith('value'));
  if (value?.value === undefined) throw new Error(`The property ${text(node, 'code') ?? ''} has no simple value`);
  const json = value.name === 'valueBoolean' ? value.value === 'true' : value.value;
  return { code: requiredText(node, 'code'), [value.name]: json };
}

/** STU3 tells a second parent by this modifier extension, R4 by the property `child`. */
const subsumes = 'http://hl7.org/fhir/StructureDefinition/codesystem-subsumes';

function conceptOf(node: DefinitionNode): ConceptDefinition {
  const second = children(node, 'modifierExtension').map((extension): ConceptProperty => {
    if (extension.attributes['url'] !== subsumes) throw new Error('A concept has an unknown modifier extension');
    return { code: 'child', valueCode: requiredText(extension, 'valueCode') };
  });
  return {
    code: requiredText(node, 'code'),
    ...optional(node, 'display', 'definition'),
    ...list('designation', children(node, 'designation').map(designationOf)),
    ...list('property', [...children(node, 'property').map(propertyOf), ...second]),
    ...list('concept', children(node, 'concept').map(conceptOf)),
  };
}

/** Reads the CodeSystems, sorted by URL. */
export const codeSystemsOf = (resources: readonly DefinitionNode[]): CodeSystem[] =>
  resources
    .filter(({ name }) => name === 'CodeSystem')
    .map((node): CodeSystem => {
      const caseSensitive = text(node, 'caseSensitive');
      return {
        resourceType: 'CodeSystem',
        url: requiredText(node, 'url'),
        ...optional(
          node,
          'version',
          'name',
          'title',
          'status',
          'content',
          'hierarchyMeaning',
          'valueSet',
          'supplements',
        ),
        ...(caseSensitive === undefined ? {} : { caseSensitive: caseSensitive === 'true' }),
        ...list(
          'property',
          children(node, 'property').map((each) => ({
            code: requiredText(each, 'code'),
            type: requiredText(each, 'type'),
          })),
        ),
        ...list('concept', children(node, 'concept').map(conceptOf)),
      };
    })
    .sort(byUrl);

const conceptSetOf = (node: DefinitionNode): ConceptSet => ({
  ...optional(node, 'system', 'version'),
  ...list(
    'concept',
    children(node, 'concept').map((concept) => ({
      code: requiredText(concept, 'code'),
      ...optional(concept, 'display'),
      ...list('designation', children(concept, 'designation').map(designationOf)),
    })),
  ),
  ...list(
    'filter',
    children(node, 'filter').map((filter) => ({
      property: requiredText(filter, 'property'),
      op: requiredText(filter, 'op'),
      value: requiredText(filter, 'value'),
    })),
  ),
  ...list('valueSet', texts(node, 'valueSet')),
});

/** Reads the ValueSets, sorted by URL. */
export const valueSetsOf = (resources: readonly DefinitionNode[]): ValueSet[] =>
  resources
    .filter(({ name }) => name === 'ValueSet')
    .map((node): ValueSet => {
      const compose = child(node, 'compose');
      const inactive = text(compose, 'inactive');
      return {
        resourceType: 'ValueSet',
        url: requiredText(node, 'url'),
        ...optional(node, 'version', 'name', 'title', 'status'),
        compose: {
          ...(inactive === undefined ? {} : { inactive: inactive === 'true' }),
          ...list('include', children(compose, 'include').map(conceptSetOf)),
          ...list('exclude', children(compose, 'exclude').map(conceptSetOf)),
        },
      };
    })
    .sort(byUrl);
