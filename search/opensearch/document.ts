import type { FhirDefinitions } from '../../fhir/definitions.js';
import type { Resource } from '../../fhir/resource.js';
import type { ExtractedValue } from '../../fhir/search-parameter.js';
import type { ParameterType } from '../parameter-type.js';
import { parameterTypes, type Queries, type ServedType, type Values } from '../parameter-types.js';
import type { ParameterQuery } from '../query/parameter-query.js';
import { parameterQueries } from '../query/parameter-queries.js';
import type { Indexable } from '../search-index.js';
import { isServedParameter } from '../served-parameter.js';
import { sortKey } from '../term.js';
import { type DocumentFields, noFields } from './fields.js';

/** A document as OpenSearch takes it; see `search/mapping.ts`. */
export type IndexDocument = Readonly<Record<string, unknown>>;

/** Parameters whose order stands in fields of the document itself: every resource has them, and they sort fastest so. */
export const sortFields: Readonly<Record<string, string>> = { _id: 'id', _lastUpdated: 'updated' };

/** OpenSearch refuses a document with more than 10,000 nested objects. */
const mostNested = 9_000;

/**
 * The document of a change.
 * @param tenant whose it is.
 * @returns for a deleted resource a tombstone; for one with more values than OpenSearch takes an opaque document.
 */
export function documentOf(tenant: string, definitions: FhirDefinitions, change: Indexable): IndexDocument {
  if (change.resource === undefined) return { ...envelope(tenant, change), deleted: true };
  const { updated, rng, sort, ...fields } = fieldsOf(definitions, change.resource);
  if (rng.length + sort.length > mostNested) return opaqueDocument(tenant, change);
  const terms = Object.entries(fields).flatMap(([name, found]) =>
    found.size === 0 ? [] : [[name, [...found]] as const],
  );
  return { ...envelope(tenant, change), deleted: false, updated, ...Object.fromEntries(terms), rng, sort };
}

/** A document without searchable fields, which every search of its type finds and `match` decides on. */
export const opaqueDocument = (tenant: string, change: Indexable): IndexDocument => ({
  ...envelope(tenant, change),
  deleted: change.resource === undefined,
  opaque: true,
});

const envelope = (tenant: string, { type, id, lastUpdated, compartments }: Indexable): IndexDocument => ({
  tenant,
  type,
  id,
  lastUpdated,
  compartments,
});

function fieldsOf(definitions: FhirDefinitions, resource: Resource): DocumentFields & { readonly updated?: string } {
  const fields = noFields();
  let updated: string | undefined;
  for (const parameter of definitions.searchParameters.ofType(resource.resourceType)) {
    if (!isServedParameter(parameter)) continue;
    const extracted = parameter.extract(resource);
    if (extracted.length === 0) continue;
    const { code } = parameter;
    fields.present.add(code);
    const terms = addValues(parameter.type, code, extracted, fields);
    const min = sortKey(terms, false);
    const max = sortKey(terms, true);
    if (min === null || max === null) continue;
    if (code === '_lastUpdated') updated = min;
    else if (!(code in sortFields)) fields.sort.push({ code, min, max });
  }
  return updated === undefined ? fields : { ...fields, updated };
}

/** Adds what a parameter's values are found by. @returns the terms it sorts by, among others. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- ties the values to the query of one type
function addValues<T extends ServedType>(
  type: T,
  code: string,
  extracted: readonly ExtractedValue[],
  fields: DocumentFields,
): string[] {
  const parameterType: ParameterType<Values[T], Queries[T]> = parameterTypes[type];
  const parameterQuery: ParameterQuery<Values[T], Queries[T]> = parameterQueries[type];
  const values = parameterType.values(extracted);
  parameterQuery.index(fields, code, values);
  return values.flatMap((value) => parameterType.terms(value));
}
