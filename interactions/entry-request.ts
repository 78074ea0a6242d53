import { OperationOutcomeError, type OutcomeIssue, tooCostly } from '../fhir/outcome.js';
import type { Resource } from '../fhir/resource.js';
import { validateResource } from '../fhir/validate.js';
import { type BundleEntry, type EntryAction, readAction } from './entry-action.js';
import { atPlace } from './entry-place.js';
import type { Caller, FhirServer } from './server.js';

/** An entry and where it stands. */
export interface EntryRequest {
  /** `Bundle.entry[3]` */
  readonly place: string;
  readonly fullUrl?: string;
  readonly action: EntryAction;
}

/** More entries than these are refused: an entry of three letters takes as long as a resource. */
const mostEntries = 100_000;

/**
 * Reads the entries of a bundle, without the rules of the resources inside.
 * @returns per entry what it asks for, or why that cannot be done.
 * @throws OperationOutcomeError 422 when the bundle itself (all but the entries' resources) breaks its rules; in a batch,
 * where each entry stands for itself, not for what breaks them inside an entry; 413 for too many of them.
 */
export function readEntries(
  server: FhirServer,
  caller: Caller,
  bundle: Resource,
): readonly (EntryRequest | OperationOutcomeError)[] {
  const entries: unknown = bundle['entry'] ?? [];
  if (Array.isArray(entries) && entries.length > mostEntries) {
    const counts = `${String(mostEntries)} entries, this one ${String(entries.length)}`;
    throw tooCostly(`A bundle has at most ${counts}`, 'Bundle.entry');
  }
  const faults = entryFaults(server, bundle, entries);
  return (entries as readonly BundleEntry[]).map((entry, index) => {
    const place = `Bundle.entry[${String(index)}]`;
    const fault = faults.get(index);
    if (fault !== undefined) return fault;
    try {
      return {
        place,
        ...(entry.fullUrl === undefined ? {} : { fullUrl: entry.fullUrl }),
        action: readAction(server, caller, entry, place),
      };
    } catch (error) {
      if (error instanceof OperationOutcomeError) return atPlace(error, place);
      throw error;
    }
  });
}

/**
 * The bundle's own rules are checked on a copy without the resources: those are checked one by one, with their entry.
 * A `fullUrl` stands in where an entry has nothing but a resource, since no object may be empty.
 * @returns the faults of a batch's entries.
 * @throws OperationOutcomeError 422 for any other fault.
 */
function entryFaults(
  server: FhirServer,
  bundle: Resource,
  entries: unknown,
): ReadonlyMap<number, OperationOutcomeError> {
  const bare = (entry: unknown): unknown => {
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return entry;
    const { resource, ...rest } = entry as Record<string, unknown>;
    return resource === undefined || Object.keys(rest).length > 0 ? rest : { fullUrl: 'urn:entry' };
  };
  const envelope = { ...bundle, ...(Array.isArray(entries) ? { entry: entries.map(bare) } : {}) };
  if (Array.isArray(entries) && entries.length === 0) Reflect.deleteProperty(envelope, 'entry');
  const faults = new Map<number, OperationOutcomeError>();
  const issues = validateResource(server.definitions, envelope);
  if (issues.length === 0) return faults;
  if (bundle['type'] !== 'batch' || !Array.isArray(entries)) throw new OperationOutcomeError(422, issues);
  Reflect.deleteProperty(envelope, 'entry');
  const ofBundle = validateResource(server.definitions, envelope);
  if (ofBundle.length > 0) throw new OperationOutcomeError(422, ofBundle);
  for (const [index, entry] of entries.entries()) {
    const alone = validateResource(server.definitions, { resourceType: 'Bundle', type: 'batch', entry: [bare(entry)] });
    if (alone.length > 0)
      faults.set(
        index,
        new OperationOutcomeError(
          422,
          alone.map((issue) => ofEntry(issue, index)),
        ),
      );
  }
  return faults;
}

/** An issue of a bundle of one entry, as that of the entry with this index. */
function ofEntry(issue: OutcomeIssue, index: number): OutcomeIssue {
  const named = (text: string): string => text.replace(/^Bundle\.entry\[0\]/, `Bundle.entry[${String(index)}]`);
  return {
    ...issue,
    ...(issue.diagnostics === undefined ? {} : { diagnostics: named(issue.diagnostics) }),
    ...(issue.expression === undefined ? {} : { expression: issue.expression.map(named) }),
  };
}
