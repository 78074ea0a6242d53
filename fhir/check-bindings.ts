import type { FhirDefinitions } from './definitions.js';
import { type FhirNode, resourceNode } from './fhirpath/node.js';
import { Decimal } from './json.js';
import type { OutcomeIssue } from './outcome.js';
import { issueAt } from './place.js';
import { type CodeCheck, codesOfNode } from './profile/code-check.js';
import { itemsOf } from './profile/items.js';
import type { FhirVersion } from './version.js';

/** The value sets of elements (`Patient.maritalStatus`): how strong they are bound (`required`, …), the URL. */
export type BindingTable = Readonly<Record<string, readonly [strength: string, valueSet: string]>>;

/** Imports with constant paths, so that a bundler sees them; only operations ask. */
const generated: Readonly<Record<FhirVersion, () => Promise<{ readonly bindings: BindingTable }>>> = {
  r4: () => import('./generated/r4/bindings.js'),
  stu3: () => import('./generated/stu3/bindings.js'),
};

/** The bindings of a version. */
export const loadBindings = async (version: FhirVersion): Promise<BindingTable> =>
  (await generated[version]()).bindings;

/**
 * What of the base types' bindings warns: a code outside an extensible value set, which may be right where that has
 * none that fits, and a concept without a code where one is required. https://hl7.org/fhir/R4/terminologies.html#strength
 * @param resource that keeps the structural rules, required bindings among them.
 */
export function checkBindings(
  definitions: FhirDefinitions,
  bindings: BindingTable,
  resource: unknown,
  hasCode: CodeCheck,
): OutcomeIssue[] {
  const issues: OutcomeIssue[] = [];
  const { structures } = definitions;
  const visit = (node: FhirNode, path: readonly (string | number)[]): void => {
    if (typeof node.value !== 'object' || node.value === null || node.value instanceof Decimal) return;
    for (const { name } of structures.elements(node.type)) {
      const bound = bindings[`${node.type}.${name}`];
      for (const { node: child, place } of itemsOf(structures, node, name)) {
        const there = [...path, ...place];
        if (bound !== undefined) look(child, there, bound);
        visit(child, there);
      }
    }
  };
  const look = (
    node: FhirNode,
    path: readonly (string | number)[],
    [strength, valueSet]: BindingTable[string],
  ): void => {
    const codes = codesOfNode(node);
    if (codes.length === 0) {
      if (strength === 'required' && typeof node.value === 'object')
        issues.push(
          issueAt('warning', 'code-invalid', path, `has no code; one of the value set ${valueSet} is required`),
        );
      return;
    }
    const isLooked = strength === 'extensible' || (strength === 'required' && typeof node.value === 'object');
    if (!isLooked || codes.some((code) => hasCode(valueSet, code) !== false)) return;
    const why =
      strength === 'required'
        ? `has no code of the value set ${valueSet}, one of which is required`
        : `has no code of the value set ${valueSet}, which is to be used where it has one that fits (extensible)`;
    issues.push(issueAt('warning', 'code-invalid', path, why));
  };
  const node = resourceNode(structures, resource);
  if (node !== undefined) visit(node, [node.type]);
  return issues;
}
