import { invalidRequest, notSupported, tooCostly } from '../../fhir/outcome.js';
import type { SearchParameterType } from '../../fhir/search-parameter.js';
import { splitEscaped } from '../escape.js';
import type { ParameterType } from '../parameter-type.js';
import { afterAll, inRange, shortened, type TermRange, type TermRanges, unsorted } from '../term.js';

/** One element of a resource: per component of the composite, its type and the values in this element. */
export type CompositeValue = readonly { readonly type: SearchParameterType; readonly values: readonly unknown[] }[];

/** What is asked for of each component, in the order of the definition. */
export type CompositeQuery = readonly { readonly type: SearchParameterType; readonly query: unknown }[];

type Component = ParameterType<unknown, unknown>;

/** Stands between the components' parts of a term; no part has one. */
const between = '\u0007';

/** So long may a component's part of a term be: three of them fit into a key of LMDB. */
const longestPart = 150;

/** The most combinations of component values that one element is indexed by: no record of care comes near it. */
const mostCombinations = 10_000;

/** All lists with one item of each list. */
const combinations = <T>(lists: readonly (readonly T[])[]): T[][] =>
  lists.reduce<T[][]>((found, list) => found.flatMap((each) => list.map((item) => [...each, item])), [[]]);

/**
 * Values of one element that belong together, such as a code and its quantity.
 * https://hl7.org/fhir/R4/search.html#composite
 * @param simple the types that components may have.
 */
export function compositeType(
  simple: Readonly<Partial<Record<SearchParameterType, Component>>>,
): ParameterType<CompositeValue, CompositeQuery> {
  const typeOf = (type: SearchParameterType): Component => {
    const found = simple[type];
    if (found === undefined) throw new Error(`a component of a composite is of type ${type}`);
    return found;
  };
  const indexing = (type: SearchParameterType): Pick<Component, 'terms' | 'ranges'> =>
    typeOf(type).inComposite ?? typeOf(type);

  return {
    modifiers: [],
    operators: {},
    parse(text, context) {
      const { name, parameter } = context;
      const { components } = parameter;
      const parts = splitEscaped(text, '$');
      if (parts.length !== components.length || parts.includes('')) {
        const form = components.map(({ code }) => `[${code}]`).join('$');
        throw invalidRequest(`${name} needs ${form}, not "${text}"`, name);
      }
      return components.map(({ code, type }, i) => {
        if (simple[type] === undefined) throw notSupported(`${name} has a component of type ${type}`, name);
        const component = { code, type, targets: [], dataTypes: [], components: [] };
        return { type, query: typeOf(type).parse(parts[i] ?? '', { ...context, parameter: component }) };
      });
    },
    values: (extracted, { parameter: { components }, resource }) =>
      extracted.flatMap((element): CompositeValue[] => {
        const value = components.map((component) => {
          const { code, type } = component;
          const context = { parameter: { code, components: [] }, resource };
          return { type, values: typeOf(type).values(component.extract(element, resource), context) };
        });
        return value.every(({ values }) => values.length > 0) ? [value] : [];
      }),
    matches: (value, query) =>
      query.every(({ type, query: part }, i) => value[i]?.values.some((each) => typeOf(type).matches(each, part))),
    terms(value) {
      const parts = value.map(({ type, values }) => [
        ...new Set(values.flatMap((each) => indexing(type).terms(each)).map((term) => shortened(term, longestPart))),
      ]);
      if (parts.reduce((product, { length }) => product * length, 1) > mostCombinations) {
        throw tooCostly(
          `An element has more than ${String(mostCombinations)} combinations of values to be searched by`,
        );
      }
      return combinations(parts).map((each) => unsorted + each.join(between));
    },
    ranges(query) {
      const parts = query.map(({ type, query: part }) => partRanges(indexing(type).ranges(part)));
      return {
        ranges: combinations(parts.map(({ ranges }) => ranges)).map(joined),
        exact: parts.every(({ exact }) => exact),
      };
    },
  };
}

/** The ranges of a component's parts, which may be shortened. */
function partRanges({ ranges, exact }: TermRanges): TermRanges {
  let isExact = exact;
  const found = ranges.map((range): TermRange => {
    if ('term' in range) return { term: shortened(range.term, longestPart) };
    if (range.from.length <= longestPart) return range;
    isExact = false; // all that starts alike as far as a part goes
    const start = range.from.slice(0, longestPart - 1);
    return { from: start, to: start + afterAll };
  });
  return { ranges: found, exact: isExact };
}

/** The terms whose every part is in the range for it. */
function joined(ranges: readonly TermRange[]): TermRange {
  const first = ranges.findIndex((range) => !('term' in range));
  const fixed = (first < 0 ? ranges : ranges.slice(0, first)).map((range) => ('term' in range ? range.term : ''));
  const range = ranges[first];
  if (range === undefined || 'term' in range) return { term: unsorted + fixed.join(between) };
  const start = unsorted + fixed.map((part) => part + between).join('');
  return {
    from: start + range.from,
    to: start + range.to,
    accepts(term) {
      const parts = term.slice(unsorted.length).split(between);
      return ranges.every((each, i) => inRange(parts[i] ?? '', each));
    },
  };
}
