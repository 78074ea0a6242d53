import type { Structure } from '../definitions.js';
import { child, children, requiredText, text, texts, type DefinitionNode } from './node.js';

const conceptCodes = (parent: DefinitionNode): string[] =>
  children(parent, 'concept').flatMap((concept) => [requiredText(concept, 'code'), ...conceptCodes(concept)]);

/** Value sets and code systems by URL, and what they enumerate. */
class Terminology {
  private readonly byUrl: ReadonlyMap<string, DefinitionNode>;
  constructor(resources: readonly DefinitionNode[]) {
    this.byUrl = new Map(resources.map((resource) => [`${resource.name} ${text(resource, 'url') ?? ''}`, resource]));
  }

  /** The codes of a value set, in order; undefined when they cannot all be known from the definitions. */
  codes(url: string): string[] | undefined {
    const compose = child(this.byUrl.get(`ValueSet ${url}`), 'compose');
    if (compose === undefined || child(compose, 'exclude') !== undefined) return undefined;
    const included = [...children(compose, 'import'), ...children(compose, 'include')].map((each) =>
      this.included(each),
    );
    return included.some((codes) => codes === undefined)
      ? undefined
      : [...new Set(included.flatMap((codes) => codes ?? []))];
  }

  private included(include: DefinitionNode): string[] | undefined {
    const imported =
      include.name === 'import' && include.value !== undefined ? [include.value] : texts(include, 'valueSet');
    const system = text(include, 'system');
    // An intersection of a system and value sets, or a filter, occurs in no binding of a `code`.
    if (child(include, 'filter') !== undefined || (system !== undefined && imported.length > 0)) return undefined;
    if (system === undefined) {
      return imported.length === 1 && imported[0] !== undefined
        ? this.codes(imported[0].replace(/\|.*$/, ''))
        : undefined;
    }
    if (child(include, 'concept') !== undefined) return conceptCodes(include);
    const codeSystem = this.byUrl.get(`CodeSystem ${system}`);
    return codeSystem !== undefined && text(codeSystem, 'content') === 'complete'
      ? conceptCodes(codeSystem)
      : undefined;
  }
}

/**
 * Enumerates the value sets that elements bind with strength `required`.
 * @param structures the types whose bindings count.
 * @param resources the ValueSets and CodeSystems of the version.
 * @returns codes by the value set's URL; no entry where the codes cannot be listed (UCUM, MIME types, currencies).
 */
export function requiredCodesOf(
  structures: readonly Structure[],
  resources: readonly DefinitionNode[],
): Record<string, string[]> {
  const terminology = new Terminology(resources);
  const urls = new Set<string>();
  for (const { elements } of structures) {
    for (const { binding } of elements) {
      if (binding?.strength === 'required' && binding.valueSet !== undefined) urls.add(binding.valueSet);
    }
  }
  const entries = [...urls].sort().map((url) => [url, terminology.codes(url)] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, string[]] => entry[1] !== undefined));
}
