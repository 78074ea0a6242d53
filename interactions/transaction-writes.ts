import type { AccessFilter } from '../fhir/access.js';
import { invalidRequest } from '../fhir/outcome.js';
import { keyText, type Resource, type ResourceKey } from '../fhir/resource.js';
import type { ResourceWrite, StoredVersion } from '../persistence/resource-store.js';
import { tombstone } from '../persistence/version.js';
import type { EntryAnswer } from './bundle-answer.js';
import { findLinks, type BundleLinks, type LinkTarget } from './bundle-links.js';
import { findExisting, readCriteria, type ConditionalCreate } from './conditional-create.js';
import { resolveConditionalReferences, type ReferencedResource } from './conditional-reference.js';
import { failingAt, placed, type EntryAction, type EntryRequest } from './entry-request.js';
import { newVersion, requireWritable } from './new-version.js';
import { inParallel } from './parallel.js';
import type { ReadAction } from './read-entry.js';
import { clip } from './resource-type.js';
import type { PendingWrites } from './search-type.js';
import type { Caller, FhirServer } from './server.js';
import { isThere, requireVersion, updatedVersion } from './update.js';

/** An entry of a transaction that writes, with what is decided before anything is read. */
export interface WriteEntry extends EntryRequest {
  /** Its place among the entries of the bundle. */
  readonly index: number;
  readonly action: Exclude<EntryAction, ReadAction>;
  readonly access: AccessFilter;
  /** Where it writes; for a conditional create that finds something, where it would have written. */
  readonly key: ResourceKey;
}

/** An entry with what the store holds for it now. */
interface FoundEntry extends WriteEntry {
  readonly previous?: StoredVersion | undefined;
  readonly conditional?: ConditionalCreate | undefined;
}

/**
 * The links between the resources of a transaction.
 * @throws OperationOutcomeError 400 when two entries have the same fullUrl.
 */
export function linksOf(server: FhirServer, writes: readonly WriteEntry[]): BundleLinks {
  const fullUrls = new Set<string>();
  const resources: { resource: Resource; fullUrl?: string | undefined; place: string }[] = [];
  for (const { place, fullUrl, action } of writes) {
    if (action.kind === 'delete') continue;
    if (fullUrl !== undefined) {
      if (fullUrls.has(fullUrl)) {
        throw invalidRequest(`Another entry has the fullUrl "${clip(fullUrl)}" as well`, `${place}.fullUrl`);
      }
      fullUrls.add(fullUrl);
    }
    resources.push({ resource: action.resource, fullUrl, place: `${place}.resource` });
  }
  return findLinks(server.definitions.structures, fullUrls, resources);
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
  links: BundleLinks,
): Promise<EntryAnswer[] | undefined> {
  const entries = await find(server, caller, writes);
  const written = requireDistinct(entries);
  const fullUrls = targets(entries);
  links.fill(fullUrls, new Map()); // criteria are matched on resources that point where they will
  const pending = new Map<string, PendingWrites>();
  const pendingOf = (type: string): PendingWrites => {
    const known = pending.get(type) ?? pendingWrites(entries, type);
    pending.set(type, known);
    return known;
  };
  const references = await resolveConditionalReferences(server, caller, links.conditionals, pendingOf);
  links.fill(fullUrls, new Map([...references].map(([text, { key }]) => [text, key])));

  const answers: EntryAnswer[] = [];
  const commit = checks(entries, written, references);
  for (const entry of entries) {
    answers[entry.index] = failingAt(entry.place, () => decide(server, caller, entry, commit));
  }
  if (commit.length === 0) return answers;
  const { committed } = await server.store.commit(commit);
  return committed ? answers : undefined;
}

/** What there is for the entries: the versions they replace, and what conditional creates find. */
async function find(server: FhirServer, caller: Caller, writes: readonly WriteEntry[]): Promise<FoundEntry[]> {
  const replacing = writes.filter(({ action }) => action.kind !== 'create');
  const versions = await server.store.readMany(replacing.map(({ key }) => key));
  const previous = new Map(replacing.map((entry, place) => [entry, versions[place]]));
  return inParallel(writes, 16, async (entry) => {
    const { action, place } = entry;
    if (action.kind !== 'create' || action.ifNoneExist === undefined)
      return { ...entry, previous: previous.get(entry) };
    const at = `${place}.request.ifNoneExist`;
    try {
      return { ...entry, conditional: await findExisting(server, caller, action.type, action.ifNoneExist, at) };
    } catch (error) {
      throw placed(error, at);
    }
  });
}

