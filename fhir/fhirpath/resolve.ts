import { parseReference } from '../reference.js';
import type { StructureTable } from '../structure.js';
import { type FhirNode, resourceNode } from './node.js';

/**
 * What a reference points at, as far as the resource that holds it tells: a contained resource, that resource itself,
 * or else a resource of the type the text names, of which nothing more is known.
 * https://hl7.org/fhir/R4/fhirpath.html#functions
 * @param node of type Reference, or text.
 * @param root the resource at the top.
 */
export function targetOf(structures: StructureTable, { value }: FhirNode, root: FhirNode): FhirNode | undefined {
  const { reference, type } = (typeof value === 'string' ? { reference: value } : (value ?? {})) as {
    readonly reference?: unknown;
    readonly type?: unknown;
  };
  const named = (resourceType: unknown): FhirNode | undefined => resourceNode(structures, { resourceType });
  if (typeof reference !== 'string') return named(type);
  const parsed = parseReference(reference);
  switch (parsed.kind) {
    case 'fragment': {
      if (parsed.id === '') return root;
      const { contained } = root.value as { readonly contained?: unknown };
      const found = Array.isArray(contained)
        ? (contained as unknown[]).find((each) => (each as { id?: unknown } | null)?.id === parsed.id)
        : undefined;
      return resourceNode(structures, found);
    }
    case 'relative':
    case 'absolute':
      return named(parsed.type);
    default:
      return named(type);
  }
}
