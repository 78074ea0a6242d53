import type { FhirDefinitions } from '../fhir/definitions.js';
import type { Resource } from '../fhir/resource.js';
import type { ParameterType } from './parameter-type.js';
import { parameterTypes, type Queries, type ServedType, type Values } from './parameter-types.js';
import { isServedParameter, type ServedParameter } from './served-parameter.js';

/** The values a resource has for one parameter. */
export interface ParameterValues<T extends ServedType> {
  readonly type: T;
  readonly parameter: ServedParameter;
  /** Empty where the parameter's expression selects something that cannot be searched for. */
  readonly values: readonly Values[T][];
}

/** The values of one parameter, whichever its type. */
export type AnyParameterValues = { readonly [T in ServedType]: ParameterValues<T> }[ServedType];

/**
 * What is searchable in a resource.
 * @param definitions the FHIR version's definitions.
 * @param resource the current version, `id` and `meta` included.
 * @returns the parameters the resource has something for, in the order of their codes.
 */
export function* parameterValues(definitions: FhirDefinitions, resource: Resource): Generator<AnyParameterValues> {
  for (const parameter of definitions.searchParameters.ofType(resource.resourceType)) {
    if (!isServedParameter(parameter)) continue;
    const extracted = parameter.extract(resource);
    if (extracted.length === 0) continue;
    const { type } = parameter;
    yield { type, parameter, values: parameterTypes[type].values(extracted) } as AnyParameterValues;
  }
}

/** The terms of a parameter's values, each once. */
export function termsOf<T extends ServedType>({ type, values }: ParameterValues<T>): string[] {
  const parameterType: ParameterType<Values[T], Queries[T]> = parameterTypes[type];
  const found = values.flatMap((value) => parameterType.terms(value));
  return found.length > 1 ? [...new Set(found)] : found;
}

/** The terms of a resource by parameter code: none for parameters without a value, empty where a value has no terms. */
export type DocumentTerms = Record<string, readonly string[]>;

/**
 * What the embedded index stores of a resource.
 * @param definitions the FHIR version's definitions.
 * @param resource the current version, `id` and `meta` included.
 * @returns every term once, in the order of the parameters' codes.
 */
export function documentTerms(definitions: FhirDefinitions, resource: Resource): DocumentTerms {
  const terms: DocumentTerms = {};
  for (const found of parameterValues(definitions, resource)) {
    terms[found.parameter.code] = termsOf<ServedType>(found);
  }
  return terms;
}
