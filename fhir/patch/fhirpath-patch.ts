import type { FhirDefinitions } from '../definitions.js';
import { decimalNumber } from '../json.js';
import { invalidRequest, OperationOutcomeError, patchFailed, tooCostly } from '../outcome.js';
import type { Resource } from '../resource.js';
import { validateResource } from '../validate.js';
import { isJsonObject, isPresent, lengthOf, memberFor, objectAt, placeOf, type ElementPlace } from './element-place.js';
import { appendItem, insertItem, removeItem } from './element-list.js';
import {
  datatypeOf,
  elementJson,
  type ParameterPart,
  type PatchValue,
  readPatchValue,
  removeElement,
  setElement,
} from './element-value.js';
import { clipped, PatchFault } from './patch-fault.js';
import { elementSelector, type SelectElements } from './select-elements.js';

/** One operation of a FHIRPath Patch. https://hl7.org/fhir/R4/fhirpatch.html */
export type FhirPathOperation = { readonly path: string } & (
  | { readonly type: 'add'; readonly name: string; readonly value: PatchValue }
  | { readonly type: 'insert'; readonly value: PatchValue; readonly index: number }
  | { readonly type: 'delete' }
  | { readonly type: 'replace'; readonly value: PatchValue }
  | { readonly type: 'move'; readonly source: number; readonly destination: number }
);

/** Each evaluates an expression on the whole resource: more are refused. */
const mostOperations = 1_000;

/**
 * Reads a FHIRPath Patch. https://hl7.org/fhir/R4/fhirpatch.html https://hl7.org/fhir/STU3/fhirpatch.html
 * @param parameters a Parameters resource with a parameter `operation` for each operation.
 * @throws OperationOutcomeError 422 when the Parameters resource breaks the rules of its type, 400 naming the operation
 * (`Parameters.parameter[2]`) that is none, 413 for more than 1,000 of them.
 */
export function readFhirPathPatch(definitions: FhirDefinitions, parameters: Resource): readonly FhirPathOperation[] {
  if (parameters.resourceType !== 'Parameters') {
    throw invalidRequest('A FHIRPath Patch is a Parameters resource; a JSON Patch goes as application/json-patch+json');
  }
  const issues = validateResource(definitions, parameters);
  if (issues.length > 0) throw new OperationOutcomeError(422, issues);
  const operations = (parameters['parameter'] ?? []) as readonly ParameterPart[];
  if (operations.length > mostOperations) throw tooCostly(`A patch has at most ${String(mostOperations)} operations`);
  return operations.map((each, index) => readOperation(definitions, each, placeName(index)));
}

const placeName = (index: number): string => `Parameters.parameter[${String(index)}]`;

function readOperation(definitions: FhirDefinitions, parameter: ParameterPart, place: string): FhirPathOperation {
  if (parameter.name !== 'operation' || parameter.part === undefined) {
    throw invalidRequest('The parameters of a FHIRPath Patch are named "operation" and made of parts', place);
  }
  const parts = new Map<string, ParameterPart>();
  for (const part of parameter.part) {
    const name = part.name ?? '';
    if (!partNames.has(name)) throw invalidRequest(`An operation has no part ${clipped(name)}`, place);
    if (parts.has(name)) throw invalidRequest(`The part ${name} stands twice`, place);
    parts.set(name, part);
  }
  const text = (name: string): string => {
    const part = parts.get(name);
    const value = part?.['valueString'] ?? part?.['valueCode'];
    if (typeof value !== 'string') throw invalidRequest(`The operation needs a part "${name}" with a text`, place);
    return value;
  };
  const whole = (name: string): number => {
    const part = parts.get(name);
    const value = decimalNumber(part?.['valueInteger'] ?? part?.['valueUnsignedInt'] ?? part?.['valuePositiveInt']);
    if (value === undefined || value < 0) {
      throw invalidRequest(`The operation needs a part "${name}" with an integer from 0 on`, place);
    }
    return value;
  };
  const value = (): PatchValue => {
    const part = parts.get('value');
    const given = part && readPatchValue(definitions.structures, part);
    if (given === undefined) throw invalidRequest('The operation needs a part "value" with a value', place);
    return given;
  };
  const path = text('path');
  const type = text('type');
  switch (type) {
    case 'add':
      return { type, path, name: text('name'), value: value() };
    case 'insert':
      return { type, path, value: value(), index: whole('index') };
    case 'delete':
      return { type, path };
    case 'replace':
      return { type, path, value: value() };
    case 'move':
      return { type, path, source: whole('source'), destination: whole('destination') };
    default:
      throw invalidRequest(`"${clipped(type)}" is no operation: add, insert, delete, replace and move are`, place);
  }
}

const partNames = new Set(['type', 'path', 'name', 'value', 'index', 'source', 'destination']);

/**
 * Applies a FHIRPath Patch: all operations in order, or none. https://hl7.org/fhir/R4/fhirpatch.html
 * @param resource is changed in place; when this throws it is of no use any more.
 * @throws OperationOutcomeError 422 naming the operation that cannot be done (`Parameters.parameter[2]`).
 */
