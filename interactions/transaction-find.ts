import { invalidRequest, type OperationOutcomeError } from '../fhir/outcome.js';
import type { AccessFilter } from '../search/access.js';
import { keyText, type Resource, type ResourceKey } from '../fhir/resource.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { findExisting, type ConditionalCreate } from './conditional-create.js';
import { createdKey, idTaken, requireSameId } from './conditional-update.js';
import { requireOneVersion } from './conditional-delete.js';
import { findDeletable } from './deletable.js';
import type { EntryAction } from './entry-action.js';
import { failingAt, placed } from './entry-place.js';
import type { EntryRequest } from './entry-request.js';
import { requireWritable } from './new-version.js';
import { inParallel } from './parallel.js';
import { patchedResource, requirePatchable } from './patch.js';
import type { ReadAction } from './read-entry.js';
import type { PendingWrites } from './search-type.js';
import type { Caller, FhirServer } from './server.js';
import { currentVersions } from './stored-content.js';
import { isThere } from './update.js';

/** An entry of a transaction that writes, with what is decided before anything is read. */
export interface WriteEntry extends EntryRequest {
  /** Its place among the entries of the bundle. */
  readonly index: number;
  readonly action: Exclude<EntryAction, ReadAction>;
  readonly access: AccessFilter;
  /** Where it creates if it does; the same however often the transaction is tried. */
  readonly newKey: ResourceKey;
}

/** An entry with what the store holds for it now. */
export interface FoundEntry extends WriteEntry {
  /** What it writes; absent when it writes nothing: a conditional delete that matches nothing, a create that need not. */
  readonly key?: ResourceKey;
  readonly previous?: StoredVersion;
  /** What a conditional create has found. */
  readonly existing?: StoredVersion;
  /** The criteria to claim, of a conditional create or update that creates. */
  readonly claim?: Extract<ConditionalCreate, { kind: 'none' }>['claim'];
  /** What it stores, before links are filled in; a patch's is the patched one. */
  readonly resource?: Resource;
}

/**
 * What there is for the entries of a transaction. Criteria are matched in the order entries are done: those of deletes
 * on what is stored, those of creates when the deletes are done, those of updates and patches when the creates are as
 * well. https://hl7.org/fhir/R4/http.html#trules
 * @throws OperationOutcomeError naming the entry.
 */
export async function findEntries(
  server: FhirServer,
  caller: Caller,
  writes: readonly WriteEntry[],
): Promise<FoundEntry[]> {
  const found: FoundEntry[] = [];
  const of = (...kinds: WriteEntry['action']['kind'][]): WriteEntry[] =>
    writes.filter(({ action }) => kinds.includes(action.kind));
  const resolve = async (entries: readonly WriteEntry[], pending?: (type: string) => PendingWrites): Promise<void> => {
    const resolved = await inParallel(entries, 16, (entry) => resolveCriteria(server, caller, entry, pending));
    found.push(...resolved);
  };
  await resolve(of('delete'));
  const deletes = of('conditional-delete');
  found.push(...(await inParallel(deletes, 16, (entry) => resolveDelete(server, caller, entry))).flat());
  await resolve(of('create'), (type) => ({ ...pendingWrites(found, type), resources: [] }));
  await resolve(of('update', 'conditional-update', 'patch', 'conditional-patch'), (type) => pendingWrites(found, type));
  return readPrevious(server, found);
}

/** What a conditional delete deletes, one by one; itself, about nothing, where nothing matches. */
async function resolveDelete(server: FhirServer, caller: Caller, entry: WriteEntry): Promise<FoundEntry[]> {
  const { action, place } = entry;
  if (action.kind !== 'conditional-delete') return [entry];
  const at = `${place}.request.url`;
  const found = await namingPlace(at, () => findDeletable(server, caller, action.type, action.criteria, at));
  failingAt(place, () => {
    requireOneVersion(found, action, `${place}.request.ifMatch`);
  });
  if (found.length === 0) return [entry];
  return found.map((previous) => ({ ...entry, key: { type: previous.type, id: previous.id }, previous }));
}

