import { compilerOf } from './check-invariants.js';
import type { FhirDefinitions } from './definitions.js';
import type { ExtractedValue } from './extracted-value.js';
import type { Compiled } from './fhirpath/call.js';
import { EvaluationError, type FhirNode, newBudget, resourceNode } from './fhirpath/node.js';
import { type ImplementationGuide, objectsOf, textOf, textsOf, unversioned } from './guide.js';
import type { Resource } from './resource.js';
import type {
  CompositeComponent,
  SearchParameterDefinition,
  SearchParameterTable,
  SearchParameterType,
} from './search-parameter.js';

/** A search parameter of a guide that is not served, and why. */
export interface PassedOver {
  readonly url: string;
  readonly why: string;
}

/** Definitions with the search parameters of guides. */
export interface WithGuides {
  readonly definitions: FhirDefinitions;
  readonly passedOver: readonly PassedOver[];
}

const simple: readonly string[] = ['number', 'date', 'string', 'token', 'reference', 'quantity', 'uri'];

/** The type and code of a parameter, of the definitions or of a guide, by its URL. */
type ParameterFinder = (
  url: string,
  resourceTypes: readonly string[],
) => { readonly code: string; readonly type: SearchParameterType } | undefined;

/**
 * Adds the search parameters of implementation guides to a version's. A code that the base definitions have on a type
 * keeps their meaning: guides repeat those to say what they expect of them.
 * @param definitions of the version the guides are for.
 */
export function withGuideParameters(definitions: FhirDefinitions, guides: readonly ImplementationGuide[]): WithGuides {
  const base = definitions.searchParameters;
  const added = new Map<string, Map<string, SearchParameterDefinition>>();
  const passedOver: PassedOver[] = [];
  const parameters = guides.flatMap(({ searchParameters }) => searchParameters);
  const find = parameterFinder(definitions, parameters);
  for (const parameter of parameters) {
    const url = textOf(parameter, 'url') ?? '';
    const made = definitionOf(definitions, parameter, find);
    if (typeof made === 'string') passedOver.push({ url, why: made });
    else {
      for (const type of typesOf(definitions, parameter)) {
        if (base.find(type, made.code) !== undefined) continue;
        const ofType = added.get(type) ?? new Map<string, SearchParameterDefinition>();
        added.set(type, ofType.set(made.code, made));
      }
    }
  }
  return {
    definitions: { ...definitions, searchParameters: combined(base, added) },
    passedOver,
  };
}

const typesOf = ({ resourceTypes }: FhirDefinitions, parameter: Resource): readonly string[] => {
  const bases = textsOf(parameter, 'base');
  const isEvery = bases.includes('Resource') || bases.includes('DomainResource');
  return isEvery ? resourceTypes : resourceTypes.filter((type) => bases.includes(type));
};