export async function applyFhirPathPatch(
  definitions: FhirDefinitions,
  resource: Resource,
  operations: readonly FhirPathOperation[],
): Promise<void> {
  if (operations.length === 0) return;
  const select = await elementSelector(definitions.version);
  for (const [index, operation] of operations.entries()) {
    try {
      applyOperation(definitions, resource, select, operation);
    } catch (fault) {
      if (!(fault instanceof PatchFault)) throw fault;
      const which = `Operation ${String(index + 1)} (${operation.type} ${clipped(operation.path)})`;
      throw patchFailed(`${which}: ${fault.message}`, placeName(index));
    }
  }
}

function applyOperation(
  definitions: FhirDefinitions,
  resource: Resource,
  select: SelectElements,
  operation: FhirPathOperation,
): void {
  const { structures } = definitions;
  const { path } = operation;
  switch (operation.type) {
    case 'add': {
      const steps = theOne(select(resource, path));
      const { holder, type } =
        steps.length === 0
          ? { holder: resource, type: resource.resourceType }
          : objectAt(structures, placeOf(structures, resource, steps));
      const { name, value } = operation;
      const [jsonName, member] = memberFor(structures, type, name, datatypeOf(value));
      const element = elementJson(structures, member, value);
      if (member.rule.max !== 1) appendItem(holder, jsonName, element);
      else {
        const others = [...structures.members(type)].filter(([, { rule }]) => rule === member.rule);
        if (others.some(([other]) => isPresent(holder, other))) {
          throw new PatchFault(`${clipped(name)} is there already and does not repeat; replace would change it`);
        }
        setElement(holder, jsonName, element);
      }
      return;
    }
    case 'insert': {
      const { holder, name, member } = collection(definitions, resource, select, path);
      const { index, value } = operation;
      const length = lengthOf(holder, name);
      if (index > length) throw new PatchFault(`the list has ${String(length)} elements; the index is beyond`);
      insertItem(holder, name, index, elementJson(structures, member, value));
      return;
    }
    case 'delete': {
      const found = select(resource, path);
      if (found.length === 0) return;
      remove(placeOf(structures, resource, theOne(found)));
      return;
    }
    case 'replace': {
      const place = placeOf(structures, resource, theOne(select(resource, path)));
      const { holder, holderType, name, index, member } = place;
      const { value } = operation;
      if (index !== undefined) {
        const element = elementJson(structures, member, value);
        removeItem(holder, name, index);
        insertItem(holder, name, index, element);
        return;
      }
      const bare = member.rule.name.endsWith('[x]') ? member.rule.name.slice(0, -3) : name;
      const [newName, newMember] = memberFor(structures, holderType, bare, datatypeOf(value));
      const element = elementJson(structures, newMember, value);
      removeElement(holder, name);
      setElement(holder, newName, element);
      return;
    }
    case 'move': {
      const { holder, name } = collection(definitions, resource, select, path);
      const { source, destination } = operation;
      const length = lengthOf(holder, name);
      if (source >= length || destination >= length) {
        throw new PatchFault(`the list has ${String(length)} elements; source or destination is beyond`);
      }
      insertItem(holder, name, destination, removeItem(holder, name, source));
    }
  }
}

function theOne<Item>(found: readonly Item[]): Item {
  const [first] = found;
  if (first === undefined) throw new PatchFault('there is no such element');
  if (found.length > 1) throw new PatchFault(`${String(found.length)} elements are there; the path must select one`);
  return first;
}

function remove({ holder, name, index }: ElementPlace): void {
  if (index === undefined) removeElement(holder, name);
  else removeItem(holder, name, index);
}

/** The list a path names: it selects all elements of one list, or ends in the name of one that is not there yet. */
function collection(
  definitions: FhirDefinitions,
  resource: Resource,
  select: SelectElements,
  path: string,
): Omit<ElementPlace, 'index'> {
  const { structures } = definitions;
  const places = select(resource, path).map((steps) => placeOf(structures, resource, steps));
  const [first] = places;
  if (first === undefined) return missingList(definitions, resource, select, path);
  const isList = places.every(
    ({ holder, name, index }) => holder === first.holder && name === first.name && index !== undefined,
  );
  if (!isList) throw new PatchFault('the path selects elements of more than one list, or of none');
  if (places.length < lengthOf(first.holder, first.name))
    throw new PatchFault('the path selects a part of a list only');
  return first;
}

function missingList(
  { structures }: FhirDefinitions,
  resource: Resource,
  select: SelectElements,
  path: string,
): Omit<ElementPlace, 'index'> {
  const [, above, name] = /^(.+)\.([A-Za-z]\w*)$/.exec(path) ?? [];
  if (above === undefined || name === undefined) throw new PatchFault('there is no such list');
  const steps = theOne(select(resource, above));
  const at =
    steps.length === 0
      ? { holder: resource, type: resource.resourceType }
      : objectAt(structures, placeOf(structures, resource, steps));
  const member = structures.members(at.type).get(name);
  if (member === undefined || member.rule.max === 1 || !isJsonObject(at.holder)) {
    throw new PatchFault('there is no such list');
  }
  return { holder: at.holder, holderType: at.type, name, member };
}
