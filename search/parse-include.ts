import type { FhirDefinitions } from '../fhir/definitions.js';
import { invalidRequest, notSupported } from '../fhir/outcome.js';
import type { IncludeRule } from './request.js';

/**
 * Reads `Type:parameter[:target]`, `Type:*` or `*`, which Microsoft's server writes `*:*`. One of another type than is
 * searched includes nothing, unless it is `:iterate`: then it is for what others include.
 * @throws OperationOutcomeError 400 for a type or a parameter that is not known or is no reference.
 * @see https://hl7.org/fhir/R4/search.html#include
 */
export function parseInclude(
  definitions: FhirDefinitions,
  name: '_include' | '_revinclude',
  modifier: string | undefined,
  value: string,
): IncludeRule {
  if (modifier !== undefined && modifier !== 'iterate' && modifier !== 'recurse') {
    throw notSupported(`${name} has no modifier :${modifier}; :iterate is served`, name);
  }
  const iterate = modifier !== undefined;
  const isType = (each: string): boolean => definitions.structures.isResourceType(each);
  if (value === '*' || value === '*:*') return { iterate };
  const [source = '', code, target, ...rest] = value.split(':');
  if (code === undefined || code === '' || rest.length > 0) {
    throw invalidRequest(
      `${name} is Type:parameter or Type:parameter:target, such as Observation:subject:Patient, not "${value}"`,
      name,
    );
  }
  if (!isType(source)) throw invalidRequest(`${name} names the type "${source}", which is not known`, name);
  if (target !== undefined && !isType(target))
    throw invalidRequest(`${name} names the type "${target}", which is not known`, name);
  const wanted = { source, iterate, ...(target === undefined ? {} : { target }) };
  if (code === '*') return wanted;
  const parameter = definitions.searchParameters.find(source, code);
  if (parameter === undefined) throw invalidRequest(`${name}: ${source} has no search parameter "${code}"`, name);
  if (parameter.type !== 'reference') throw invalidRequest(`${name}: ${source}:${code} is no reference`, name);
  return { ...wanted, code };
}
