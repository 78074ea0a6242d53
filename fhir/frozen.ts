/**
 * Freezes what JSON was parsed to, and all that is in it: whoever changed it would fail.
 * @param value nested as deep as what is stored, which is not deep.
 * @returns the same value.
 */
export function deeplyFrozen<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) deeplyFrozen(member);
  return Object.freeze(value);
}
