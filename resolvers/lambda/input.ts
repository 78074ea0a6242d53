import type { FhirDefinitions } from '../../fhir/definitions.js';
import { Decimal, parseJson } from '../../fhir/json.js';
import { OperationOutcomeError, invalidRequest } from '../../fhir/outcome.js';
import type { Resource } from '../../fhir/resource.js';
import { isJsonObject, type JsonObject } from './json-object.js';

/** The text of a FHIR decimal as JSON numbers have it. https://hl7.org/fhir/R4/datatypes.html#decimal */
const decimalText = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/;

/**
 * The resource that a typed input (`Patient_Input`) says: nulls left out, decimals as numbers with their digits,
 * resources inside (AWSJSON) parsed.
 * @param definitions of the FHIR version served.
 * @param type the resource type of the mutation.
 * @param input the argument `res`.
 * @param place the field, for errors.
 * @throws OperationOutcomeError 400 when the input is for another resource type or holds AWSJSON that is no JSON. What
 * breaks the type's rules is left to the interaction.
 */
export function resourceOf(definitions: FhirDefinitions, type: string, input: unknown, place: string): Resource {
  if (!isJsonObject(input)) throw invalidRequest('res must be an object', place);
  const named = input['resourceType'] ?? type;
  if (named !== type) throw invalidRequest(`res.resourceType must be ${type}`, `${place}(res.resourceType)`);
  return { resourceType: type, ...members(definitions, type, input, type) };
}

/** The members of an object of a FHIR type (or backbone path) as JSON has them; of no known type, as they came. */
function members(
  definitions: FhirDefinitions,
  type: string | undefined,
  object: JsonObject,
  place: string,
): JsonObject {
  const known = type === undefined ? undefined : definitions.structures.members(type);
  const kept = Object.entries(object).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(
    kept.map(([name, value]) => {
      // The siblings of primitives are not listed: they hold an id and extensions, like any element.
      const inside = known === undefined ? undefined : name.startsWith('_') ? 'Element' : known.get(name)?.type;
      return [name, converted(definitions, inside, value, `${place}.${name}`)];
    }),
  );
}

function converted(definitions: FhirDefinitions, type: string | undefined, value: unknown, place: string): unknown {
  if (Array.isArray(value)) {
    return value.map((each: unknown, at) => converted(definitions, type, each, `${place}[${String(at)}]`));
  }
  if (type === 'Resource') return contained(definitions, value, place);
  if (type === 'decimal' && typeof value === 'string' && decimalText.test(value)) return new Decimal(value);
  if (isJsonObject(value)) return members(definitions, type, value, place);
  return value;
}

/** A resource inside another one: JSON text, or what AppSync made of it. */
function contained(definitions: FhirDefinitions, value: unknown, place: string): unknown {
  const parsed = typeof value === 'string' ? parsedText(value, place) : value;
  if (!isJsonObject(parsed)) return parsed;
  const type = parsed['resourceType'];
  const isKnown = typeof type === 'string' && definitions.structures.isResourceType(type);
  return members(definitions, isKnown ? type : undefined, parsed, place);
}

function parsedText(text: string, place: string): unknown {
  try {
    return parseJson(text);
  } catch (failure) {
    if (failure instanceof OperationOutcomeError) throw invalidRequest(failure.message, place);
    throw failure;
  }
}
