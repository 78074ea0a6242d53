import { isObject, type Resource, textAt } from './json.js';

/** A reference in a resource, and the element it stands in. */
export interface Referred {
  /** Names from the root on, without places: `participant.individual`. */
  readonly path: string;
  readonly reference: string;
  readonly display: string | undefined;
}

/** The references of a resource, each target once for each element, in the order they stand in. */
export function referencesOf(resource: Resource): readonly Referred[] {
  const found = new Map<string, Referred>();
  const look = (value: unknown, path: string): void => {
    if (Array.isArray(value)) {
      for (const each of value) look(each, path);
      return;
    }
    if (!isObject(value)) return;
    const reference = textAt(value, 'reference');
    const key = `${path} ${reference ?? ''}`;
    if (reference !== undefined && !reference.startsWith('#') && !found.has(key))
      found.set(key, { path, reference, display: textAt(value, 'display') });
    for (const [name, inner] of Object.entries(value)) look(inner, path === '' ? name : `${path}.${name}`);
  };
  look(resource, '');
  return [...found.values()];
}
