import { type ElementJson, itemsOf, type JsonObject, lengthOf } from './element-place.js';

// A list of primitives stands in two arrays, `given` and `_given`, which must keep step.
// https://hl7.org/fhir/R4/json.html#primitive

/** Puts an element into a list, before the one at `index`. */
export function insertItem(holder: JsonObject, name: string, index: number, element: ElementJson): void {
  const { values, siblings } = arrays(holder, name);
  values.splice(index, 0, element.value ?? null);
  siblings.splice(index, 0, element.sibling ?? null);
  store(holder, name, values, siblings);
}

/** Puts an element at the end of a list. */
export const appendItem = (holder: JsonObject, name: string, element: ElementJson): void => {
  insertItem(holder, name, lengthOf(holder, name), element);
};

/** Takes an element out of a list; a list without elements is removed. */
export function removeItem(holder: JsonObject, name: string, index: number): ElementJson {
  const { values, siblings } = arrays(holder, name);
  const [value] = values.splice(index, 1);
  const [sibling] = siblings.splice(index, 1);
  store(holder, name, values, siblings);
  return { value, ...(sibling === null ? {} : { sibling }) };
}

/** Both arrays of a list, of the same length, with null where there is nothing. */
function arrays(holder: JsonObject, name: string): { values: unknown[]; siblings: unknown[] } {
  const length = lengthOf(holder, name);
  const padded = (items: readonly unknown[]): unknown[] => Array.from({ length }, (_, index) => items[index] ?? null);
  return { values: padded(itemsOf(holder, name)), siblings: padded(itemsOf(holder, `_${name}`)) };
}

function store(holder: JsonObject, name: string, values: unknown[], siblings: unknown[]): void {
  keep(holder, name, values);
  keep(holder, `_${name}`, siblings);
}

function keep(holder: JsonObject, name: string, items: unknown[]): void {
  if (items.every((item) => item === null)) Reflect.deleteProperty(holder, name);
  else holder[name] = items;
}