/** Finds out by its criteria what an entry is about; one with a key is about that. */
async function resolveCriteria(
  server: FhirServer,
  caller: Caller,
  entry: WriteEntry,
  pending?: (type: string) => PendingWrites,
): Promise<FoundEntry> {
  const { action, place, newKey } = entry;
  const resource = 'resource' in action ? { resource: action.resource } : {};
  if ('key' in action) return { ...entry, key: action.key, ...resource };
  const isCreate = action.kind === 'create';
  const criteria = isCreate ? action.ifNoneExist : action.criteria;
  if (criteria === undefined) return { ...entry, key: newKey, ...resource };
  const at = `${place}.request.${isCreate ? 'ifNoneExist' : 'url'}`;
  const match = await namingPlace(at, () =>
    findExisting(server, caller, action.type, criteria, at, pending?.(action.type)),
  );
  switch (match.kind) {
    case 'existing': {
      const { version } = match;
      if (isCreate) return { ...entry, existing: version };
      if (action.kind === 'conditional-update') requireSameId(version, action.resource, `${place}.resource`);
      return { ...entry, key: { type: version.type, id: version.id }, previous: version, ...resource };
    }
    case 'pending':
      throw invalidRequest(`Another entry writes ${keyText(match.key)}, which these criteria match`, place);
    case 'none': {
      if (action.kind === 'conditional-patch') {
        return { ...entry, previous: failingAt(place, () => requirePatchable(entry.access, undefined, undefined)) };
      }
      return { ...entry, key: newKey, claim: match.claim, ...resource };
    }
  }
}

/** Reads what entries replace, all at once, and patches what is to be patched. */
async function readPrevious(server: FhirServer, found: readonly FoundEntry[]): Promise<FoundEntry[]> {
  const replacing = found.filter(
    ({ action, key, previous }) => key !== undefined && previous === undefined && action.kind !== 'create',
  );
  const keys = replacing.flatMap(({ key }) => key ?? []);
  const versions = await currentVersions(server, keys);
  const read = new Map(replacing.map((entry, place) => [entry, versions[place]]));
  return inParallel(found, 16, async (entry) => {
    const previous = entry.previous ?? read.get(entry);
    const { action, place, access, key } = entry;
    return namingPlace(place, async () => {
      if (action.kind === 'patch' || action.kind === 'conditional-patch') {
        const current = requirePatchable(access, key, previous);
        return { ...entry, previous: current, resource: await patchedResource(server, current, action.patch) };
      }
      if (action.kind === 'conditional-update' && entry.claim !== undefined && key !== undefined) {
        requireWritable(access, key.type, previous);
        if (isThere(previous)) throw idTaken(key);
      }
      return previous === undefined ? entry : { ...entry, previous };
    });
  });
}

/** What the entries found so far are about to write of a type. */
export function pendingWrites(entries: readonly FoundEntry[], type: string): PendingWrites {
  const written = entries.flatMap(({ key, resource }) => (key?.type === type ? [{ key, resource }] : []));
  return {
    keys: new Set(written.map(({ key }) => keyText(key))),
    resources: written.flatMap(({ key, resource }) => (resource === undefined ? [] : [{ ...resource, id: key.id }])),
  };
}

/** Where a write would create, for entries that may. */
export function newKeyOf(server: FhirServer, action: WriteEntry['action']): ResourceKey {
  if (action.kind === 'conditional-update') return createdKey(server, action.type, action.resource);
  return 'key' in action ? action.key : { type: action.type, id: server.newId() };
}

async function namingPlace<Result>(place: string, decide: () => Promise<Result>): Promise<Result> {
  try {
    return await decide();
  } catch (error) {
    throw placed(error, place) as OperationOutcomeError;
  }
}
