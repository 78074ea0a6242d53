import type { FieldNode } from 'graphql';
import type { FhirDefinitions } from '../../fhir/definitions.js';
import { decimalNumber } from '../../fhir/json.js';
import { invalidRequest } from '../../fhir/outcome.js';
import { compileStatement, holds, type StatementFocus } from '../statement.js';
import { isJsonObject } from '../variables.js';
import { type Arguments, requireKnown, scalarText, textArgument, wholeArgument } from './arguments.js';

/** Chooses among the elements of a list; `focus` makes what a FHIRPath is evaluated on. */
export type ElementFilter = (
  elements: readonly unknown[],
  focus: (value: unknown, index: number) => StatementFocus,
) => readonly unknown[];

/** All of them. */
export const everyElement: ElementFilter = (elements) => elements;

type Test = (element: unknown, focus: () => StatementFocus) => boolean;

/**
 * Reads the arguments of a complex element: `fhirpath`, `_count`, `_offset`, and primitive members with the value
 * they must have. Count and offset are those of what the others let pass.
 * @param type the FHIR type of the elements; undefined for resources of any type.
 * @throws OperationOutcomeError 400 naming an argument that is not known or has no usable value.
 * @see https://hl7.org/fhir/R4/graphql.html#list
 */
export function elementFilter(
  definitions: FhirDefinitions,
  node: FieldNode,
  given: Arguments,
  type: string | undefined,
): ElementFilter {
  const filterable = type === undefined ? ['resourceType', 'id'] : primitiveMembers(definitions, type);
  const general = ['fhirpath', '_count', '_offset'];
  requireKnown(node, [...general, ...filterable]);
  if (given.size === 0) return everyElement;
  const tests: Test[] = [];
  const path = textArgument(given, 'fhirpath');
  if (path !== undefined) {
    const statement = compileStatement(definitions, path);
    tests.push((_, focus) => holds(statement, path, focus()));
  }
  for (const [name, value] of given) if (!general.includes(name)) tests.push(memberTest(name, value));
  const count = wholeArgument(given, '_count');
  const offset = wholeArgument(given, '_offset') ?? 0;
  return (elements, focus) => {
    const passed = elements.filter((element, index) =>
      tests.every((test) => test(element, () => focus(element, index))),
    );
    return passed.slice(offset, count === undefined ? undefined : offset + count);
  };
}

const primitiveMembers = ({ structures }: FhirDefinitions, type: string): string[] => [
  ...[...structures.members(type)].filter(([, member]) => member.isPrimitive).map(([name]) => name),
  ...(structures.isResourceType(type) ? ['resourceType'] : []),
];

/** Whether a member has a value; of several values in a list, one will do. */
function memberTest(name: string, wanted: unknown): Test {
  const values: readonly unknown[] = Array.isArray(wanted) ? wanted : [wanted];
  const texts = values.map((value) => {
    const text = scalarText(value);
    if (text === undefined) throw invalidRequest(`${name} must be a text, a number, true or false, or a list of them`);
    return text;
  });
  const isWanted = (value: unknown): boolean => {
    const text = scalarText(value);
    if (text === undefined) return false;
    const number = decimalNumber(value);
    // 1.50 is the same number as 1.5.
    return texts.some((each) => each === text || (number !== undefined && each !== '' && Number(each) === number));
  };
  return (element) => {
    const value = isJsonObject(element) && Object.hasOwn(element, name) ? element[name] : undefined;
    return Array.isArray(value) ? value.some(isWanted) : isWanted(value);
  };
}
