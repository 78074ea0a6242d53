import type { FhirDefinitions } from '../../fhir/definitions.js';
import { decimalText } from '../../fhir/json.js';
import { nearest } from '../../fhir/nearest.js';
import { invalidRequest, invalidResource, notSupported } from '../../fhir/outcome.js';
import { isPrimitiveType, primitiveCheck } from '../../fhir/primitive.js';
import type { Resource } from '../../fhir/resource.js';
import { validateResource } from '../../fhir/validate.js';
import { clip, requireResource } from '../resource-type.js';
import type { InputValue, OperationInput } from './input.js';
import type { Operation, OperationParameter } from './operation.js';

/** An operation's input as a face hands it on. */
export interface InputSource {
  /** Names and values of the query, in order. */
  readonly query: readonly (readonly [string, string])[];
  /** The parsed body; absent without one. */
  readonly body?: unknown;
}

/** Parameters that shape the answer and are no input. */
const passedOver = new Set(['_format', '_pretty']);

interface ParametersEntry {
  readonly name: string;
  readonly resource?: unknown;
  readonly part?: readonly ParametersEntry[];
  readonly [value: string]: unknown;
}

/**
 * Reads the input of an operation: the parameters of the query, and those of the body, which is a Parameters resource
 * or, where the operation allows it, the one resource it is about. https://hl7.org/fhir/R4/operations.html#request
 * @throws OperationOutcomeError 400 naming a parameter that is not known, not repeatable or not of its type; 422 when
 * the body breaks the rules of Parameters, or a resource in it those of its type.
 */
export function readInput(definitions: FhirDefinitions, operation: Operation, source: InputSource): OperationInput {
  const found = new Map<string, InputValue[]>();
  const add = (parameter: OperationParameter, place: string, value: unknown): void => {
    const values = found.get(parameter.name) ?? [];
    if (values.length > 0 && parameter.repeats !== true) {
      throw invalidRequest(`${parameter.name} is given more than once`, place);
    }
    found.set(parameter.name, [...values, { place, value }]);
  };
  for (const [name, text] of source.query) {
    if (passedOver.has(name) || text === '') continue;
    const parameter = parameterOf(definitions, operation, name, name);
    add(parameter, name, valueOfText(definitions, parameter, text, name));
  }
  if (source.body === undefined) return found;
  const body = requireResource(operation.parametersOfBody?.(source.body) ?? source.body);
  const { bodyParameter } = operation;
  if (body.resourceType !== 'Parameters') {
    const parameter = operation.parameters.find(({ name }) => name === bodyParameter);
    if (parameter === undefined || (parameter.type !== 'Resource' && parameter.type !== body.resourceType)) {
      const besides = parameter === undefined ? '' : `, or a ${parameter.type}`;
      throw invalidRequest(
        `The body of $${operation.name} is a Parameters resource${besides}, not ${clip(body.resourceType)}`,
        'resourceType',
      );
    }
    add(parameter, body.resourceType, resourceOf(definitions, parameter, body, body.resourceType));
    return found;
  }
  requireValidParameters(definitions, body);
  for (const [index, entry] of ((body['parameter'] ?? []) as readonly ParametersEntry[]).entries()) {
    const place = `Parameters.parameter[${String(index)}]`;
    const parameter = parameterOf(definitions, operation, entry.name, place);
    add(parameter, place, valueOfEntry(definitions, parameter, entry, place));
  }
  return found;
}

/** The parameters of an operation that a version has. */
const parametersIn = ({ version }: FhirDefinitions, { parameters }: Operation): readonly OperationParameter[] =>
  parameters.filter(({ versions }) => versions?.includes(version) !== false);

