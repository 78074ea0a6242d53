import type { DirectiveNode } from 'graphql';
import type { FhirDefinitions } from '../../fhir/definitions.js';
import { invalidRequest } from '../../fhir/outcome.js';
import { compileStatement } from '../statement.js';
import type { Variables } from '../variables.js';
import { argumentsOf, flagArgument, textArgument } from './arguments.js';
import type { Layout } from './field-plan.js';

const known: Readonly<Record<string, readonly string[]>> = {
  skip: ['if'],
  include: ['if'],
  flatten: [],
  first: [],
  singleton: [],
  slice: ['path', 'fhirpath'],
};
const conditions: ReadonlySet<string> = new Set(['skip', 'include']);

/**
 * Whether `@skip` and `@include` leave a selection in. https://hl7.org/fhir/R4/graphql.html#conformance
 * @throws OperationOutcomeError 400 when `if` is not there, or its variable has no value.
 */
export function isIncluded(directives: readonly DirectiveNode[] | undefined, variables: Variables): boolean {
  return (directives ?? []).every((directive) => {
    const name = directive.name.value;
    if (!conditions.has(name)) return true;
    const value = flagArgument(argumentsOf(directive.arguments, variables), 'if');
    if (value === undefined) throw invalidRequest(`@${name} needs "if" with a value, true or false`);
    return value === (name === 'include');
  });
}

/**
 * Refuses directives there are not, or that cannot stand here.
 * @param onFragment where only `@skip` and `@include` may stand.
 * @throws OperationOutcomeError 400.
 */
export function requireDirectives(directives: readonly DirectiveNode[] | undefined, onFragment: boolean): void {
  const seen = new Set<string>();
  for (const { name, arguments: given } of directives ?? []) {
    const possible = Object.hasOwn(known, name.value) ? known[name.value] : undefined;
    if (possible === undefined) {
      const names = Object.keys(known).map((each) => `@${each}`);
      throw invalidRequest(`There is no directive @${name.value}; there are ${names.join(', ')}`);
    }
    if (seen.has(name.value)) throw invalidRequest(`@${name.value} stands twice`);
    seen.add(name.value);
    if (onFragment && !conditions.has(name.value)) throw invalidRequest(`@${name.value} stands at a field`);
    const other = given?.find((each) => !possible.includes(each.name.value));
    if (other !== undefined) throw invalidRequest(`@${name.value} has no argument ${other.name.value}`);
  }
}

/**
 * Reads how a field's values are laid out. https://hl7.org/fhir/R4/graphql.html#flattening
 * @param hasFields whether the field has fields of its own, which can stand in its place.
 * @throws OperationOutcomeError 400.
 */
export function layoutOf(
  definitions: FhirDefinitions,
  directives: readonly DirectiveNode[] | undefined,
  variables: Variables,
  hasFields: boolean,
): Layout {
  const has = (name: string): boolean => directives?.some((each) => each.name.value === name) === true;
  const layout = { flatten: has('flatten'), first: has('first'), singleton: has('singleton') };
  if (layout.flatten && !hasFields) throw invalidRequest('@flatten stands at a field that has fields of its own');
  if (layout.flatten && layout.singleton) {
    throw invalidRequest(
      '@singleton says how a value is shown, and @flatten shows none: it stands at the fields inside',
    );
  }
  const slice = directives?.find((each) => each.name.value === 'slice');
  if (slice === undefined) return layout;
  const given = argumentsOf(slice.arguments, variables);
  const path = textArgument(given, 'path') ?? textArgument(given, 'fhirpath');
  if (path === undefined) throw invalidRequest('@slice needs "path", a FHIRPath such as "$index" or "use"');
  return { ...layout, slice: compileStatement(definitions, path) };
}
