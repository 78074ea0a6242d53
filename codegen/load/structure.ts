import type { ElementDefinition, Structure } from '../definitions.js';
import { child, children, extensionValue, requiredText, text, texts, type DefinitionNode } from './node.js';

const kinds = ['primitive-type', 'complex-type', 'resource'] as const;

/**
 * The types an element of any type may have in STU3, which its definitions only call `*`.
 * http://hl7.org/fhir/STU3/datatypes.html#open
 */
const openTypes = (
  'base64Binary boolean code date dateTime decimal id instant integer markdown oid positiveInt string time ' +
  'unsignedInt uri Address Age Annotation Attachment CodeableConcept Coding ContactPoint Count Distance Duration ' +
  'HumanName Identifier Meta Money Period Quantity Range Ratio Reference SampledData Signature Timing'
).split(' ');

const lastSegment = (url: string): string => url.slice(url.lastIndexOf('/') + 1);
const unversioned = (canonical: string): string => canonical.replace(/\|.*$/, '');

/** STU3 repeats a type per profile it may have; here a type stands once, with all its targets. */
const typesOf = (element: DefinitionNode, structure: DefinitionNode): ElementDefinition['types'] => {
  const path = requiredText(element, 'path');
  const types = new Map<string, string[]>();
  for (const type of children(element, 'type')) {
    let code = extensionValue(type, 'structuredefinition-fhir-type') ?? text(type, 'code');
    // The value of a primitive has no FHIR type of its own.
    if (code === undefined || (path === `${requiredText(structure, 'type')}.value` && isPrimitive(structure))) continue;
    if (code === 'http://hl7.org/fhirpath/System.String') code = 'string';
    // R4 gives Resource.id as a string; its text and its pattern are those of an id, as in STU3.
    if (text(structure, 'kind') === 'resource' && path === `${requiredText(structure, 'type')}.id`) code = 'id';
    const targets = texts(type, 'targetProfile').map(lastSegment);
    for (const each of code === '*' ? openTypes : [code]) types.set(each, [...(types.get(each) ?? []), ...targets]);
  }
  return [...types].map(([code, targets]) => ({ code, targets }));
};

const isPrimitive = (structure: DefinitionNode): boolean => text(structure, 'kind') === 'primitive-type';

const bindingOf = (element: DefinitionNode): Pick<ElementDefinition, 'binding'> => {
  const binding = child(element, 'binding');
  if (binding === undefined) return {};
  const valueSet =
    text(binding, 'valueSet') ?? text(binding, 'valueSetUri') ?? text(child(binding, 'valueSetReference'), 'reference');
  return {
    binding: {
      strength: requiredText(binding, 'strength'),
      ...(valueSet === undefined ? {} : { valueSet: unversioned(valueSet) }),
    },
  };
};

const elementOf = (element: DefinitionNode, structure: DefinitionNode): ElementDefinition => {
  const contentReference = text(element, 'contentReference');
  return {
    id: element.attributes['id'] ?? requiredText(element, 'path'),
    path: requiredText(element, 'path'),
    min: Number(requiredText(element, 'min')),
    max: requiredText(element, 'max'),
    types: typesOf(element, structure),
    ...(contentReference === undefined ? {} : { contentReference: contentReference.replace(/^.*#/, '') }),
    ...bindingOf(element),
    constraints: children(element, 'constraint').map((constraint) => {
      const expression = text(constraint, 'expression');
      return {
        key: requiredText(constraint, 'key'),
        severity: requiredText(constraint, 'severity'),
        human: requiredText(constraint, 'human'),
        ...(expression === undefined ? {} : { expression }),
      };
    }),
    isSummary: text(element, 'isSummary') === 'true',
    isModifier: text(element, 'isModifier') === 'true',
  };
};

const patternOf = (structure: DefinitionNode): Pick<Structure, 'pattern'> => {
  if (!isPrimitive(structure)) return {};
  const value = children(child(structure, 'snapshot'), 'element').find((each) =>
    text(each, 'path')?.endsWith('.value'),
  );
  const type = child(value, 'type');
  const pattern = extensionValue(type, 'regex') ?? extensionValue(type, 'structuredefinition-regex');
  return pattern === undefined ? {} : { pattern };
};

/**
 * Reads a StructureDefinition.
 * @returns the base type it defines; undefined for a profile, an extension or a logical model.
 */
export function structureOf(structure: DefinitionNode): Structure | undefined {
  const kind = kinds.find((each) => each === text(structure, 'kind'));
  if (kind === undefined || text(structure, 'derivation') === 'constraint') return undefined;
  const base = text(structure, 'baseDefinition');
  return {
    name: requiredText(structure, 'name'),
    url: requiredText(structure, 'url'),
    kind,
    abstract: text(structure, 'abstract') === 'true',
    ...(base === undefined ? {} : { base: lastSegment(base) }),
    ...patternOf(structure),
    elements: children(child(structure, 'snapshot'), 'element').map((element) => elementOf(element, structure)),
  };
}
