import { gone, invalidRequest } from '../fhir/outcome.js';
import { keyText, type Resource, type ResourceKey } from '../fhir/resource.js';
import type { ResourceWrite, StoredVersion } from '../persistence/resource-store.js';
import { tombstone } from '../persistence/version.js';
import type { EntryAnswer } from './bundle-answer.js';
import { findLinks, type BundleLinks, type LinkTarget } from './bundle-links.js';
import { resolveConditionalReferences, type ReferencedResource } from './conditional-reference.js';
import { failingAt, placed } from './entry-place.js';
import { hiddenFrom, newVersion, requireDeletable, requireValid, requireWritable } from './new-version.js';
import { type Preconditions, requirePreconditions } from './preconditions.js';
import type { ReadAction } from './read-entry.js';
import { clip } from './resource-type.js';
import type { PendingWrites } from './search-type.js';
import type { Caller, FhirServer } from './server.js';
import { findEntries, type FoundEntry, isDelete, pendingWrites, type WriteEntry } from './transaction-find.js';
import { isThere, updatedVersion } from './update.js';

/** The links of a transaction that are found once, and what else may point at: patched resources differ in each try. */
interface TransactionLinks {
  readonly fullUrls: ReadonlySet<string>;
  readonly ofEntries: BundleLinks;
}

/**
 * The links between the resources of a transaction.
 * @throws OperationOutcomeError 400 when two entries have the same fullUrl, and for a URN that is the fullUrl of none:
 * nothing else tells what it means, so that the link would be lost. docs/adr/0058-writes-leave-no-link-open.md
 */
export function linksOf(server: FhirServer, writes: readonly WriteEntry[]): TransactionLinks {
  const fullUrls = new Set<string>();
  const resources: { resource: Resource; fullUrl?: string | undefined; place: string }[] = [];
  for (const { place, fullUrl, action } of writes) {
    if (isDelete(action)) continue;
    if (fullUrl !== undefined) {
      if (fullUrls.has(fullUrl)) {
        throw invalidRequest(`Another entry has the fullUrl "${clip(fullUrl)}" as well`, `${place}.fullUrl`);
      }
      fullUrls.add(fullUrl);
    }
    if ('resource' in action) resources.push({ resource: action.resource, fullUrl, place: `${place}.resource` });
  }
  const ofEntries = findLinks(server.definitions.structures, fullUrls, resources);
  const [open] = ofEntries.dangling;
  if (open !== undefined) throw invalidRequest(`"${clip(open.text)}" is the fullUrl of no entry`, open.place);
  return { fullUrls, ofEntries };
}

/**
 * Reads what is there, decides every entry by it, and commits all of them together.
 * @returns the answers of the entries that write, at their places; `undefined` when another write got in between.
 * @throws OperationOutcomeError naming the entry that cannot be done; nothing is written then.
 */
export async function tryWrites(
  server: FhirServer,
  caller: Caller,
  writes: readonly WriteEntry[],
  reads: readonly ReadEntry[],
  { fullUrls, ofEntries }: TransactionLinks,
): Promise<EntryAnswer[] | undefined> {
  const entries = await findEntries(server, caller, writes, ofEntries);
  const written = requireDistinct(entries);
  requireNoneDeleted(entries, reads);
  const ofPatched = findLinks(server.definitions.structures, fullUrls, patchedResources(entries));
  const fill = (conditionals: ReadonlyMap<string, ResourceKey>): void => {
    for (const links of [ofEntries, ofPatched]) links.fill(found, conditionals);
  };
  const found = targets(entries);
  fill(new Map()); // criteria are matched on resources that point where they will
  const pending = new Map<string, PendingWrites>();
  const pendingOf = (type: string): PendingWrites => {
    const known = pending.get(type) ?? pendingWrites(entries, type);
    pending.set(type, known);
    return known;
  };
  const conditionals = [...ofEntries.conditionals, ...ofPatched.conditionals];
  const references = await resolveConditionalReferences(server, caller, conditionals, pendingOf);
  fill(new Map([...references].map(([text, { key }]) => [text, key])));

  const answers: EntryAnswer[] = [];
  const commit = checks(entries, written, references);
  for (const entry of entries) {
    await requirePatchedValid(server, caller, entry);
    const created = entry.createdBy && answers[entry.createdBy.index];
    const answer: EntryAnswer =
      created?.kind === 'written'
        ? { ...created, status: 'unchanged' }
        : failingAt(entry.place, () => decide(server, caller, entry, commit));
    answers[entry.index] = joined(answers[entry.index], answer);
  }
  if (commit.length === 0) return answers;
  const { committed } = await server.store.commit(commit);
  return committed ? answers : undefined;
}

/** The answer of an entry that writes several resources: of a conditional delete. */
const joined = (known: EntryAnswer | undefined, next: EntryAnswer): EntryAnswer =>
  known?.kind === 'deleted' && next.kind === 'deleted'
    ? { kind: 'deleted', versions: [...known.versions, ...next.versions] }
    : next;

/** The resources patches make: they hold what the patch brings, and that may point at other entries. */
const patchedResources = (entries: readonly FoundEntry[]) =>
  entries.flatMap(({ action, resource, place, fullUrl }) =>
    resource === undefined || 'resource' in action ? [] : [{ resource, fullUrl, place: `${place}.resource` }],
  );

/**
 * Refuses a transaction in which two entries are about the same resource, or an update and another entry would create by
 * the same criteria.
 * @returns the keys written.
 * @throws OperationOutcomeError 400 naming the second of them.
 */
