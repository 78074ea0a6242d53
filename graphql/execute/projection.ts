import { everyElement } from '../plan/element-filter.js';
import type { FieldPlan } from '../plan/field-plan.js';
import { isJsonObject, type JsonObject } from '../variables.js';
import type { Cost } from './cost.js';

/**
 * Takes what is selected out of an object, and lays it out at once.
 * @param nulls whether what is not there is null; otherwise it is left out.
 * @throws OperationOutcomeError 413 as `Cost`.
 */
export type Projection = (object: JsonObject, cost: Cost, nulls: boolean) => JsonObject;

/** The value of one field; undefined when it is not there. */
type Reading = (object: JsonObject, cost: Cost, nulls: boolean) => unknown;

const made = new WeakMap<readonly FieldPlan[], Projection | 'none'>();

/**
 * The projection of fields that are plain all the way down: nothing is to be read for them, filtered, or laid out by
 * directives. Most of most answers is such.
 * @returns undefined for other fields, which `Walk` and `shaped` show.
 */
export function projectionOf(fields: readonly FieldPlan[]): Projection | undefined {
  let projection = made.get(fields);
  if (projection === undefined) made.set(fields, (projection = projectionFor(fields) ?? 'none'));
  return projection === 'none' ? undefined : projection;
}

function projectionFor(fields: readonly FieldPlan[]): Projection | undefined {
  const members: { readonly key: string; readonly read: Reading }[] = [];
  for (const plan of fields) {
    const read = readingOf(plan);
    if (read === undefined || plan.key === '__proto__') return undefined;
    members.push({ key: plan.key, read });
  }
  // Two targets of a reference may share a name; plain fields do not.
  if (new Set(members.map(({ key }) => key)).size < members.length) return undefined;
  const values = members.length + 1;
  return (object, cost, nulls) => {
    cost.add('values', values);
    const shown: JsonObject = {};
    for (const { key, read } of members) {
      const value = read(object, cost, nulls);
      if (value !== undefined) shown[key] = value;
      else if (nulls) shown[key] = null;
    }
    return shown;
  };
}

function readingOf({ name, layout, isList, content, valueType }: FieldPlan): Reading | undefined {
  if (layout.flatten || layout.first || layout.singleton || layout.slice !== undefined) return undefined;
  const memberOf = (object: JsonObject): unknown =>
    Object.hasOwn(object, name) ? (object[name] ?? undefined) : undefined;
  if (content.kind === 'constant') return () => (isList ? [content.value] : content.value);
  if (content.kind === 'primitive') {
    return (object, cost) => {
      const member = memberOf(object);
      if (member === undefined) return undefined;
      cost.add('values', Array.isArray(member) ? member.length : 1);
      return valueOf(Array.isArray(member) ? (member as unknown[]) : [member], isList);
    };
  }
  // The edges of a connection are there even when there are none.
  if (content.kind !== 'element' || content.filter !== everyElement || valueType.endsWith('Edge')) return undefined;
  const inside = projectionOf(content.fields);
  if (inside === undefined) return undefined;
  return (object, cost, nulls) => {
    const member = memberOf(object);
    if (member === undefined) return undefined;
    const show = (item: unknown): unknown => (isJsonObject(item) ? inside(item, cost, nulls) : null);
    return valueOf(Array.isArray(member) ? member.map(show) : [show(member)], isList);
  };
}

const valueOf = (values: readonly unknown[], isList: boolean): unknown =>
  values.length === 0 ? undefined : isList || values.length > 1 ? values : (values[0] ?? undefined);