/**
 * Refuses a transaction in which two entries are about the same resource, or would create by the same criteria.
 * @returns the keys written.
 * @throws OperationOutcomeError 400 naming the second of them.
 */
function requireDistinct(entries: readonly FoundEntry[]): ReadonlySet<string> {
  const written = new Set<string>();
  const criteria = new Set<string>();
  for (const { action, place, key, conditional } of entries) {
    if (conditional?.kind === 'existing') continue;
    const text = keyText(key);
    if (written.has(text)) throw invalidRequest(`Another entry writes ${text} as well`, place);
    written.add(text);
    if (conditional === undefined || action.kind !== 'create') continue;
    const { canonical } = readCriteria(action.type, action.ifNoneExist ?? '', place);
    if (criteria.has(canonical)) throw invalidRequest('Another entry has the same ifNoneExist', place);
    criteria.add(canonical);
  }
  for (const { conditional, place } of entries) {
    if (conditional?.kind === 'existing' && written.has(keyText(conditional.version))) {
      throw invalidRequest(
        `Another entry writes ${keyText(conditional.version)}, which this ifNoneExist matches`,
        place,
      );
    }
  }
  return written;
}

/** What the entries' fullUrls have become. */
function targets(entries: readonly FoundEntry[]): ReadonlyMap<string, LinkTarget> {
  const found = new Map<string, LinkTarget>();
  for (const { fullUrl, action, key, previous, conditional } of entries) {
    if (fullUrl === undefined || action.kind === 'delete') continue;
    const { type, id, versionId } =
      conditional?.kind === 'existing' ? conditional.version : { ...key, versionId: (previous?.versionId ?? 0) + 1 };
    found.set(fullUrl, { type, id, versionId });
  }
  return found;
}

/** What the entries are about to write of a type. */
function pendingWrites(entries: readonly FoundEntry[], type: string): PendingWrites {
  const written = entries.filter(({ key, conditional }) => key.type === type && conditional?.kind !== 'existing');
  return {
    keys: new Set(written.map(({ key }) => keyText(key))),
    resources: written.flatMap(({ action, key }) =>
      action.kind === 'delete' ? [] : [{ ...action.resource, id: key.id }],
    ),
  };
}

/** What the transaction was decided by without writing it must still be so when it commits. */
function checks(
  entries: readonly FoundEntry[],
  written: ReadonlySet<string>,
  references: ReadonlyMap<string, ReferencedResource>,
): ResourceWrite[] {
  const versionIds = new Map<string, ReferencedResource>();
  for (const reference of references.values()) versionIds.set(keyText(reference.key), reference);
  for (const { conditional } of entries) {
    if (conditional?.kind !== 'existing') continue;
    const { type, id, versionId } = conditional.version;
    versionIds.set(keyText(conditional.version), { key: { type, id }, versionId });
  }
  return [...versionIds]
    .filter(([text]) => !written.has(text))
    .map(([, { key, versionId }]) => ({ kind: 'check', key, versionId }));
}

/** Adds an entry's writes to the commit, and gives what its answer will be when the commit succeeds. */
function decide(server: FhirServer, caller: Caller, entry: FoundEntry, commit: ResourceWrite[]): EntryAnswer {
  const { action, access, key, previous, conditional } = entry;
  switch (action.kind) {
    case 'create': {
      if (conditional?.kind === 'existing')
        return { kind: 'written', version: conditional.version, status: 'unchanged' };
      const version = newVersion(server, caller, { resource: action.resource, id: key.id, method: 'POST', access });
      commit.push({ kind: 'put', next: version });
      if (conditional !== undefined) commit.push({ kind: 'claim', ...conditional.claim, target: key });
      return { kind: 'written', version, status: 'created' };
    }
    case 'update': {
      const { resource, ifMatch } = action;
      const version = updatedVersion(server, caller, { key, resource, ifMatch, access, previous });
      commit.push({ kind: 'put', next: version, ...(previous === undefined ? {} : { previous }) });
      return { kind: 'written', version, status: isThere(previous) ? 'updated' : 'created' };
    }
    case 'delete': {
      requireWritable(access, key.type, previous, previous?.compartments ?? []);
      requireVersion(server.definitions.version, key, action.ifMatch, previous);
      if (!isThere(previous)) return { kind: 'deleted', ...(previous === undefined ? {} : { version: previous }) };
      const version = tombstone(previous, server.now());
      commit.push({ kind: 'put', next: version, previous });
      return { kind: 'deleted', version };
    }
  }
}