function parameterOf(
  definitions: FhirDefinitions,
  operation: Operation,
  name: string,
  place: string,
): OperationParameter {
  const known = parametersIn(definitions, operation);
  const found = known.find((parameter) => parameter.name === name);
  if (found !== undefined) return found;
  if (operation.takesSearch === true) return { name, type: 'string', repeats: true };
  const names = known.map((parameter) => parameter.name);
  const near = nearest(name, names);
  const hint =
    near === undefined ? (names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`) : `did you mean ${near}?`;
  throw notSupported(`$${operation.name} has no parameter "${clip(name)}" here; ${hint}`, place);
}

const whole = /^[+-]?\d{1,10}$/;

/** The JSON of a primitive written as text, as in a query. */
function valueOfText(
  definitions: FhirDefinitions,
  { name, type }: OperationParameter,
  text: string,
  place: string,
): unknown {
  if (!isPrimitiveType(definitions.version, type)) {
    throw invalidRequest(`${name} is of type ${type} and does not fit into a URL: POST a Parameters resource`, place);
  }
  const isNumber = ['integer', 'positiveInt', 'unsignedInt', 'decimal'].includes(type);
  const isBoolean = type === 'boolean' && (text === 'true' || text === 'false');
  const value = isBoolean ? text === 'true' : isNumber && whole.test(text) ? Number(text) : text;
  const fault = primitiveCheck(definitions.version, type)(value);
  if (fault === undefined) return value;
  const expected = isNumber && typeof value === 'string' ? 'a whole number' : fault.expected;
  throw invalidRequest(
    `${name} must be ${type === 'boolean' ? 'true or false' : expected}, not "${clip(text)}"`,
    place,
  );
}

function valueOfEntry(
  definitions: FhirDefinitions,
  parameter: OperationParameter,
  entry: ParametersEntry,
  place: string,
): unknown {
  const { name, type } = parameter;
  if (type === 'part') {
    if (entry.part === undefined) throw invalidRequest(`${name} must have parts`, place);
    return entry.part;
  }
  if (type === 'Resource' || definitions.structures.isResourceType(type)) {
    if (entry.resource === undefined) throw invalidRequest(`${name} must be a resource`, place);
    return resourceOf(definitions, parameter, entry.resource, `${place}.resource`);
  }
  const key = Object.keys(entry).find((member) => member.startsWith('value'));
  if (key === undefined) throw invalidRequest(`${name} must have a value of type ${type}`, place);
  const stated = definitions.structures.members('Parameters.parameter').get(key)?.type ?? '';
  const value = entry[key];
  if (stated === type) return value;
  // Clients write a uri as a string, a code as a uri, and so on: what counts is whether the text is one of the type.
  if (isPrimitiveType(definitions.version, type) && isPrimitiveType(definitions.version, stated)) {
    return valueOfText(definitions, parameter, decimalText(value) ?? String(value), `${place}.${key}`);
  }
  throw invalidRequest(`${name} must be of type ${type}, not ${stated}`, `${place}.${key}`);
}

function resourceOf(
  definitions: FhirDefinitions,
  { name, type }: OperationParameter,
  value: unknown,
  place: string,
): Resource {
  const resource = requireResource(value, place);
  if (type === 'Resource') return resource;
  if (resource.resourceType !== type) {
    throw invalidRequest(`${name} must be a ${type}, not ${clip(resource.resourceType)}`, place);
  }
  const issues = validateResource(definitions, resource, { path: place });
  if (issues.length > 0) throw invalidResource(issues);
  return resource;
}

/** The rules of Parameters itself; resources inside are checked one by one, as each parameter asks for. */
function requireValidParameters(definitions: FhirDefinitions, body: Resource): void {
  const bare = (entry: unknown): unknown => {
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return entry;
    const rest = Object.entries(entry)
      .filter(([name]) => name !== 'resource')
      .map(([name, value]: [string, unknown]) => [
        name,
        name === 'part' && Array.isArray(value) ? value.map(bare) : value,
      ]);
    // What had nothing but a resource lacks its name, not all members.
    return rest.length === 0 && 'resource' in entry ? { valueBoolean: true } : Object.fromEntries(rest);
  };
  const { parameter } = body;
  const envelope = { ...body, ...(Array.isArray(parameter) ? { parameter: parameter.map(bare) } : {}) };
  const issues = validateResource(definitions, envelope);
  if (issues.length > 0) throw invalidResource(issues);
}
