import { validationError, type WireItem, type WireValue } from './api.js';
import type { Condition, Operand, Path } from './expression.js';
import { canonicalText, compareValues, contentOf, sizeOf, typeOf } from './values.js';

function stepInto(at: WireValue | undefined, step: string | number): WireValue | undefined {
  if (at === undefined) return undefined;
  if (typeof step === 'number') return 'L' in at ? at.L[step] : undefined;
  return 'M' in at && Object.hasOwn(at.M, step) ? at.M[step] : undefined;
}

/** The value a path leads to, if there is one. */
export const valueAt = (item: WireItem, path: Path): WireValue | undefined =>
  path.reduce<WireValue | undefined>(stepInto, { M: item });

function resolve(item: WireItem, operand: Operand): WireValue | undefined {
  if (operand.kind === 'value') return operand.value;
  const value = valueAt(item, operand.path);
  if (operand.kind === 'path' || value === undefined) return value;
  const size = sizeOf(value);
  return size === undefined ? undefined : { N: String(size) };
}

const holds: Readonly<Record<string, (order: number) => boolean>> = {
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

/** A comparison with what is not there, or of another type, does not hold, but for `<>`. */
function compare(sign: string, a: WireValue | undefined, b: WireValue | undefined): boolean {
  if (a === undefined || b === undefined) return sign === '<>' && (a !== undefined || b !== undefined);
  if (sign === '=') return canonicalText(a) === canonicalText(b);
  if (sign === '<>') return canonicalText(a) !== canonicalText(b);
  const order = compareValues(a, b);
  return order !== undefined && holds[sign]?.(order) === true;
}

function contains(value: WireValue | undefined, part: WireValue | undefined): boolean {
  if (value === undefined || part === undefined) return false;
  if ('S' in value) return 'S' in part && value.S.includes(part.S);
  if ('B' in value) return 'B' in part && Buffer.from(value.B, 'base64').includes(Buffer.from(part.B, 'base64'));
  if ('L' in value) return value.L.some((one) => canonicalText(one) === canonicalText(part));
  const member = typeOf(part);
  if (!['SS', 'NS', 'BS'].includes(typeOf(value)) || typeOf(value) !== `${member}S`) return false;
  return (contentOf(value) as string[]).some(
    (one) => canonicalText({ [member]: one } as WireValue) === canonicalText(part),
  );
}

const startsWith = (value: WireValue | undefined, start: WireValue | undefined): boolean => {
  if (value === undefined || start === undefined) return false;
  if ('S' in value && 'S' in start) return value.S.startsWith(start.S);
  if (!('B' in value && 'B' in start)) return false;
  const wanted = Buffer.from(start.B, 'base64');
  return Buffer.from(value.B, 'base64').subarray(0, wanted.length).equals(wanted);
};

function call(name: string, operands: readonly Operand[], item: WireItem): boolean {
  const [first, second] = operands;
  if (first === undefined) return false;
  if (first.kind !== 'path') {
    throw validationError(
      `Invalid expression: Operator or function requires a document path; operator or function: ${name}`,
    );
  }
  const value = valueAt(item, first.path);
  const other = second === undefined ? undefined : resolve(item, second);
  switch (name) {
    case 'attribute_exists':
      return value !== undefined;
    case 'attribute_not_exists':
      return value === undefined;
    case 'attribute_type':
      return value !== undefined && other !== undefined && 'S' in other && typeOf(value) === other.S;
    case 'begins_with':
      return startsWith(value, other);
    default:
      return contains(value, other);
  }
}

/**
 * Whether a condition holds of an item.
 * @param item all its attributes; `{}` for one that is not there.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
 */
export function conditionHolds(condition: Condition, item: WireItem): boolean {
  switch (condition.kind) {
    case 'and':
      return conditionHolds(condition.left, item) && conditionHolds(condition.right, item);
    case 'or':
      return conditionHolds(condition.left, item) || conditionHolds(condition.right, item);
    case 'not':
      return !conditionHolds(condition.of, item);
    case 'compare':
      return compare(condition.sign, resolve(item, condition.left), resolve(item, condition.right));
    case 'between': {
      const value = resolve(item, condition.of);
      return compare('>=', value, resolve(item, condition.low)) && compare('<=', value, resolve(item, condition.high));
    }
    case 'in': {
      const value = resolve(item, condition.of);
      return condition.list.some((one) => compare('=', value, resolve(item, one)));
    }
    case 'function':
      return call(condition.name, condition.arguments, item);
  }
}

/** A part of an item: what the paths lead to, in the maps and lists they lead through. */
export function projected(item: WireItem, paths: readonly Path[]): WireItem {
  const found = new Map<string, WireValue>();
  for (const path of paths) {
    const value = valueAt(item, path);
    if (value === undefined) continue;
    const [first, ...rest] = path;
    found.set(first, placed(found.get(first), rest, value));
  }
  return Object.fromEntries(found);
}

function placed(at: WireValue | undefined, steps: readonly (string | number)[], value: WireValue): WireValue {
  const [step, ...rest] = steps;
  if (step === undefined) return value;
  // Elements of lists that are chosen stand one after another.
  if (typeof step === 'number')
    return { L: [...(at !== undefined && 'L' in at ? at.L : []), placed(undefined, rest, value)] };
  const members = at !== undefined && 'M' in at ? at.M : {};
  return { M: { ...members, [step]: placed(members[step], rest, value) } };
}
