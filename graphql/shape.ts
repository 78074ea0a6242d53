import { invalidRequest } from '../fhir/outcome.js';
import { failureAt, GraphqlRefusal } from './failure.js';
import { ObjectResult, type FieldResult } from './execute/result.js';
import type { FieldPlan } from './plan/field-plan.js';
import type { JsonObject } from './variables.js';

/** What stands under one name of an answer's object. */
interface Collated {
  readonly plan: FieldPlan;
  readonly values: unknown[];
  isList: boolean;
}

/**
 * Lays out what was found as the JSON of the answer.
 * @param nulls whether a field without a value is null; otherwise it is left out, as in FHIR's JSON.
 * @throws GraphqlRefusal where `@singleton` has several values, or flattened values are of several types.
 * @see https://hl7.org/fhir/R4/graphql.html#flattening
 */
export function shaped(result: ObjectResult, nulls: boolean): JsonObject {
  const names = new Map<string, Collated>();
  collate(result, names, '', false, nulls);
  const members = [...names].map(([name, collated]): [string, unknown] => [name, valueOf(name, collated, nulls)]);
  return Object.fromEntries(members.filter(([, value]) => nulls || value !== undefined));
}

/**
 * Adds the fields of an object to the names of the answer.
 * @param suffix what slices around it put behind each name.
 * @param inherited whether a flattened list around it makes lists of its fields.
 */
function collate(
  result: ObjectResult,
  names: Map<string, Collated>,
  suffix: string,
  inherited: boolean,
  nulls: boolean,
): void {
  for (const field of result.fields) {
    const { plan, items } = field;
    const isList = inherited || (plan.isList && !(plan.layout.flatten && plan.layout.first));
    if (plan.layout.flatten) {
      for (const [place, item] of items.entries()) {
        if (item instanceof ObjectResult) collate(item, names, suffix + suffixOf(field, place), isList, nulls);
      }
    } else if (plan.layout.slice === undefined) add(names, plan, plan.key + suffix, items, isList, inherited);
    else {
      for (const [place, item] of items.entries()) {
        add(names, plan, plan.key + suffix + suffixOf(field, place), [item], isList, inherited);
      }
    }
  }
}

const suffixOf = ({ suffixes }: FieldResult, place: number): string =>
  suffixes === undefined ? '' : `.${suffixes[place] ?? ''}`;

function add(
  names: Map<string, Collated>,
  plan: FieldPlan,
  name: string,
  items: readonly unknown[],
  isList: boolean,
  inherited: boolean,
): void {
  // A gap stands for a place in its own list only.
  const values = inherited ? items.filter((item) => item !== null) : items;
  const known = names.get(name);
  if (known === undefined) {
    names.set(name, { plan, values: [...values], isList });
    return;
  }
  if (values.length > 0 && known.values.length > 0 && known.plan.valueType !== plan.valueType) {
    throw refused(plan, `${name} would hold values of the types ${known.plan.valueType} and ${plan.valueType}`);
  }
  known.values.push(...values);
  known.isList ||= isList;
}

function valueOf(name: string, { plan, values, isList }: Collated, nulls: boolean): unknown {
  const absent = nulls ? null : undefined;
  const { singleton } = plan.layout;
  const shown = values.map((value) => (value instanceof ObjectResult ? shaped(value, nulls) : value));
  if (singleton && shown.length > 1) {
    throw refused(plan, `${name} is a @singleton, and there are ${String(shown.length)} values`);
  }
  if (shown.length === 0) return isList && isSearched(plan) ? [] : absent;
  return (isList && !singleton) || shown.length > 1 ? shown : (shown[0] ?? absent);
}

/** A search that finds nothing says so; an element that is not there is left out. */
const isSearched = ({ content, valueType }: FieldPlan): boolean =>
  content.kind === 'search' || (content.kind === 'element' && valueType.endsWith('Edge'));

const refused = (plan: FieldPlan, message: string): GraphqlRefusal =>
  new GraphqlRefusal([failureAt(invalidRequest(message), plan.path, plan.nodes)]);