function requireDistinct(entries: readonly FoundEntry[]): ReadonlySet<string> {
  const written = new Set<string>();
  const criteria = new Set<string>();
  for (const { place, key, claim } of [...entries].sort((one, other) => one.index - other.index)) {
    if (key !== undefined) {
      const text = keyText(key);
      if (written.has(text)) throw invalidRequest(`Another entry writes ${text} as well`, place);
      written.add(text);
    }
    if (claim === undefined) continue;
    if (criteria.has(claim.criteria)) throw invalidRequest('Another entry creates by the same criteria', place);
    criteria.add(claim.criteria);
  }
  for (const { existing, place } of entries) {
    if (existing !== undefined && written.has(keyText(existing))) {
      throw invalidRequest(`Another entry writes ${keyText(existing)}, which this ifNoneExist matches`, place);
    }
  }
  return written;
}

/** An entry that reads, as far as writes can make it fail. */
export interface ReadEntry {
  readonly place: string;
  readonly action: ReadAction;
}

/** Refuses a transaction that reads what one of its conditional deletes deletes. @throws OperationOutcomeError 410. */
function requireNoneDeleted(entries: readonly FoundEntry[], reads: readonly ReadEntry[]): void {
  const deleted = new Set(
    entries.flatMap(({ action, key }) => (action.kind === 'conditional-delete' && key ? [keyText(key)] : [])),
  );
  for (const { action, place } of reads) {
    if (action.kind === 'read' && deleted.has(keyText(action.key))) throw placed(gone(keyText(action.key)), place);
  }
}

/** What the entries' fullUrls have become. */
function targets(entries: readonly FoundEntry[]): ReadonlyMap<string, LinkTarget> {
  const found = new Map<string, LinkTarget>();
  for (const { fullUrl, action, key, previous, existing, createdBy } of entries) {
    if (fullUrl === undefined || isDelete(action)) continue;
    if (existing !== undefined) found.set(fullUrl, existing);
    else if (createdBy !== undefined) found.set(fullUrl, { ...createdBy.key, versionId: 1 });
    else if (key !== undefined) found.set(fullUrl, { ...key, versionId: (previous?.versionId ?? 0) + 1 });
  }
  return found;
}

/** What the transaction was decided by without writing it must still be so when it commits. */
function checks(
  entries: readonly FoundEntry[],
  written: ReadonlySet<string>,
  references: ReadonlyMap<string, ReferencedResource>,
): ResourceWrite[] {
  const versionIds = new Map<string, ReferencedResource>();
  for (const reference of references.values()) versionIds.set(keyText(reference.key), reference);
  for (const { existing } of entries) {
    if (existing === undefined) continue;
    const { type, id, versionId } = existing;
    versionIds.set(keyText(existing), { key: { type, id }, versionId });
  }
  return [...versionIds]
    .filter(([text]) => !written.has(text))
    .map(([, { key, versionId }]) => ({ kind: 'check', key, versionId }));
}

/** What a patch makes is known only now; whole resources were looked at before anything was looked for. */
async function requirePatchedValid(server: FhirServer, caller: Caller, entry: FoundEntry): Promise<void> {
  const { action, key, resource, previous, place } = entry;
  if (key === undefined || resource === undefined) return;
  if (action.kind !== 'patch' && action.kind !== 'conditional-patch') return;
  try {
    requirePreconditions(server.definitions.version, key, action, previous);
    await requireValid(server, caller, resource, 'update');
  } catch (error) {
    throw placed(error, place);
  }
}

/** Adds an entry's writes to the commit, and gives what its answer will be when the commit succeeds. */
function decide(server: FhirServer, caller: Caller, entry: FoundEntry, commit: ResourceWrite[]): EntryAnswer {
  const { action, access, key, previous, existing, claim, resource } = entry;
  if (existing !== undefined) return { kind: 'written', version: existing, status: 'unchanged' };
  if (key === undefined || resource === undefined) return decideDelete(server, entry, commit);
  const replacing = previous === undefined ? {} : { previous };
  const version = ((): StoredVersion => {
    switch (action.kind) {
      case 'create':
        return newVersion(server, caller, { resource, id: key.id, method: 'POST', access });
      case 'patch':
      case 'conditional-patch':
        return newVersion(server, caller, { resource, id: key.id, method: 'PATCH', access, previous });
      default:
        return updatedVersion(server, caller, { ...preconditionsOf(action), key, resource, access, previous });
    }
  })();
  commit.push({ kind: 'put', next: version, ...replacing });
  if (claim !== undefined) commit.push({ kind: 'claim', ...claim, target: key });
  return {
    kind: 'written',
    version,
    status: isThere(previous) ? 'updated' : 'created',
    ...hiddenFrom(server, caller, version),
  };
}

const preconditionsOf = (action: Preconditions): Preconditions => ({
  ...(action.ifMatch === undefined ? {} : { ifMatch: action.ifMatch }),
  ...(action.ifNoneMatch === undefined ? {} : { ifNoneMatch: action.ifNoneMatch }),
});

function decideDelete(server: FhirServer, entry: FoundEntry, commit: ResourceWrite[]): EntryAnswer {
  const { action, access, newKey, key = newKey, previous } = entry;
  if (action.kind === 'delete') requireDeletable(access, key.type, previous);
  else requireWritable(access, key.type, previous);
  requirePreconditions(server.definitions.version, key, action as Preconditions, previous);
  if (!isThere(previous)) {
    // What is not there must not be there when the others are written either: somebody may make it meanwhile.
    if (entry.key !== undefined) commit.push({ kind: 'check', key: entry.key, versionId: previous?.versionId ?? 0 });
    return { kind: 'deleted', versions: previous === undefined ? [] : [previous] };
  }
  const version = tombstone(previous, server.now());
  commit.push({ kind: 'put', next: version, previous });
  return { kind: 'deleted', versions: [version] };
}
