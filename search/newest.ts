import { keyText } from '../fhir/resource.js';
import type { Indexable } from './search-index.js';

/** The newest change of each resource. */
export function newest(changes: readonly Indexable[]): readonly Indexable[] {
  if (changes.length < 2) return changes;
  const byKey = new Map<string, Indexable>();
  for (const change of changes) {
    const other = byKey.get(keyText(change));
    if (other === undefined || other.versionId < change.versionId) byKey.set(keyText(change), change);
  }
  return [...byKey.values()];
}
