import { decimalText } from '../../fhir/json.js';
import type { Resource } from '../../fhir/resource.js';
import type { ExtractedValue, SearchParameterDefinition, SearchParameterType } from '../../fhir/search-parameter.js';
import { escapedValue } from '../../search/escape.js';
import { prefixes } from '../../search/interval.js';

type Element = Readonly<Record<string, unknown>>;

const elementOf = (value: unknown): Element => (typeof value === 'object' && value !== null ? (value as Element) : {});
const listed = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : [value]);
const text = (found: unknown): string[] => (typeof found === 'string' && found !== '' ? [escapedValue(found)] : []);
const member = (value: unknown, ...names: readonly string[]): unknown[] =>
  names.reduce<unknown[]>((found, name) => found.flatMap((each) => listed(elementOf(each)[name])), [value]);

function tokens({ type, value }: ExtractedValue): string[] {
  if (typeof value === 'boolean' || typeof value === 'number') return [String(value)];
  const codings = type === 'CodeableConcept' ? member(value, 'coding') : [value];
  return codings.flatMap((coding) => {
    const element = elementOf(coding);
    const codes = [...text(element['code']), ...text(element['value']), ...text(coding)];
    if (type === 'ContactPoint') return codes; // its system is no code's
    const systems = text(element['system']);
    return [...codes, ...systems.flatMap((system) => [`${system}|`, ...codes.map((code) => `${system}|${code}`)])];
  });
}

function dates({ value }: ExtractedValue): string[] {
  const found = [
    value,
    ...member(value, 'start'),
    ...member(value, 'end'),
    ...member(value, 'event'),
    ...member(value, 'repeat', 'boundsPeriod', 'start'),
  ].flatMap(text);
  return found.flatMap((date) =>
    prefixes.flatMap((prefix) => [4, 7, 10, 40].map((length) => prefix + date.slice(0, length))),
  );
}

function quantities({ type, value }: ExtractedValue): string[] {
  const ends = type === 'Range' ? [...member(value, 'low'), ...member(value, 'high')] : [value];
  return [...ends, ...member(value, 'origin')].flatMap((end) => {
    const { value: number, unit, code, currency, system } = elementOf(end);
    const digits = decimalText(number);
    if (digits === undefined) return [];
    const coded = text(code).flatMap((each) => text(system).map((from) => `|${from}|${each}`));
    const units = [...text(unit), ...text(currency)].map((each) => `||${each}`);
    return ['', ...units, ...coded].flatMap((each) => prefixes.map((prefix) => prefix + digits + each));
  });
}

/**
 * Search values made from a value that a resource has; some of them match it.
 * @param parameter whose value it is, or the component of a composite.
 */
export function queriesFor({ type }: { readonly type: SearchParameterType }, extracted: ExtractedValue): string[] {
  const { value } = extracted;
  switch (type) {
    case 'token':
      return tokens(extracted);
    case 'date':
      return dates(extracted);
    case 'quantity':
      return quantities(extracted);
    case 'number': {
      const digits = [value, ...member(value, 'value'), ...member(value, 'low', 'value')].flatMap(
        (each) => decimalText(each) ?? [],
      );
      return digits.flatMap((each) => [each, `gt${each}`, `ge${each}`]);
    }
    case 'reference': {
      const resourceType = text(elementOf(value)['resourceType']);
      const own = resourceType.flatMap((each) => text(elementOf(value)['id']).map((id) => `${each}/${id}`));
      // A canonical's `|` parts it from its version, and is written as it is.
      const canonical = typeof value === 'string' ? [value] : [];
      return [...own, ...canonical, ...text(elementOf(value)['reference'])].filter((each) => !each.startsWith('#'));
    }
    case 'string':
      return [value, ...['family', 'given', 'city', 'line', 'country', 'text'].flatMap((name) => member(value, name))]
        .flatMap(text)
        .flatMap((each) => [each, each.slice(0, 3)]);
    case 'uri':
      return typeof value === 'string' ? [value] : [];
    case 'special': {
      const [latitude, longitude] = ['latitude', 'longitude'].map((name) => decimalText(elementOf(value)[name]));
      return latitude === undefined || longitude === undefined ? [] : [`${latitude}|${longitude}`]; // as R4 writes it
    }
    default:
      return [];
  }
}

/** Values of a composite, made from those of one element: each query of the first component with some of the others. */
export function compositeQueries(
  { components }: SearchParameterDefinition,
  element: ExtractedValue,
  resource: Resource,
): string[] {
  return components
    .map((component) => component.extract(element, resource).flatMap((each) => queriesFor(component, each)))
    .reduce<string[]>(
      (found, queries) =>
        found.flatMap((each) => queries.slice(0, 40).map((query) => `${each}$${query}`)).slice(0, 400),
      [''],
    )
    .map((each) => each.slice(1));
}
