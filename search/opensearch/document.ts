import type { FhirDefinitions } from '../../fhir/definitions.js';
import type { Resource } from '../../fhir/resource.js';
import { guarded, holding, inside, isGuarded, pointersInside, typesHeld } from '../document.js';
import type { ParameterType } from '../parameter-type.js';
import { parameterTypes, type Queries, type ServedType, type Values } from '../parameter-types.js';
import { parameterValues } from '../parameter-values.js';
import type { ParameterQuery } from '../query/parameter-query.js';
import { parameterQueries } from '../query/parameter-queries.js';
import type { Indexable } from '../search-index.js';
import { isServedParameter, type ServedParameter } from '../served-parameter.js';
import { sortKey } from '../term.js';
import { resourceWords } from '../words.js';
import { type DocumentFields, keyed, noFields } from './fields.js';
import { orderKey, orderOfOpaque } from './order-key.js';

/** A document as OpenSearch takes it; see `search/mapping.ts`. */
export type IndexDocument = Readonly<Record<string, unknown>>;

/** Parameters whose order stands in fields of the document itself: every resource has them, and they sort fastest so. */
export const sortFields: Readonly<Record<string, string>> = { _id: 'id', _lastUpdated: 'lastUpdated' };

/** OpenSearch refuses a document with more than 10,000 nested objects. */
const mostNested = 9_000;

/**
 * The document of a change.
 * @param tenant whose it is.
 * @returns for a deleted resource a tombstone; for one with more values than OpenSearch takes an opaque document.
 */
export function documentOf(tenant: string, definitions: FhirDefinitions, change: Indexable): IndexDocument {
  if (change.resource === undefined) return { ...envelope(tenant, change), deleted: true };
  const { rng, comp, sort, ...fields } = fieldsOf(definitions, change.resource);
  if (rng.length + comp.length + sort.length > mostNested) return opaqueDocument(tenant, change);
  const terms = Object.entries(fields).flatMap(([name, found]) =>
    found.size === 0 ? [] : [[name, [...found]] as const],
  );
  return { ...envelope(tenant, change), deleted: false, ...Object.fromEntries(terms), rng, comp, sort };
}

/** A document without searchable fields, which every search of its type finds and `match` decides on. */
export const opaqueDocument = (tenant: string, change: Indexable): IndexDocument => ({
  ...envelope(tenant, change),
  deleted: change.resource === undefined,
  opaque: true,
  order: orderOfOpaque,
});

const envelope = (tenant: string, change: Indexable): IndexDocument => ({
  tenant,
  type: change.type,
  id: change.id,
  order: orderKey(change.id),
  version: change.versionId,
  lastUpdated: change.lastUpdated,
  compartments: change.compartments,
});

function fieldsOf(definitions: FhirDefinitions, resource: Resource): DocumentFields {
  const fields = noFields();
  for (const parameter of definitions.searchParameters.ofType(resource.resourceType)) {
    if (!isServedParameter(parameter)) continue;
    const { code, type } = parameter;
    const sortTerms = addValues(type, parameter, resource, fields);
    if (sortTerms === undefined) continue;
    fields.present.add(code);
    const min = sortKey(sortTerms, false);
    const max = sortKey(sortTerms, true);
    if (min === null || max === null) continue;
    if (!(code in sortFields)) fields.sort.push({ code, min, max });
  }
  for (const code of pointersInside(definitions, resource)) fields.present.add(keyed(inside, code));
  for (const type of typesHeld(resource)) fields.present.add(keyed(holding, type));
  if (isGuarded(resource)) fields.present.add(guarded);
  const { text, content } = resourceWords(resource);
  for (const word of text) fields.word.add(keyed('text', word));
  for (const word of content) fields.word.add(keyed('else', word));
  return fields;
}

/**
 * Adds what a parameter's values are found by.
 * @returns the terms it sorts by, among others; undefined when the resource has no value for it.
 */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- ties the values to the query of one type
function addValues<T extends ServedType>(
  type: T,
  parameter: ServedParameter,
  resource: Resource,
  fields: DocumentFields,
): string[] | undefined {
  const values = parameterValues(type, parameter, resource);
  if (values === undefined) return undefined;
  const parameterType: ParameterType<Values[T], Queries[T]> = parameterTypes[type];
  const parameterQuery: ParameterQuery<Values[T], Queries[T]> = parameterQueries[type];
  parameterQuery.index(fields, parameter.code, values);
  return type === 'composite' ? [] : values.flatMap((value) => parameterType.terms(value)); // composites have no order
}
