import { multipleMatches, noMatch } from '../fhir/outcome.js';
import { keyText, type ResourceKey } from '../fhir/resource.js';
import type { ConditionalReference } from './bundle-links.js';
import { readCriteria } from './conditional-create.js';
import { placed } from './entry-place.js';
import { inParallel } from './parallel.js';
import { clip, requireResourceType } from './resource-type.js';
import { conditionalMatches, type PendingWrites } from './search-type.js';
import type { Caller, FhirServer } from './server.js';

/** What a conditional reference stands for, at the version that matched. */
export interface ReferencedResource {
  readonly key: ResourceKey;
  readonly versionId: number;
}

/**
 * Finds the one resource each conditional reference means, as things are when the transaction's writes are done:
 * conditional references are resolved last. https://hl7.org/fhir/R4/http.html#trules
 *
 * Asked twice, with the version read in between: if that version is still the current one when the transaction
 * commits (the commit checks it), then the second answer was given on it.
 * @param pendingOf what the transaction is about to write of a type.
 * @returns by the reference's text.
 * @throws OperationOutcomeError 412 naming the place when none or several match, 404 for an unknown type.
 */
export async function resolveConditionalReferences(
  server: FhirServer,
  caller: Caller,
  references: readonly ConditionalReference[],
  pendingOf: (type: string) => PendingWrites,
): Promise<ReadonlyMap<string, ReferencedResource>> {
  const find = (): Promise<ResourceKey[]> =>
    inParallel(references, 16, (reference) => theOneMatch(server, caller, reference, pendingOf(reference.type)));
  const first = await find();
  const versions = await server.store.readMany(first);
  const second = await find();
  const resolved = new Map<string, ReferencedResource>();
  for (const [place, reference] of references.entries()) {
    const key = second[place];
    const version = versions[place];
    if (key === undefined) continue;
    // A version that is not the match's (both changed in between) fails the commit's check, and all is tried again.
    const versionId = version !== undefined && keyText(version) === keyText(key) ? version.versionId : 0;
    resolved.set(reference.text, { key, versionId });
  }
  return resolved;
}

async function theOneMatch(
  server: FhirServer,
  caller: Caller,
  reference: ConditionalReference,
  pending: PendingWrites,
): Promise<ResourceKey> {
  const { text, type, place } = reference;
  const [match, second] = await matches(server, caller, reference, pending);
  if (match === undefined) throw noMatch(`No ${type} matches the reference "${clip(text)}"`, place);
  if (second !== undefined) {
    throw multipleMatches(`Several ${type} resources match the reference "${clip(text)}"`, place);
  }
  return match;
}

async function matches(
  server: FhirServer,
  caller: Caller,
  { type, query, place }: ConditionalReference,
  pending: PendingWrites,
): Promise<readonly ResourceKey[]> {
  try {
    requireResourceType(server, type);
    readCriteria(type, query, place);
    return await conditionalMatches(server, caller, type, query, 2, pending);
  } catch (error) {
    throw placed(error, place);
  }
}
