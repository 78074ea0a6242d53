import type { ConceptMap, MapElement, MapGroup, MapTarget, OtherElement } from './concept-map.js';
import type { Coding } from './validate-code.js';

/** What is known of another element, which mappings may depend on. */
export interface Dependency {
  /** Which element it is: the `property` of `dependsOn`. */
  readonly element?: string;
  readonly codings: readonly Coding[];
}

/** What a code is to be translated to. */
export interface TranslateOptions {
  /** The code system sought; any without it. */
  readonly targetSystem?: string | undefined;
  /** From the targets of maps to their sources. */
  readonly reverse: boolean;
  readonly dependencies: readonly Dependency[];
  /** Finds the map that codes which one leaves out are looked up in. */
  readonly otherMap: (canonical: string) => Promise<ConceptMap | undefined>;
}

/** A translation that a map has. */
export interface Translation {
  /** Of http://hl7.org/fhir/ValueSet/concept-map-equivalence; none for what is mapped by a rule for all other codes. */
  readonly equivalence?: string;
  readonly concept?: Coding & { readonly display?: string };
  readonly products: readonly OtherElement[];
  /** The URL of the map. */
  readonly source?: string;
}

/** What came of translating a code by a map. */
export interface Translations {
  readonly found: readonly Translation[];
  /** The elements that mappings depend on of which nothing, or something else, is known: those are left out. */
  readonly missing: readonly string[];
}

/** So many maps are followed from one to the next. */
const mostMaps = 10;

/**
 * Translates a code by a map. https://hl7.org/fhir/R4/conceptmap.html#unmapped
 * @returns what the map says of it, also that it has no translation; nothing where the map is not about it.
 */
export async function translate(
  map: ConceptMap,
  coding: Coding,
  options: TranslateOptions,
  seen: ReadonlySet<string> = new Set(),
): Promise<Translations> {
  const found: Translation[] = [];
  const missing: string[] = [];
  for (const group of map.group ?? []) {
    if (!isOf(group, coding, options)) continue;
    const mapped = options.reverse ? reversed(group, coding) : forward(group, coding);
    for (const { concept, target } of mapped ?? []) {
      const open = (target.dependsOn ?? []).filter((each) => !isMet(each, options.dependencies));
      if (open.length > 0) missing.push(...open.map(({ property = '' }) => property));
      else found.push(translationOf(map, concept, target, options.reverse));
    }
    if (mapped !== undefined || options.reverse) continue;
    const rest = await unmapped(map, group, coding, options, seen);
    found.push(...rest.found);
    missing.push(...rest.missing);
  }
  return { found, missing };
}

/** Whether a group is about the code's system, and leads to the one sought. */
function isOf(group: MapGroup, coding: Coding, { targetSystem, reverse }: TranslateOptions): boolean {
  const [from, fromVersion, to] = reverse
    ? [group.target, group.targetVersion, group.source]
    : [group.source, group.sourceVersion, group.target];
  if (coding.system === undefined || from !== coding.system) return false;
  if (coding.version !== undefined && fromVersion !== undefined && coding.version !== fromVersion) return false;
  return targetSystem === undefined || to === targetSystem;
}

interface Mapped {
  /** The code on the other side; undefined where there is none. */
  readonly concept: Coding & { readonly display?: string };
  readonly target: MapTarget;
}

/** What a group maps a code to; undefined when no element is about it. */
function forward({ element = [], target: system, targetVersion }: MapGroup, { code }: Coding): Mapped[] | undefined {
  const elements = element.filter((each) => each.code === code);
  if (elements.length === 0) return undefined;
  return elements
    .flatMap(({ target = [] }) => target)
    .map((target) => ({ concept: codingOf(system, targetVersion, target), target }));
}

/** The codes that a group maps to a code. */
const reversed = ({ element = [], source: system, sourceVersion }: MapGroup, { code }: Coding): Mapped[] =>
  element.flatMap((each) =>
    (each.target ?? [])
      .filter((target) => target.code === code)
      .map((target) => ({ concept: codingOf(system, sourceVersion, each), target })),
  );

const codingOf = (
  system: string | undefined,
  version: string | undefined,
  { code, display }: Pick<MapElement, 'code' | 'display'>,
): Mapped['concept'] => ({
  ...(system === undefined ? {} : { system }),
  ...(version === undefined ? {} : { version }),
  ...(code === undefined ? {} : { code }),
  ...(display === undefined ? {} : { display }),
});

const isMet = ({ property, system, value, code = value }: OtherElement, known: readonly Dependency[]): boolean =>
  known.some(
    ({ element, codings }) =>
      element === property &&
      codings.some((each) => each.code === code && (system === undefined || each.system === system)),
  );

/** What is wider in one direction is narrower in the other. */
const opposite: Readonly<Record<string, string>> = {
  wider: 'narrower',
  narrower: 'wider',
  subsumes: 'specializes',
  specializes: 'subsumes',
};

function translationOf(map: ConceptMap, concept: Mapped['concept'], target: MapTarget, reverse: boolean): Translation {
  const { equivalence = 'equivalent', product = [] } = target;
  return {
    equivalence: reverse ? (opposite[equivalence] ?? equivalence) : equivalence,
    ...(concept.code === undefined ? {} : { concept }),
    products: reverse ? [] : product,
    ...(map.url === undefined ? {} : { source: map.url }),
  };
}

/** What a group says of a code that none of its elements is about. */
async function unmapped(
  map: ConceptMap,
  group: MapGroup,
  coding: Coding,
  options: TranslateOptions,
  seen: ReadonlySet<string>,
): Promise<Translations> {
  const { mode, code, display, url } = group.unmapped ?? {};
  const byRule = (concept: Pick<MapElement, 'code' | 'display'>): Translations => ({
    found: [
      {
        concept: codingOf(group.target, group.targetVersion, concept),
        products: [],
        ...(map.url === undefined ? {} : { source: map.url }),
      },
    ],
    missing: [],
  });
  if (mode === 'provided' && coding.code !== undefined) return byRule({ code: coding.code });
  if (mode === 'fixed' && code !== undefined) return byRule({ code, ...(display === undefined ? {} : { display }) });
  if (mode !== 'other-map' || url === undefined || seen.has(url) || seen.size >= mostMaps) {
    return { found: [], missing: [] };
  }
  const other = await options.otherMap(url);
  return other === undefined ? { found: [], missing: [] } : translate(other, coding, options, new Set([...seen, url]));
}
