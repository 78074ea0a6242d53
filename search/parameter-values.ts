import type { Resource } from '../fhir/resource.js';
import { parameterTypes, type ServedType, type Values } from './parameter-types.js';
import type { ServedParameter } from './served-parameter.js';

/**
 * The values a resource has for a search parameter.
 * @param type the parameter's type.
 * @returns undefined when the resource has no value, which is what `:missing` asks for; an empty list when it has one
 * that nothing finds, such as a reference that is only a display.
 */
export function parameterValues<T extends ServedType>(
  type: T,
  parameter: ServedParameter,
  resource: Resource,
): Values[T][] | undefined {
  const extracted = parameter.extract(resource);
  if (extracted.length === 0) return undefined;
  const values = parameterTypes[type].values(extracted, { parameter, resource });
  return type === 'composite' && values.length === 0 ? undefined : values;
}
