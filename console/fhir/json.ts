/** A FHIR resource as JSON; what is in it depends on its type. */
export interface Resource {
  readonly resourceType: string;
  readonly id?: string;
  readonly meta?: { readonly versionId?: string; readonly lastUpdated?: string; readonly [key: string]: unknown };
  readonly [element: string]: unknown;
}

/** An object somewhere inside a resource. */
export type Json = Readonly<Record<string, unknown>>;

/** Whether a value is an object, and no array. */
export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The items of an element that may be absent, one, or several. */
export const listOf = (value: unknown): readonly unknown[] =>
  value === undefined || value === null ? [] : Array.isArray(value) ? (value as readonly unknown[]) : [value];

/** The objects among the items of an element. */
export const objectsOf = (value: unknown): readonly Json[] => listOf(value).filter(isObject);

/** What is at a path of member names and places; undefined where it ends before. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let found: unknown = value;
  for (const step of path) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = (found as Record<string | number, unknown>)[step];
  }
  return found;
}

/** A text at a path. */
export function textAt(value: unknown, ...path: readonly (string | number)[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : typeof found === 'number' ? String(found) : undefined;
}

/**
 * Parses JSON and keeps the digits of decimals: `1.50` becomes the text `1.50` where the number would show as `1.5`. A
 * measurement is as exact as it was written. https://hl7.org/fhir/R4/json.html#decimal
 */
export function parseFhir(text: string): unknown {
  const keep = (_: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === 'number' && context?.source !== undefined && String(value) !== context.source
      ? context.source
      : value;
  return JSON.parse(text, keep);
}
