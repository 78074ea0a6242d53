import { unprocessable } from '../outcome.js';
import type { CodeSystem, Designation } from './code-system.js';
import { type Concept, type Concepts, conceptsOf } from './concepts.js';
import { type ConceptTest, conceptTest } from './filter.js';
import { canonicalText, parseCanonical, type TerminologyFinder } from './finder.js';
import { Steps, stepsOf } from './steps.js';
import type { ConceptSet, ExpansionContains, ValueSet } from './value-set.js';

/** A code of a value set. */
export interface ValueSetCode {
  readonly system: string;
  readonly version?: string;
  readonly code: string;
  readonly display?: string;
  readonly designation: readonly Designation[];
  readonly abstract: boolean;
  readonly inactive: boolean;
}

/** The codes of a value set, each once, in the order of their definition. */
export interface ValueSetCodes {
  readonly codes: readonly ValueSetCode[];
  /** Whether a code system is known in part only, so that codes may be missing. */
  readonly incomplete: boolean;
  /** The code systems used, as `url|version`. */
  readonly systems: readonly string[];
}

/** A code that alone is looked for; without a system it may be of any. */
export interface WantedCode {
  readonly system?: string;
  readonly code: string;
}

/** So deep value sets may include others. */
const deepest = 50;

/** Beyond so many codes a value set is refused. */
const mostCodes = 200_000;

/** Code systems that are too large, or without end, so that no server lists all their codes. */
const endless: ReadonlyMap<string, string> = new Map([
  ['http://snomed.info/sct', 'SNOMED CT'],
  ['http://loinc.org', 'LOINC'],
  ['http://unitsofmeasure.org', 'UCUM'],
  ['http://www.nlm.nih.gov/research/umls/rxnorm', 'RxNorm'],
  ['urn:ietf:bcp:13', 'media types'],
  ['urn:ietf:bcp:47', 'language tags'],
]);

/**
 * Works out which codes are in a value set. https://hl7.org/fhir/R4/valueset.html#compositions
 * @param only the one code that matters: all others are passed over, and what is too large to be listed is not listed.
 * @param steps what it may take; for several value sets of one request the same ones.
 * @returns the codes; those with `only` that are that one.
 * @throws OperationOutcomeError 422 when it cannot be worked out: `not-found` for a code system or value set that is
 * not known, `too-costly` for too many codes or too much work, `processing` for a value set that includes itself.
 */
export async function codesOf(
  finder: TerminologyFinder,
  valueSet: ValueSet,
  only?: WantedCode,
  steps = new Steps(),
): Promise<ValueSetCodes> {
  const composition = new Composition(finder, only, steps);
  const codes = await composition.codes(valueSet, []);
  return { codes: [...codes.values()], incomplete: composition.incomplete, systems: [...composition.systems].sort() };
}

/** By system and code. */
type Codes = Map<string, ValueSetCode>;

const keyOf = ({ system, code }: { readonly system: string; readonly code: string }): string => `${system}|${code}`;

class Composition {
  incomplete = false;
  readonly systems = new Set<string>();
  private readonly finder: TerminologyFinder;
  private readonly only: WantedCode | undefined;
  /** A value set may be included in many places: it is worked out once. */
  private readonly known = new Map<ValueSet, Codes>();
  private readonly steps: Steps;

  constructor(finder: TerminologyFinder, only: WantedCode | undefined, steps: Steps) {
    this.finder = finder;
    this.only = only;
    this.steps = steps;
  }

  /** @param path the value sets that include this one, the outermost first. */
  async codes(valueSet: ValueSet, path: readonly string[]): Promise<Codes> {
    const name = canonicalText({ url: valueSet.url ?? 'The value set', ...version(valueSet.version) });
    if (path.includes(name))
      throw unprocessable('processing', `${[...path, name].join(' includes ')}: that has no end`);
    if (path.length > deepest) throw unprocessable('too-costly', `${name} is included too deep`);
    const known = this.known.get(valueSet);
    if (known !== undefined) return known;
    const found = await this.composed(valueSet, name, [...path, name]);
    this.known.set(valueSet, found);
    return found;
  }

  private async composed(valueSet: ValueSet, name: string, inner: readonly string[]): Promise<Codes> {
    const { compose } = valueSet;
    const found: Codes = new Map();
    if (compose === undefined) {
      this.enumerate(found, valueSet.expansion?.contains);
      return found;
    }
    for (const include of compose.include ?? []) {
      for (const [key, code] of await this.selected(include, valueSet, inner))
        if (!found.has(key)) found.set(key, code);
      if (found.size > mostCodes) throw unprocessable('too-costly', `${name} has more than ${String(mostCodes)} codes`);
    }
    for (const exclude of found.size === 0 ? [] : (compose.exclude ?? [])) {
      for (const key of (await this.selected(exclude, valueSet, inner)).keys()) found.delete(key);
    }
    if (compose.inactive === false) for (const [key, code] of found) if (code.inactive) found.delete(key);
    return found;
  }

