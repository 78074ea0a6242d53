import type { AttributeValue, Condition, Item } from './table.js';

/** Whether a condition holds of the item that is stored under an action's key. */
export function holds(condition: Condition, existing: Item | undefined): boolean {
  if (condition.kind === 'absent') return existing === undefined;
  return (
    existing !== undefined &&
    Object.entries(condition.attributes).every(([name, expected]) => same(existing[name], expected))
  );
}

function same(stored: AttributeValue | undefined, expected: AttributeValue | undefined): boolean {
  if (typeof stored !== 'object' || typeof expected !== 'object') return stored === expected;
  return stored.length === expected.length && stored.every((value, place) => value === expected[place]);
}
