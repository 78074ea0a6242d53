import { keyText } from '../fhir/resource.js';
import type { Indexable } from './search-index.js';

/** The newest change of each resource. */
export function newest(changes: readonly Indexable[]): readonly Indexable[] {
  if (changes.length < 2) return changes;
  const byKey = new Map<string, Indexable>();
  const named = (change: Indexable): string => `${change.tenant}#${keyText(change)}`;
  for (const change of changes) {
    const other = byKey.get(named(change));
    if (other === undefined || other.versionId < change.versionId) byKey.set(named(change), change);
  }
  return [...byKey.values()];
}
