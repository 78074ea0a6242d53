import type { Structure } from '../definitions.js';
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

/**
 * Enumerates the value sets that elements bind with strength `required`.
 * @param structures the types whose bindings count.
 * @param resources the ValueSets and CodeSystems of the version.
 */
export function requiredBindingsOf(
  structures: readonly Structure[],
  resources: readonly DefinitionNode[],
): RequiredBindings {
  const terminology = new Terminology(resources);
  const urls = new Set<string>();
  for (const { elements } of structures) {
    for (const { binding } of elements) {
      if (binding?.strength === 'required' && binding.valueSet !== undefined) urls.add(binding.valueSet);
    }
  }
  const found = [...urls].sort().flatMap((url) => {
    const concepts = terminology.concepts(url);
    return concepts === undefined ? [] : [{ url, concepts }];
  });
  const each = (text: (concept: Concept) => string): Record<string, string[]> =>
    Object.fromEntries(found.map(({ url, concepts }) => [url, [...new Set(concepts.map(text))]]));
  return {
    requiredCodes: each(({ code }) => code),
    requiredConcepts: each(({ system, code }) => `${system}|${code}`),
  };
}
