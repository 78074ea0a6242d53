import type { AccessFilter } from '../search/access.js';
import { forbidden, invalidRequest, notFound } from '../fhir/outcome.js';
import { keyText } from '../fhir/resource.js';
import type { CompartmentFilter } from '../search/request.js';
import { accessOrNone, authorize } from './access.js';
import { clip, requireKey, requireResourceType } from './resource-type.js';
import type { SearchPlace } from './search-place.js';
import type { Caller, FhirServer } from './server.js';

/** What a search looks in: types, each with what the caller may see of it, and conditions that hold for all. */
export interface SearchScope {
  readonly types: readonly { readonly type: string; readonly access: AccessFilter }[];
  readonly filters: readonly CompartmentFilter[];
  /** The parameters without `_type`, which the types were chosen by, and `_type` as it was understood. */
  readonly parameters: readonly (readonly [string, string])[];
  readonly typeParameters: readonly (readonly [string, string])[];
}

/**
 * Decides which types a search looks in, and what the caller may see of each. Types the client names must be open to
 * the caller's role; of those it does not name, the others are left out.
 * @param parameters names and values of the query; `_type` chooses among the types of a system or a compartment.
 * @throws OperationOutcomeError 403 by role, 404 for a type or a compartment that does not exist, 400 for a `_type`
 * that names none.
 * @see https://hl7.org/fhir/R4/search.html#searchcontexts
 */
export function scopeOf(
  server: FhirServer,
  caller: Caller,
  place: SearchPlace,
  parameters: readonly (readonly [string, string])[],
): SearchScope {
  const { resourceTypes } = server.definitions;
  if (place.kind === 'type') return oneType(server, caller, place.type, [], parameters);
  if (place.kind === 'system') return severalTypes(server, caller, resourceTypes, [], parameters);
  const { compartment, type } = place;
  const { compartments, searchParameters } = server.definitions;
  requireKey(server, compartment);
  if (!compartments.names.includes(compartment.type)) throw notFound(`A compartment of ${compartment.type}`);
  const filter: CompartmentFilter = {
    kind: 'compartment',
    compartment,
    definitions: { compartments, searchParameters },
    bases: [caller.baseUrl],
  };
  const isInside = (each: string): boolean =>
    each === compartment.type || compartments.parameters(compartment.type, each).length > 0;
  if (type === undefined) return severalTypes(server, caller, resourceTypes.filter(isInside), [filter], parameters);
  requireResourceType(server, type);
  if (!isInside(type))
    throw notFound(`${type} in a compartment of ${compartment.type}, such as ${keyText(compartment)},`);
  return oneType(server, caller, type, [filter], parameters);
}

function oneType(
  server: FhirServer,
  caller: Caller,
  type: string,
  filters: readonly CompartmentFilter[],
  parameters: SearchScope['parameters'],
): SearchScope {
  requireResourceType(server, type);
  const access = authorize(server, caller, 'search', type);
  return { types: [{ type, access }], filters, parameters, typeParameters: [] };
}

function severalTypes(
  server: FhirServer,
  caller: Caller,
  possible: readonly string[],
  filters: readonly CompartmentFilter[],
  parameters: SearchScope['parameters'],
): SearchScope {
  const typeParameters = parameters.filter(([name, value]) => name === '_type' && value !== '');
  const named = typesNamed(server, typeParameters);
  const rest = parameters.filter(([name]) => name !== '_type');
  const referredTo = possible.filter((type) => isReferredTo(server, rest, type));
  const unnamed = referredTo.length === 0 ? possible : referredTo;
  const wanted = named === undefined ? unnamed : possible.filter((type) => named.has(type));
  const outside = [...(named ?? [])].find((type) => !possible.includes(type));
  if (outside !== undefined) throw invalidRequest(`_type: ${outside} is not in this compartment`, '_type');
  if (wanted.length === 0) throw invalidRequest('_type: no type is in all of them', '_type');
  const types = wanted.flatMap((type) => {
    if (named !== undefined) return [{ type, access: authorize(server, caller, 'search', type) }];
    const access = accessOrNone(server, caller, 'search', type);
    return access === undefined ? [] : [{ type, access }];
  });
  if (types.length === 0) throw forbidden('Your role may search none of the types');
  return { types, filters, parameters: rest, typeParameters };
}

/**
 * Whether all `_has` parameters of a search may refer to a type: of the types nobody names, only those can have matches.
 * One that names no reference parameter refers to any: reading it tells what is wrong.
 */
const isReferredTo = (server: FhirServer, parameters: SearchScope['parameters'], type: string): boolean =>
  parameters.every(([name]) => {
    const [prefix, source = '', code = ''] = name.split(':');
    const targets = prefix === '_has' ? server.definitions.searchParameters.find(source, code)?.targets : undefined;
    return targets === undefined || targets.length === 0 || targets.includes(type);
  });

/**
 * The types `_type` names: one of those between commas; of a repeated `_type`, those in all.
 * @param parameters named `_type`.
 * @returns undefined without any.
 * @throws OperationOutcomeError 400 for what is no resource type.
 */
export function typesNamed(server: FhirServer, parameters: SearchScope['parameters']): ReadonlySet<string> | undefined {
  let named: Set<string> | undefined;
  for (const [, value] of parameters) {
    const types = value.split(',');
    const bad = types.find((type) => !server.definitions.structures.isResourceType(type));
    if (bad !== undefined) throw invalidRequest(`_type names resource types; "${clip(bad)}" is none`, '_type');
    named = new Set(types.filter((type) => named?.has(type) ?? true));
  }
  return named;
}
