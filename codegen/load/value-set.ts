import { OperationOutcomeError } from '../../fhir/outcome.js';
import { codesOf } from '../../fhir/terminology/expand.js';
import type { TerminologyFinder } from '../../fhir/terminology/finder.js';
import type { SourceDefinitions, Structure } from '../definitions.js';
import { child, children, requiredText, text, texts, type DefinitionNode } from './node.js';

/** A code and the system it is of. */
interface Concept {
  readonly system: string;
  readonly code: string;
}

const conceptsIn = (system: string, parent: DefinitionNode): Concept[] =>
  children(parent, 'concept').flatMap((concept) => [
    { system, code: requiredText(concept, 'code') },
    ...conceptsIn(system, concept),
  ]);

/** Value sets and code systems by URL, and what they enumerate. */
class Terminology {
  private readonly byUrl: ReadonlyMap<string, DefinitionNode>;
  constructor(resources: readonly DefinitionNode[]) {
    this.byUrl = new Map(resources.map((resource) => [`${resource.name} ${text(resource, 'url') ?? ''}`, resource]));
  }

  /** What a value set holds, in order; undefined when it cannot all be known from the definitions. */
  concepts(url: string): Concept[] | undefined {
    const compose = child(this.byUrl.get(`ValueSet ${url}`), 'compose');
    if (compose === undefined || child(compose, 'exclude') !== undefined) return undefined;
    const included = [...children(compose, 'import'), ...children(compose, 'include')].map((each) =>
      this.included(each),
    );
    return included.some((concepts) => concepts === undefined)
      ? undefined
      : included.flatMap((concepts) => concepts ?? []);
  }

  private included(include: DefinitionNode): Concept[] | undefined {
    const imported =
      include.name === 'import' && include.value !== undefined ? [include.value] : texts(include, 'valueSet');
    const system = text(include, 'system');
    // An intersection of a system and value sets, or a filter, occurs in no required binding that could be listed.
    if (child(include, 'filter') !== undefined || (system !== undefined && imported.length > 0)) return undefined;
    if (system === undefined) {
      return imported.length === 1 && imported[0] !== undefined
        ? this.concepts(imported[0].replace(/\|.*$/, ''))
        : undefined;
    }
    if (child(include, 'concept') !== undefined) return conceptsIn(system, include);
    const codeSystem = this.byUrl.get(`CodeSystem ${system}`);
    return codeSystem !== undefined && text(codeSystem, 'content') === 'complete'
      ? conceptsIn(system, codeSystem)
      : undefined;
  }
}

/** What the value sets of required bindings hold, by URL; no entry where it cannot be listed (UCUM, MIME types). */
export interface RequiredBindings {
  readonly requiredCodes: Record<string, string[]>;
  /** As `system|code`. */
  readonly requiredConcepts: Record<string, string[]>;
}

/** Value sets that STU3's own examples do not keep: their codes are right, their systems are not. `$validate` warns. */
const notKept: ReadonlySet<string> = new Set(['http://hl7.org/fhir/ValueSet/v3-ActIncidentCode']);

/**
 * Enumerates the value sets that elements bind with strength `required`.
 * @param structures the types whose bindings count.
 * @param resources the ValueSets and CodeSystems of the version.
 * @param terminology the same, to work out those that filter.
 */
export async function requiredBindingsOf(
  structures: readonly Structure[],
  resources: readonly DefinitionNode[],
  terminology: Pick<SourceDefinitions, 'codeSystems' | 'valueSets'>,
): Promise<RequiredBindings> {
  const enumerated = new Terminology(resources);
  const finder = finderOf(terminology);
  const urls = new Set<string>();
  for (const { elements } of structures) {
    for (const { binding } of elements) {
      if (binding?.strength !== 'required' || binding.valueSet === undefined) continue;
      if (!notKept.has(binding.valueSet)) urls.add(binding.valueSet);
    }
  }
  const bindings: RequiredBindings = { requiredCodes: {}, requiredConcepts: {} };
  for (const url of [...urls].sort()) {
    const listed = enumerated.concepts(url);
    const concepts = listed ?? (await workedOut(finder, url));
    if (concepts === undefined) continue;
    if (listed !== undefined) bindings.requiredCodes[url] = [...new Set(listed.map(({ code }) => code))];
    bindings.requiredConcepts[url] = [...new Set(concepts.map(({ system, code }) => `${system}|${code}`))];
  }
  return bindings;
}

/** What a value set holds by its filters; undefined when it names code systems that are not in the definitions. */
async function workedOut(finder: TerminologyFinder, url: string): Promise<readonly Concept[] | undefined> {
  const valueSet = await finder.valueSet({ url });
  if (valueSet === undefined) return undefined;
  try {
    const { codes, incomplete } = await codesOf(finder, valueSet);
    return incomplete || codes.length === 0 ? undefined : codes;
  } catch (error) {
    if (error instanceof OperationOutcomeError) return undefined;
    throw error;
  }
}

function finderOf({ codeSystems, valueSets }: Pick<SourceDefinitions, 'codeSystems' | 'valueSets'>): TerminologyFinder {
  const systems = new Map(codeSystems.map((each) => [each.url, each]));
  const sets = new Map(valueSets.map((each) => [each.url, each]));
  return {
    codeSystem: ({ url }) => Promise.resolve(systems.get(url)),
    valueSet: ({ url }) => Promise.resolve(sets.get(url)),
  };
}
