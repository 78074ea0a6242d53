import type { SearchParameterDefinition } from '../fhir/search-parameter.js';
import { parameterTypes, type ServedType } from './parameter-types.js';

/**
 * Parameters of the definitions that are no values of the resource: full text, lists, named queries, filters, and
 * STU3's `near-distance`, which is read together with `near`.
 */
const special = new Set(['_content', '_text', '_list', '_query', '_filter', '_has', '_type', '_in', 'near-distance']);

/** A parameter by which this server searches. */
export type ServedParameter = SearchParameterDefinition & { readonly type: ServedType };

/** Whether this server searches by a parameter: what it refuses otherwise, and what its capability statement leaves out. */
export const isServedParameter = (parameter: SearchParameterDefinition): parameter is ServedParameter =>
  parameter.type in parameterTypes && !special.has(parameter.code);
