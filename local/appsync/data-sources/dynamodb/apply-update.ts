import { validationError, type WireItem, type WireValue } from './api.js';
import { addNumbers, subtractNumbers } from './decimal.js';
import { valueAt } from './evaluate.js';
import type { Path, SetValue, Update } from './expression.js';
import { canonicalText, typeOf } from './values.js';

const wrongType = (): never => {
  throw validationError('An operand in the update expression has an incorrect data type');
};

function resolve(item: WireItem, value: SetValue): WireValue {
  switch (value.kind) {
    case 'value':
      return value.value;
    case 'path': {
      const found = valueAt(item, value.path);
      if (found !== undefined) return found;
      throw validationError('The provided expression refers to an attribute that does not exist in the item');
    }
    case 'if_not_exists':
      return valueAt(item, value.path) ?? resolve(item, value.otherwise);
    case 'list_append': {
      const [left, right] = [resolve(item, value.left), resolve(item, value.right)];
      return 'L' in left && 'L' in right ? { L: [...left.L, ...right.L] } : wrongType();
    }
    case '+':
    case '-': {
      const [left, right] = [resolve(item, value.left), resolve(item, value.right)];
      if (!('N' in left && 'N' in right)) return wrongType();
      return { N: (value.kind === '+' ? addNumbers : subtractNumbers)(left.N, right.N) };
    }
    case 'size':
      throw validationError(
        'Invalid UpdateExpression: The function is not allowed in an update expression; function: size',
      );
  }
}

/** The value with what stands at `steps` replaced; undefined takes it away. */
function changed(
  at: WireValue | undefined,
  steps: readonly (string | number)[],
  value: WireValue | undefined,
): WireValue | undefined {
  const [step, ...rest] = steps;
  if (step === undefined) return value;
  const fits = at !== undefined && (typeof step === 'number' ? 'L' in at : 'M' in at);
  if (!fits) {
    if (value === undefined) return at;
    throw validationError('The document path provided in the update expression is invalid for update');
  }
  if (typeof step === 'number' && 'L' in at) {
    const inner = changed(at.L[step], rest, value);
    if (step >= at.L.length) return inner === undefined ? at : { L: [...at.L, inner] };
    return { L: at.L.flatMap((one, index) => (index !== step ? [one] : inner === undefined ? [] : [inner])) };
  }
  const members = 'M' in at ? at.M : {};
  const name = String(step);
  const inner = changed(Object.hasOwn(members, name) ? members[name] : undefined, rest, value);
  const others = Object.entries(members).filter(([other]) => other !== name);
  return { M: Object.fromEntries(inner === undefined ? others : [...others, [name, inner]]) };
}

const at = (item: WireItem, path: Path, value: WireValue | undefined): WireItem => {
  const whole = changed({ M: item }, path, value);
  return whole !== undefined && 'M' in whole ? whole.M : {};
};

const setTypes = ['SS', 'NS', 'BS'] as const;

/** The union of two sets of one type, or the first without the members of the second. */
function setOf(before: WireValue | undefined, given: WireValue, keep: 'both' | 'rest'): WireValue | undefined {
  const type = setTypes.find((one) => one === typeOf(given));
  if (type === undefined || (before !== undefined && typeOf(before) !== type)) return wrongType();
  const members = (value: WireValue | undefined): readonly string[] =>
    value === undefined ? [] : ((value as Record<string, readonly string[]>)[type] ?? []);
  const single = type.slice(0, 1);
  const text = (one: string): string => canonicalText({ [single]: one } as WireValue);
  const other = new Set(members(given).map(text));
  const rest = members(before).filter((one) => !other.has(text(one)));
  const kept = keep === 'both' ? [...rest, ...members(given)] : rest;
  return kept.length === 0 ? undefined : ({ [type]: kept } as unknown as WireValue);
}

/** Paths so that the elements of a list are removed from its end on: indices mean the list as it was. */
const fromTheEnd = (paths: readonly Path[]): Path[] =>
  [...paths].sort((a, b) => {
    const differs = a.findIndex((step, index) => step !== b[index]);
    const [left, right] = [a[differs], b[differs]];
    return typeof left === 'number' && typeof right === 'number' ? right - left : 0;
  });

/**
 * What an update makes of an item. All it reads is of the item as it was.
 * @param item as it is, with its key; only the key for one that is made.
 * @throws DynamoDbError as DynamoDB says it.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
 */
export function applyUpdate(item: WireItem, update: Update): WireItem {
  const values = update.set.map(({ path, value }) => [path, resolve(item, value)] as const);
  let result = item;
  for (const [path, value] of values) result = at(result, path, value);
  for (const { path, value } of update.add) {
    const before = valueAt(item, path);
    if (!('N' in value)) result = at(result, path, setOf(before, value, 'both'));
    else if (before === undefined) result = at(result, path, value);
    else result = at(result, path, 'N' in before ? { N: addNumbers(before.N, value.N) } : wrongType());
  }
  for (const { path, value } of update.delete) {
    const before = valueAt(item, path);
    const rest = setOf(before, value, 'rest');
    if (before !== undefined) result = at(result, path, rest);
  }
  for (const path of fromTheEnd(update.remove)) result = at(result, path, undefined);
  return result;
}