function parameterFinder({ searchParameters }: FhirDefinitions, parameters: readonly Resource[]): ParameterFinder {
  const own = new Map(parameters.map((parameter) => [textOf(parameter, 'url') ?? '', parameter]));
  return (url, resourceTypes) => {
    const parameter = own.get(url);
    const code = parameter === undefined ? undefined : textOf(parameter, 'code');
    const type = parameter === undefined ? undefined : textOf(parameter, 'type');
    if (code !== undefined && type !== undefined) return { code, type: type as SearchParameterType };
    for (const each of resourceTypes) {
      const found = searchParameters.ofType(each).find((definition) => definition.url === url);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

function definitionOf(
  definitions: FhirDefinitions,
  parameter: Resource,
  find: ParameterFinder,
): SearchParameterDefinition | string {
  const code = textOf(parameter, 'code');
  const type = textOf(parameter, 'type') ?? '';
  const expression = textOf(parameter, 'expression');
  if (code === undefined || expression === undefined) return 'it has no code or no expression';
  if (type !== 'composite' && !simple.includes(type)) return `parameters of type ${type} are not served from a guide`;
  const compiled = compilerOf(definitions)(expression);
  if (compiled === undefined) return `its expression uses FHIRPath that is not covered: ${expression}`;
  const targets = textsOf(parameter, 'target').filter((target) => definitions.structures.isResourceType(target));
  const isReference = type === 'reference';
  const components = type === 'composite' ? componentsOf(definitions, parameter, find) : [];
  if (typeof components === 'string') return components;
  return {
    code,
    type: type as SearchParameterType,
    url: textOf(parameter, 'url') ?? '',
    targets: isReference && targets.length === 0 ? definitions.resourceTypes : targets,
    dataTypes: [],
    // Whatever changes the terms of an index stands in it.
    expression: [expression, ...componentTexts(parameter)].join('; '),
    components,
    extract: (resource) => extracted(definitions, compiled, resource),
  };
}

/**
 * The components of a composite parameter: each of the type of the parameter it names, evaluated on one element.
 * https://hl7.org/fhir/R4/searchparameter-definitions.html#SearchParameter.component
 * @returns them, or why they are not served.
 */
function componentsOf(
  definitions: FhirDefinitions,
  parameter: Resource,
  find: ParameterFinder,
): readonly CompositeComponent[] | string {
  const types = typesOf(definitions, parameter);
  const components: CompositeComponent[] = [];
  for (const component of objectsOf(parameter, 'component')) {
    const url = definitionUrl(component);
    const found = find(url, types);
    const expression = textOf(component, 'expression') ?? '';
    const compiled = expression === '' ? undefined : compilerOf(definitions)(expression);
    if (found === undefined || !simple.includes(found.type))
      return `its component ${url} is no parameter that is known`;
    if (compiled === undefined) return `its component ${found.code} uses FHIRPath that is not covered: ${expression}`;
    components.push({
      code: found.code,
      type: found.type,
      extract: (element, resource) => extracted(definitions, compiled, resource, element),
    });
  }
  return components.length > 1 ? components : 'it is composite and has no components';
}

/** What the components of a composite are, in words. */
const componentTexts = (parameter: Resource): string[] =>
  objectsOf(parameter, 'component').map(
    (component) => `${definitionUrl(component)} ${textOf(component, 'expression') ?? ''}`,
  );

/** STU3 has a Reference where R4 has a canonical. */
const definitionUrl = (component: Readonly<Record<string, unknown>>): string => {
  const { definition } = component;
  const reference: unknown =
    typeof definition === 'object' && definition !== null ? Reflect.get(definition, 'reference') : definition;
  return typeof reference === 'string' ? unversioned(reference) : '';
};

const systemTypes: Readonly<Record<string, string>> = {
  'System.Boolean': 'boolean',
  'System.String': 'string',
  'System.Integer': 'integer',
  'System.Decimal': 'decimal',
};

/** @param element what is evaluated; the resource without it. */
function extracted(
  { structures }: FhirDefinitions,
  compiled: Compiled,
  resource: Resource,
  element?: FhirNode,
): ExtractedValue[] {
  const root = resourceNode(structures, resource);
  const context = element ?? root;
  if (root === undefined || context === undefined) return [];
  try {
    return compiled([context], { resource: root, root, context, budget: newBudget() })
      .filter(hasValue)
      .map(asExtracted);
  } catch (error) {
    if (error instanceof EvaluationError) return []; // it asks something that this resource cannot answer
    throw error;
  }
}

const hasValue = ({ value }: FhirNode): boolean => value !== undefined;
const asExtracted = ({ type, value }: FhirNode): ExtractedValue => ({ type: systemTypes[type] ?? type, value });

function combined(
  base: SearchParameterTable,
  added: ReadonlyMap<string, ReadonlyMap<string, SearchParameterDefinition>>,
): SearchParameterTable {
  if (added.size === 0) return base;
  const known = new Map<string, readonly SearchParameterDefinition[]>();
  return {
    find: (type, code) => base.find(type, code) ?? added.get(type)?.get(code),
    ofType(type) {
      const extra = added.get(type);
      if (extra === undefined) return base.ofType(type);
      let all = known.get(type);
      if (all === undefined) {
        all = [...base.ofType(type), ...extra.values()].sort((a, b) => (a.code < b.code ? -1 : 1));
        known.set(type, all);
      }
      return all;
    },
  };
}
