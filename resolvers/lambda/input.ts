import type { FhirDefinitions } from '../../fhir/definitions.js';
import { Decimal, parseUniqueJson } from '../../fhir/json.js';
import { OperationOutcomeError, invalidRequest, invalidResource } from '../../fhir/outcome.js';
import type { Resource } from '../../fhir/resource.js';
import { isJsonObject, type JsonObject } from './json-object.js';

/** The text of a FHIR decimal as JSON numbers have it. https://hl7.org/fhir/R4/datatypes.html#decimal */
const decimalText = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/;

/** How deep objects are converted. Validation refuses what is nested half as deep: it need not be walked. */
const deepest = 200;

/**
 * The resource that a typed input (`Patient_Input`) says: nulls left out, decimals as numbers with their digits,
 * resources inside (AWSJSON) parsed.
 * @param definitions of the FHIR version served.
 * @param type the resource type of the mutation.
 * @param input the argument `res`.
 * @param place the field, for errors.
 * @throws OperationOutcomeError 400 when the input is for another resource type or holds AWSJSON that is no JSON, 422 for
 * a decimal that is none. What
 * breaks the type's rules is left to the interaction.
 */
export function resourceOf(definitions: FhirDefinitions, type: string, input: unknown, place: string): Resource {
  if (!isJsonObject(input)) throw invalidRequest('res must be an object', place);
  const named = input['resourceType'] ?? type;
  if (named !== type) throw invalidRequest(`res.resourceType must be ${type}`, `${place}(res.resourceType)`);
  return { resourceType: type, ...members({ definitions, type, place: type, levels: deepest }, input) };
}

/** Where a value stands. */
interface Place {
  readonly definitions: FhirDefinitions;
  /** The value's FHIR type or backbone path; undefined where none is known. */
  readonly type: string | undefined;
  /** As error messages name it. */
  readonly place: string;
  /** How many levels of objects are still converted. */
  readonly levels: number;
}

/** The members of an object of a FHIR type (or backbone path) as JSON has them; of no known type, as they came. */
function members(at: Place, object: JsonObject): JsonObject {
  const known = at.type === undefined ? undefined : at.definitions.structures.members(at.type);
  const kept = Object.entries(object).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(
    kept.map(([name, value]) => {
      // The siblings of primitives are not listed: they hold an id and extensions, like any element.
      const type = known === undefined ? undefined : name.startsWith('_') ? 'Element' : known.get(name)?.type;
      return [name, converted({ ...at, type, place: `${at.place}.${name}`, levels: at.levels - 1 }, value)];
    }),
  );
}

function converted(at: Place, value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map((each: unknown, index) => converted({ ...at, place: `${at.place}[${String(index)}]` }, each));
  }
  if (at.type === 'Resource') return contained(at, value);
  if (at.type === 'decimal' && typeof value === 'string') return decimalOf(at, value);
  if (isJsonObject(value) && at.levels > 0) return members(at, value);
  return value;
}

function decimalOf({ place }: Place, text: string): Decimal {
  if (decimalText.test(text)) return new Decimal(text);
  const diagnostics = `${place} must be the text of a decimal number, such as "1.50"`;
  throw invalidResource([{ severity: 'error', code: 'value', diagnostics, expression: [place] }]);
}

/** A resource inside another one: JSON text, or what AppSync made of it. */
function contained(at: Place, value: unknown): unknown {
  const parsed = typeof value === 'string' ? parsedText(value, at.place) : value;
  if (!isJsonObject(parsed) || at.levels <= 0) return parsed;
  const type = parsed['resourceType'];
  const isKnown = typeof type === 'string' && at.definitions.structures.isResourceType(type);
  return members({ ...at, type: isKnown ? type : undefined }, parsed);
}

function parsedText(text: string, place: string): unknown {
  try {
    return parseUniqueJson(text);
  } catch (failure) {
    if (failure instanceof OperationOutcomeError)
      throw invalidRequest(failure.message.replace(/^The body/, 'The text'), place);
    throw failure;
  }
}
