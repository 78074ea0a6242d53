import { compilerOf } from './check-invariants.js';
import type { FhirDefinitions } from './definitions.js';
import type { ExtractedValue } from './extracted-value.js';
import type { Compiled } from './fhirpath/call.js';
import { EvaluationError, type FhirNode, newBudget, resourceNode } from './fhirpath/node.js';
import { type ImplementationGuide, textOf, textsOf } from './guide.js';
import type { Resource } from './resource.js';
import type { SearchParameterDefinition, SearchParameterTable, SearchParameterType } from './search-parameter.js';

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

const served: readonly string[] = ['number', 'date', 'string', 'token', 'reference', 'quantity', 'uri'];

/**
 * Adds the search parameters of implementation guides to a version's. A code that the base definitions have on a type
 * keeps their meaning: guides repeat those to say what they expect of them.
 * @param definitions of the version the guides are for.
 */
export function withGuideParameters(definitions: FhirDefinitions, guides: readonly ImplementationGuide[]): WithGuides {
  const base = definitions.searchParameters;
  const added = new Map<string, Map<string, SearchParameterDefinition>>();
  const passedOver: PassedOver[] = [];
  for (const parameter of guides.flatMap(({ searchParameters }) => searchParameters)) {
    const url = textOf(parameter, 'url') ?? '';
    const made = definitionOf(definitions, parameter);
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

function definitionOf(definitions: FhirDefinitions, parameter: Resource): SearchParameterDefinition | string {
  const code = textOf(parameter, 'code');
  const type = textOf(parameter, 'type') ?? '';
  const expression = textOf(parameter, 'expression');
  if (code === undefined || expression === undefined) return 'it has no code or no expression';
  if (!served.includes(type)) return `parameters of type ${type} are not served from a guide`;
  const compiled = compilerOf(definitions)(expression);
  if (compiled === undefined) return `its expression uses FHIRPath that is not covered: ${expression}`;
  const targets = textsOf(parameter, 'target').filter((target) => definitions.structures.isResourceType(target));
  const isReference = type === 'reference';
  return {
    code,
    type: type as SearchParameterType,
    url: textOf(parameter, 'url') ?? '',
    targets: isReference && targets.length === 0 ? definitions.resourceTypes : targets,
    dataTypes: [],
    expression,
    components: [],
    extract: (resource) => extracted(definitions, compiled, resource),
  };
}

const systemTypes: Readonly<Record<string, string>> = {
  'System.Boolean': 'boolean',
  'System.String': 'string',
  'System.Integer': 'integer',
  'System.Decimal': 'decimal',
};

function extracted(definitions: FhirDefinitions, compiled: Compiled, resource: Resource): ExtractedValue[] {
  const node = resourceNode(definitions.structures, resource);
  if (node === undefined) return [];
  try {
    return compiled([node], { resource: node, root: node, context: node, budget: newBudget() })
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
