import { type DynamoDbExpression, ExpressionParts, FilterError, isMembers } from './dynamodb-expression.js';

type Members = Readonly<Record<string, unknown>>;

/** What one attribute's update adds to the clauses SET and REMOVE. */
interface Clauses {
  readonly set: string[];
  readonly remove: string[];
}

type Operation = (path: string, value: (given: unknown) => string, operation: Members) => Partial<Clauses>;

const operations: Readonly<Record<string, Operation>> = {
  add: (path, value, { value: given }) => ({ set: [`${path} = ${value(given)}`] }),
  replace: (path, value, { value: given }) => ({ set: [`${path} = ${value(given)}`] }),
  remove: (path) => ({ remove: [path] }),
  increment: (path, value, { value: by }) => ({ set: [`${path} = ${path} + ${value(by)}`] }),
  decrement: (path, value, { value: by }) => ({ set: [`${path} = ${path} - ${value(by)}`] }),
  append: (path, value, { value: given }) => ({ set: [`${path} = list_append(${path}, ${value(given)})`] }),
  prepend: (path, value, { value: given }) => ({ set: [`${path} = list_append(${value(given)}, ${path})`] }),
};

const operationOf = (given: unknown): Operation | undefined => {
  const type = isMembers(given) ? given['_type'] : undefined;
  return typeof type === 'string' && Object.hasOwn(operations, type) ? operations[type] : undefined;
};

const isListItem = (given: unknown): given is Members & { readonly index: number } =>
  isMembers(given) && given['_type'] === 'updateListItem' && Number.isInteger(given['index']);

const isSet = (given: Members): boolean =>
  Object.keys(given).length === 1 && ['SS', 'NS', 'BS'].some((type) => Array.isArray(given[type]));

function collect(update: Members, steps: readonly string[], parts: ExpressionParts, clauses: Clauses): void {
  for (const [name, given] of Object.entries(update)) {
    if (given === undefined) continue;
    const below = [...steps, name];
    const value = (one: unknown): string => parts.value(below.join('_'), one);
    const operation = operationOf(given);
    if (operation !== undefined) {
      const { set = [], remove = [] } = operation(parts.path(below), value, given as Members);
      clauses.set.push(...set);
      clauses.remove.push(...remove);
    } else if (Array.isArray(given) && given.length > 0 && given.every(isListItem)) {
      for (const { index, value: item } of given) {
        clauses.set.push(`${parts.path(below)}[${String(index)}] = ${value(item)}`);
      }
    } else if (isMembers(given) && !isSet(given) && Object.keys(given).length > 0) {
      // A plain object names attributes of a map that is there; `add` and `replace` write a whole one.
      collect(given, below, parts, clauses);
    } else {
      clauses.set.push(`${parts.path(below)} = ${value(given)}`);
    }
  }
}

/**
 * The update expression of `update({ update })`: values are set, operations do what they say.
 * @param update attributes by name; a plain object inside changes attributes of the map that is there.
 * @throws FilterError when nothing is updated.
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/built-in-modules-js.html
 */
export function updateExpression(update: Members): DynamoDbExpression {
  const parts = new ExpressionParts();
  const clauses: Clauses = { set: [], remove: [] };
  collect(update, [], parts, clauses);
  const expression = [
    ...(clauses.set.length === 0 ? [] : [`SET ${clauses.set.join(', ')}`]),
    ...(clauses.remove.length === 0 ? [] : [`REMOVE ${clauses.remove.join(', ')}`]),
  ].join(' ');
  if (expression === '') throw new FilterError('update names no attribute');
  return parts.of(expression);
}