  /** A value set that has nothing but an expansion is what that says. */
  private enumerate(found: Codes, contains: readonly ExpansionContains[] | undefined): void {
    for (const each of contains ?? []) {
      const { system, code, display, designation = [], abstract = false, inactive = false } = each;
      if (system !== undefined && code !== undefined && this.isWanted(system, code)) {
        const entry = { system, code, designation, abstract, inactive, ...version(each.version) };
        found.set(keyOf(entry), display === undefined ? entry : { ...entry, display });
      }
      this.enumerate(found, each.contains);
    }
  }

  private isWanted(system: string, code: string, concepts?: Concepts): boolean {
    if (this.only === undefined) return true;
    if (this.only.system !== undefined && this.only.system !== system) return false;
    if (this.only.code === code) return true;
    const wanted = concepts?.find(this.only.code);
    return wanted !== undefined && wanted === concepts?.find(code);
  }

  /** The codes for which all conditions of a set hold. */
  private async selected(set: ConceptSet, owner: ValueSet, path: readonly string[]): Promise<Codes> {
    this.steps.spend(stepsOf.include);
    let found = set.system === undefined ? undefined : await this.ofSystem(set.system, set);
    for (const reference of set.valueSet ?? []) {
      if (found?.size === 0) break;
      const nested = await this.codes(await this.nested(reference, owner), path);
      this.steps.spend((found ?? nested).size * stepsOf.shared);
      if (found === undefined) found = new Map(nested);
      else for (const key of found.keys()) if (!nested.has(key)) found.delete(key);
    }
    return found ?? new Map<string, ValueSetCode>();
  }

  private async nested(reference: string, owner: ValueSet): Promise<ValueSet> {
    if (reference.startsWith('#')) {
      const { contained } = owner as { contained?: readonly (ValueSet & { readonly id?: string })[] };
      const found = contained?.find(
        ({ resourceType, id }) => (resourceType as string) === 'ValueSet' && id === reference.slice(1),
      );
      if (found !== undefined) return { ...found, url: `${owner.url ?? ''}${reference}` };
    }
    const found = await this.finder.valueSet(parseCanonical(reference));
    if (found === undefined) throw unprocessable('not-found', `The value set ${reference} is not known`);
    return found;
  }

  private async ofSystem(system: string, set: ConceptSet): Promise<Codes> {
    const found: Codes = new Map();
    if (this.only?.system !== undefined && this.only.system !== system) return found;
    const codeSystem = await this.finder.codeSystem({ url: system, ...version(set.version) });
    const concepts = codeSystem === undefined ? undefined : conceptsOf(codeSystem);
    const put = (code: ValueSetCode): unknown => found.set(keyOf(code), code);
    if (codeSystem?.version !== undefined) this.systems.add(`${system}|${codeSystem.version}`);
    if (set.concept !== undefined) {
      this.steps.spend(set.concept.length * stepsOf.concept);
      for (const { code, display, designation = [] } of set.concept) {
        if (!this.isWanted(system, code, concepts)) continue;
        const concept = concepts?.find(code);
        const known = concept === undefined ? undefined : codeOf(system, codeSystem, concept);
        const shown = display ?? known?.display;
        put({
          ...(known ?? { system, code, abstract: false, inactive: false, ...version(set.version) }),
          designation: [...designation, ...(known?.designation ?? [])],
          ...(shown === undefined ? {} : { display: shown }),
        });
      }
      return found;
    }
    const isKnown = codeSystem?.content !== 'not-present' || (concepts?.ruled === true && this.only !== undefined);
    if (concepts === undefined || !isKnown) throw unlisted(system, set.version);
    if (concepts.ruled !== true && codeSystem?.content !== undefined && codeSystem.content !== 'complete')
      this.incomplete = true;
    const tests: ConceptTest[] = [];
    for (const filter of set.filter ?? []) tests.push(await conceptTest(concepts, filter, this.steps));
    for (const concept of this.candidates(concepts)) {
      this.steps.spend(stepsOf.concept + tests.length * stepsOf.test);
      if (tests.every((test) => test(concept))) put(codeOf(system, codeSystem, concept));
    }
    return found;
  }

  private candidates(concepts: Concepts): readonly Concept[] {
    if (this.only === undefined) return concepts.all;
    const wanted = concepts.find(this.only.code);
    return wanted === undefined ? [] : [wanted];
  }
}

const version = (text: string | undefined): { version?: string } => (text === undefined ? {} : { version: text });

const codeOf = (system: string, codeSystem: CodeSystem | undefined, concept: Concept): ValueSetCode => {
  const { display, designation = [] } = concept.definition;
  return {
    system,
    ...version(codeSystem?.version),
    code: concept.code,
    ...(display === undefined ? {} : { display }),
    designation,
    abstract: concept.abstract,
    inactive: concept.inactive,
  };
};

function unlisted(system: string, asked: string | undefined): Error {
  const name = endless.get(system);
  const canonical = canonicalText({ url: system, ...version(asked) });
  return name === undefined
    ? unprocessable('not-found', `The codes of ${canonical} are not known: its code system is not on this server`)
    : unprocessable(
        'too-costly',
        `The codes of ${canonical} (${name}) cannot be listed; only codes named one by one can`,
      );
}
