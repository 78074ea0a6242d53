import { createHash } from 'node:crypto';
import { containedIn } from '../fhir/contained.js';
import type { FhirDefinitions } from '../fhir/definitions.js';
import type { Resource } from '../fhir/resource.js';
import { parameterTypes, type ServedType } from './parameter-types.js';
import { parameterValues } from './parameter-values.js';
import { pointsInside } from './refers.js';
import { isServedParameter, type ServedParameter } from './served-parameter.js';

/**
 * Raise it when resources get other terms or words than before: an index with others is made anew, since it would
 * miss matches. 10: zeros at the end of a second's fraction counted before; documents of OpenSearch have an order and a
 * version.
 */
const termsVersion = 10;

/**
 * What the terms of resources depend on: how they are made, and the parameters they are made for. An index whose terms
 * depend on something else misses matches.
 */
export function termsFingerprint({ resourceTypes, searchParameters }: FhirDefinitions): string {
  const hash = createHash('sha256').update(String(termsVersion));
  for (const type of resourceTypes) {
    for (const parameter of searchParameters.ofType(type)) {
      if (!isServedParameter(parameter)) continue;
      const { code, url, expression = '' } = parameter;
      hash.update(`\n${type} ${code} ${parameter.type} ${url} ${expression}`);
    }
  }
  return hash.digest('base64url');
}

/** The parameters by which a type is searched, and those of them that are references. */
interface Searched {
  readonly all: readonly ServedParameter[];
  readonly references: readonly ServedParameter[];
}

const searched = new WeakMap<FhirDefinitions['searchParameters'], Map<string, Searched>>();

/** What a type is searched by, found once. */
function searchedBy({ searchParameters }: FhirDefinitions, type: string): Searched {
  let types = searched.get(searchParameters);
  if (types === undefined) searched.set(searchParameters, (types = new Map<string, Searched>()));
  const known = types.get(type);
  if (known !== undefined) return known;
  const all = searchParameters.ofType(type).filter(isServedParameter);
  const found = { all, references: all.filter((parameter) => parameter.type === 'reference') };
  types.set(type, found);
  return found;
}

/**
 * Stands where a parameter's code stands, for the codes of the reference parameters that point into the resource
 * itself: chains look there as well. No code looks like it.
 */
export const inside = '#contained';

/** Stands where a parameter's code stands, for the types of the resources that a resource contains. */
export const holding = '#contains';

/** Stands where a parameter's code stands, for Binaries that have a security context: it decides who may read them. */
export const guarded = '#securityContext';

/** The terms of a resource by parameter code: none for parameters without a value, empty where a value has no terms. */
export type DocumentTerms = Record<string, readonly string[]>;

/**
 * What an index stores of a resource.
 * @param definitions the FHIR version's definitions.
 * @param resource the current version, `id` and `meta` included.
 * @returns every term once, in the order of the parameters' codes.
 */
export function documentTerms(definitions: FhirDefinitions, resource: Resource): DocumentTerms {
  const terms: DocumentTerms = {};
  for (const parameter of searchedBy(definitions, resource.resourceType).all) {
    const found = termsOf(parameter.type, parameter, resource);
    if (found !== undefined) terms[parameter.code] = found;
  }
  const pointing = pointersInside(definitions, resource);
  if (pointing.length > 0) terms[inside] = pointing;
  const held = typesHeld(resource);
  if (held.length > 0) terms[holding] = held;
  if (isGuarded(resource)) terms[guarded] = [];
  return terms;
}

/** Whether a resource is a Binary that has a security context. */
export const isGuarded = (resource: Resource): boolean =>
  resource.resourceType === 'Binary' && resource['securityContext'] !== undefined;

/** The types of the resources that a resource contains. */
export const typesHeld = (resource: Resource): string[] => [
  ...new Set(containedIn(resource).map(({ resourceType }) => resourceType)),
];

/** The codes of the reference parameters that point into the resource itself. */
export function pointersInside(definitions: FhirDefinitions, resource: Resource): string[] {
  return searchedBy(definitions, resource.resourceType)
    .references.filter((parameter) => pointsInside(parameter, resource))
    .map(({ code }) => code);
}

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- ties the values to the terms of one type
function termsOf<T extends ServedType>(type: T, parameter: ServedParameter, resource: Resource): string[] | undefined {
  const values = parameterValues(type, parameter, resource);
  if (values === undefined) return undefined;
  const parameterType = parameterTypes[type];
  const [only, second] = values;
  if (only !== undefined && second === undefined) return distinct(parameterType.terms(only));
  return distinct(values.flatMap((value) => parameterType.terms(value)));
}

/** So few are compared with each other in less time than a set takes. */
const few = 12;

function distinct(terms: string[]): string[] {
  if (terms.length > few) return [...new Set(terms)];
  return terms.every((term, place) => terms.indexOf(term) === place) ? terms : [...new Set(terms)];
}
