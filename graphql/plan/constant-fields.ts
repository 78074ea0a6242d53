import { type ASTNode, BREAK, Kind, type OperationDefinitionNode, type SelectionSetNode, visit } from 'graphql';
import type { FhirDefinitions } from '../../fhir/definitions.js';
import { pathText, type ResponsePath } from '../failure.js';
import type { SelectedType } from '../fields.js';
import type { Operation } from '../request.js';
import { typeNameOf } from '../type-names.js';
import type { FieldPlan } from './field-plan.js';

/** So many fields are remembered, each some hundred bytes; those of the operation met first are forgotten first. */
const mostFields = 20_000;

/** Where a selection set stands. */
export interface SetPlace {
  readonly set: SelectionSetNode;
  readonly type: SelectedType;
  readonly path: ResponsePath;
}

/** What was compiled of one operation. */
interface OfOperation {
  readonly places: Map<SelectionSetNode, Map<string, readonly FieldPlan[]>>;
  fields: number;
}

/** So many characters of a document, whose nodes stay with what was compiled, weigh as much as a field. */
const charactersOfField = 10;

/** What was compiled of selection sets that no variable makes different. */
export class ConstantFields {
  private readonly operations = new Map<OperationDefinitionNode, OfOperation>();
  private fields = 0;

  known(operation: OperationDefinitionNode, { set, type, path }: SetPlace): readonly FieldPlan[] | undefined {
    return this.operations.get(operation)?.places.get(set)?.get(placeText(type, path));
  }

  /** @param fields those of a set for which `isConstant`. */
  remember(operation: OperationDefinitionNode, { set, type, path }: SetPlace, fields: readonly FieldPlan[]): void {
    let of = this.operations.get(operation);
    if (of === undefined) {
      const weight = Math.ceil((operation.loc?.source.body.length ?? 0) / charactersOfField);
      of = { places: new Map(), fields: weight };
      this.operations.set(operation, of);
      this.fields += weight;
    }
    const places = of.places.get(set) ?? new Map<string, readonly FieldPlan[]>();
    of.places.set(set, places.set(placeText(type, path), fields));
    this.count(of, fields);
  }

  /** Counts fields as well that a remembered selection compiled of a type, once it was met: they stay with it. */
  grow(operation: OperationDefinitionNode, fields: readonly FieldPlan[]): void {
    const of = this.operations.get(operation);
    if (of !== undefined) this.count(of, fields);
  }

  private count(of: OfOperation, fields: readonly FieldPlan[]): void {
    const count = countOf(fields);
    of.fields += count;
    this.fields += count;
    for (const [oldest, { fields: its }] of this.operations) {
      if (this.fields <= mostFields) return;
      this.operations.delete(oldest);
      this.fields -= its;
    }
  }
}

const ofVersions = new WeakMap<FhirDefinitions, ConstantFields>();

/** What was compiled against a version's definitions. */
export function constantFields(definitions: FhirDefinitions): ConstantFields {
  const known = ofVersions.get(definitions) ?? new ConstantFields();
  ofVersions.set(definitions, known);
  return known;
}

const placeText = (type: SelectedType, path: ResponsePath): string => `${typeNameOf(type)} ${pathText(path)}`;

const countOf = (fields: readonly FieldPlan[]): number =>
  fields.reduce((sum, { content }) => sum + 1 + ('fields' in content ? countOf(content.fields) : 0), 1);

const constants = new WeakMap<SelectionSetNode, boolean>();

/** Whether no variable stands in a set, nor in the fragments it leads to, which are in no cycle. */
export function isConstant(set: SelectionSetNode, fragments: Operation['fragments']): boolean {
  let constant = constants.get(set);
  if (constant === undefined) constants.set(set, (constant = !hasVariable(set, fragments)));
  return constant;
}

function hasVariable(node: ASTNode, fragments: Operation['fragments']): boolean {
  let has = false;
  visit(node, {
    enter(each) {
      if (each.kind === Kind.VARIABLE) has = true;
      if (each.kind === Kind.FRAGMENT_SPREAD) {
        const fragment = fragments.get(each.name.value);
        if (fragment !== undefined && !isConstant(fragment.selectionSet, fragments)) has = true;
      }
      return has ? BREAK : undefined;
    },
  });
  return has;
}
