import type { CodeSystem, ConceptDefinition } from './code-system.js';
import { type CodeRule, ruleOf } from './ruled.js';

/** A concept in its hierarchy. */
export interface Concept {
  readonly definition: ConceptDefinition;
  readonly code: string;
  readonly parents: readonly Concept[];
  readonly children: readonly Concept[];
  /** Whether it only groups others and is not to be used itself. */
  readonly abstract: boolean;
  /** Whether it is no longer in use. */
  readonly inactive: boolean;
}

/** The concepts of a code system. */
export interface Concepts {
  readonly codeSystem: CodeSystem;
  /** Whether `find` knows every code there is, though they are not listed. */
  readonly ruled?: true;
  /** In document order; none of a code system that has rules instead of a list. */
  readonly all: readonly Concept[];
  /** By its code, without case where the code system has none. */
  find(code: string): Concept | undefined;
  /** The concept and all it subsumes, or all that subsume it; each once. */
  subsumedBy(concept: Concept): readonly Concept[];
  subsumes(concept: Concept): readonly Concept[];
}

type Draft = { -readonly [Member in keyof Concept]: Concept[Member] } & { parents: Draft[]; children: Draft[] };

/** The value of a property of a concept, whatever its type; a Coding counts by its code. */
export const propertyValues = ({ definition }: Pick<Concept, 'definition'>, code: string): readonly unknown[] =>
  (definition.property ?? [])
    .filter((property) => property.code === code)
    .flatMap((property) => Object.entries(property))
    .filter(([name]) => name.startsWith('value'))
    .map(([, value]) => (typeof value === 'object' && value !== null ? (value as { code?: unknown }).code : value));

/**
 * Hierarchies whose children are parts or members of their parents and not kinds of them: nothing is subsumed there.
 * https://hl7.org/fhir/R4/valueset-codesystem-hierarchy-meaning.html
 */
const withoutSubsumption = ['part-of', 'grouped-by'];

/** STU3 tells a second parent by this modifier extension. */
const subsumesExtension = 'http://hl7.org/fhir/StructureDefinition/codesystem-subsumes';

const known = new WeakMap<CodeSystem, Concepts>();

/** The concepts of a code system; the same object for the same resource. */
export function conceptsOf(codeSystem: CodeSystem): Concepts {
  let concepts = known.get(codeSystem);
  if (concepts === undefined) {
    const rule = ruleOf(codeSystem);
    concepts = rule === undefined ? indexConcepts(codeSystem) : ruledConcepts(codeSystem, rule);
    known.set(codeSystem, concepts);
  }
  return concepts;
}

/** So many codes that rules made are kept at hand: clients may ask for any. */
const mostKept = 1_000;

function ruledConcepts(codeSystem: CodeSystem, rule: CodeRule): Concepts {
  const kept = new Map<string, Concept>();
  return {
    codeSystem,
    ruled: true,
    all: [],
    find(code) {
      const found = kept.get(code);
      const definition = found === undefined ? rule(code) : undefined;
      if (definition === undefined) return found;
      const concept = { definition, code, parents: [], children: [], abstract: false, inactive: false };
      if (kept.size >= mostKept) kept.clear();
      kept.set(code, concept);
      return concept;
    },
    subsumedBy: (concept) => [concept],
    subsumes: (concept) => [concept],
  };
}

function indexConcepts(codeSystem: CodeSystem): Concepts {
  const all: Draft[] = [];
  const byCode = new Map<string, Draft>();
  const key = (code: string): string => (codeSystem.caseSensitive === false ? code.toLowerCase() : code);
  const open: (readonly [ConceptDefinition, Draft | undefined])[] = [];
  const enter = (definitions: readonly ConceptDefinition[] | undefined, parent?: Draft): void => {
    for (const definition of [...(definitions ?? [])].reverse()) open.push([definition, parent]);
  };
  enter(codeSystem.concept);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [definition, parent] = next;
    const concept: Draft = {
      definition,
      code: definition.code,
      parents: [],
      children: [],
      abstract: ['notSelectable', 'abstract'].some((name) => isTrue(definition, name)),
      inactive:
        isTrue(definition, 'inactive') ||
        propertyValues({ definition }, 'status').some((status) => status === 'retired' || status === 'inactive'),
    };
    all.push(concept);
    if (!byCode.has(key(definition.code))) byCode.set(key(definition.code), concept);
    if (parent !== undefined) link(parent, concept);
    enter(definition.concept, concept);
  }
  const find = (code: string): Draft | undefined => byCode.get(key(code));
  for (const concept of all) {
    const named = (name: string): Draft[] =>
      propertyValues(concept, name).flatMap((code) => (typeof code === 'string' ? (find(code) ?? []) : []));
    const extended = (concept.definition.modifierExtension ?? [])
      .filter(({ url }) => url === subsumesExtension)
      .flatMap(({ valueCode }) => (valueCode === undefined ? [] : (find(valueCode) ?? [])));
    for (const parent of named('parent')) link(parent, concept);
    for (const child of [...named('child'), ...extended]) link(concept, child);
  }
  const follows = !withoutSubsumption.includes(codeSystem.hierarchyMeaning ?? '');
  return {
    codeSystem,
    all,
    find,
    subsumedBy: (concept) => (follows ? reachable(concept, 'children') : [concept]),
    subsumes: (concept) => (follows ? reachable(concept, 'parents') : [concept]),
  };
}

const isTrue = (definition: ConceptDefinition, name: string): boolean =>
  propertyValues({ definition }, name).some((value) => value === true || value === 'true');

function link(parent: Draft, child: Draft): void {
  if (parent === child || child.parents.includes(parent)) return;
  parent.children.push(child);
  child.parents.push(parent);
}

/** What can be reached, circles in a broken hierarchy included. */
function reachable(from: Concept, by: 'parents' | 'children'): readonly Concept[] {
  const found = new Set([from]);
  for (const concept of found) for (const next of concept[by]) found.add(next);
  return [...found];
}
