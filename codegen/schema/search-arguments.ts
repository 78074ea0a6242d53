import type { SearchParameterSource, SourceDefinitions } from '../definitions.js';

/** The GraphQL name of a search parameter: `-` cannot stand in one. https://hl7.org/fhir/R4/graphql.html#searching */
export const argumentName = (code: string): string => code.replaceAll('-', '_');

/** Full-text search and named queries: no interaction serves them, and their arguments would take 3 % of the schema's bytes. */
const unserved = ['_content', '_query', '_text'];

/** The search parameters of a type that are GraphQL arguments, those of Resource and DomainResource included, by code. */
export function searchParametersOf(source: SourceDefinitions, type: string): SearchParameterSource[] {
  const bases = ancestors(source, type);
  const found = source.searchParameters.filter(
    ({ base, code }) => base.some((name) => bases.has(name)) && !unserved.includes(code),
  );
  const byCode = new Map(found.map((parameter) => [parameter.code, parameter]));
  return [...byCode.values()].sort((a, b) => (a.code < b.code ? -1 : 1));
}

/** The type's own name and the names of the types it is derived from. */
function ancestors(source: SourceDefinitions, type: string): Set<string> {
  const names = new Set<string>();
  for (let name: string | undefined = type; name !== undefined;) {
    names.add(name);
    const current: string = name;
    name = source.structures.find((structure) => structure.name === current)?.base;
  }
  return names;
}

/**
 * The search arguments of a type as SDL: each parameter takes one string or several, which must all hold.
 * @param source the definitions of one FHIR version.
 * @param type the resource type searched.
 * @param without codes to leave out.
 * @returns argument definitions without parentheses, such as `active:[String]birthdate:[String]`.
 * @throws Error when two codes would get the same argument name.
 */
export function searchArguments(source: SourceDefinitions, type: string, without: readonly string[] = []): string {
  const codes = searchParametersOf(source, type).map(({ code }) => code);
  const names = codes.filter((code) => !without.includes(code)).map(argumentName);
  const repeated = names.find((name, place) => names.indexOf(name) !== place);
  if (repeated !== undefined) throw new Error(`${source.version}: ${type} has two search parameters ${repeated}`);
  return names.map((name) => `${name}:[String]`).join('');
}
