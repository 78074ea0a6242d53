import { at, objectsOf, textAt } from './json.js';

/** A search parameter as the capability statement tells it. */
export interface SearchParameter {
  readonly code: string;
  readonly type: string;
  /** The types a reference may lead to. */
  readonly targets: readonly string[];
}

/** What the server does with one resource type. */
export interface TypeCapabilities {
  readonly type: string;
  readonly parameters: readonly SearchParameter[];
  readonly includes: readonly string[];
  /** `Observation:subject` and the like: what refers to this type. */
  readonly revIncludes: readonly string[];
  readonly operations: readonly string[];
}

/** The capability statement of a version, by type. */
export interface Capabilities {
  readonly types: ReadonlyMap<string, TypeCapabilities>;
  readonly names: readonly string[];
  readonly software: string;
  /** Operations on the base, without `$`. */
  readonly operations: readonly string[];
}

/**
 * Reads a CapabilityStatement. Which types a reference leads to is not said there; it is what the reverse includes of the
 * other types say, turned around. https://hl7.org/fhir/R4/capabilitystatement.html
 */
export function capabilitiesOf(statement: unknown): Capabilities {
  const resources = objectsOf(at(statement, 'rest', 0, 'resource'));
  const targets = new Map<string, string[]>();
  for (const resource of resources) {
    for (const reverse of texts(resource['searchRevInclude'])) {
      const known = targets.get(reverse);
      if (known === undefined) targets.set(reverse, [textAt(resource, 'type') ?? '']);
      else known.push(textAt(resource, 'type') ?? '');
    }
  }
  const types = resources.map((resource): TypeCapabilities => {
    const type = textAt(resource, 'type') ?? '';
    return {
      type,
      parameters: objectsOf(resource['searchParam'])
        .map((parameter) => {
          const code = textAt(parameter, 'name') ?? '';
          return { code, type: textAt(parameter, 'type') ?? '', targets: targets.get(`${type}:${code}`) ?? [] };
        })
        .toSorted((a, b) => order(a.code, b.code)),
      includes: texts(resource['searchInclude']).filter((each) => each !== '*'),
      revIncludes: texts(resource['searchRevInclude']).filter((each) => each !== '*'),
      operations: objectsOf(resource['operation']).map((each) => textAt(each, 'name') ?? ''),
    };
  });
  return {
    types: new Map(types.map((each) => [each.type, each])),
    names: types.map(({ type }) => type),
    software: textAt(statement, 'software', 'name') ?? '',
    operations: objectsOf(at(statement, 'rest', 0, 'operation')).map((each) => textAt(each, 'name') ?? ''),
  };
}

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];

/** Those of the type first, those that all types have after them. */
const order = (a: string, b: string): number =>
  Number(a.startsWith('_')) - Number(b.startsWith('_')) || a.localeCompare(b);
