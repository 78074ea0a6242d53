import { invalidRequest, type OperationOutcomeError } from '../fhir/outcome.js';
import type { AccessFilter } from '../search/access.js';
import { keyText, type Resource, type ResourceKey } from '../fhir/resource.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import type { BundleLinks, LinkTarget } from './bundle-links.js';
import { findExisting, type ConditionalCreate } from './conditional-create.js';
import { linkedCriteria, type LinkedCriteria } from './criteria-links.js';
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
import { clip } from './resource-type.js';
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
  /** The entry that creates by the same criteria: what it creates is what this one finds. */
  readonly createdBy?: { readonly index: number; readonly key: ResourceKey };
  /** The criteria to claim, of a conditional create or update that creates. */
  readonly claim?: Extract<ConditionalCreate, { kind: 'none' }>['claim'];
  /** What it stores, before links are filled in; a patch's is the patched one. */
  readonly resource?: Resource;
}

/**
 * What there is for the entries of a transaction. Criteria are matched in the order entries are done: those of deletes
 * on what is stored, those of creates when the deletes are done, those of updates and patches when the creates are as
 * well; those that name another entry when it is known what that one is about. https://hl7.org/fhir/R4/http.html#trules
 * @param links between the entries' resources: filled in as far as is known, so that criteria match what will be written.
 * @throws OperationOutcomeError naming the entry.
 */
export async function findEntries(
  server: FhirServer,
  caller: Caller,
  writes: readonly WriteEntry[],
  links: Pick<BundleLinks, 'fill'>,
): Promise<FoundEntry[]> {
  const found: FoundEntry[] = [];
  const fullUrls = fullUrlsOf(writes);
  const known = new Map<string, ResourceKey>();
  for (const { fullUrl, action } of writes) {
    if (fullUrl !== undefined && fullUrls.has(fullUrl) && 'key' in action) known.set(fullUrl, action.key);
  }
  const creating = new Map<string, FoundEntry>();
  const of = (...kinds: WriteEntry['action']['kind'][]): LinkedEntry[] =>
    writes.flatMap((entry) => (kinds.includes(entry.action.kind) ? linkedEntry(server, entry, fullUrls) : []));
  const add = (entry: FoundEntry): void => {
    found.push(entry);
    const key = entry.createdBy?.key ?? entry.existing ?? entry.key;
    if (entry.fullUrl !== undefined && key !== undefined) known.set(entry.fullUrl, { type: key.type, id: key.id });
  };
  const resolve = async (entries: readonly LinkedEntry[], pending?: (type: string) => PendingWrites): Promise<void> => {
    for (let waiting = entries; waiting.length > 0;) {
      const [ready, late] = readyOf(waiting, known);
      if (ready.some(({ criteria }) => criteria !== undefined)) links.fill(targetsOf(known), new Map());
      const resolved = await inParallel(ready, 16, ({ entry, criteria, at }) =>
        resolveCriteria(server, caller, entry, criteria && { text: criteria.filled(known), at }, pending),
      );
      for (const entry of resolved) add(createdTogether(creating, entry));
      waiting = late;
    }
  };
  await resolve(of('delete'));
  const [deletes, lateDeletes] = readyOf(of('conditional-delete'), known);
  readyOf(lateDeletes, known); // what the others are about is never known
  const deleted = inParallel(deletes, 16, ({ entry, criteria, at }) =>
    resolveDelete(server, caller, entry, { text: criteria?.filled(known) ?? '', at }),
  );
  found.push(...(await deleted).flat());
  await resolve(of('create'), (type) => ({ ...pendingWrites(found, type), resources: [] }));
  await resolve(of('update', 'conditional-update', 'patch', 'conditional-patch'), (type) => pendingWrites(found, type));
  return readPrevious(server, found);
}

/** What fullUrls stand for as far as criteria can tell, which ask for no version. */
const targetsOf = (known: ReadonlyMap<string, ResourceKey>): ReadonlyMap<string, LinkTarget> =>
  new Map([...known].map(([fullUrl, { type, id }]) => [fullUrl, { type, id, versionId: 1 }]));

/** An entry with its criteria, where it has any. */
interface LinkedEntry {
  readonly entry: WriteEntry;
  readonly criteria?: LinkedCriteria;
  /** Where they stand. */
  readonly at: string;
}

/** Whether an entry deletes: its fullUrl names nothing that is there. */
export const isDelete = ({ kind }: WriteEntry['action']): boolean => kind === 'delete' || kind === 'conditional-delete';

/** The fullUrls by which criteria may name an entry. */
const fullUrlsOf = (writes: readonly WriteEntry[]): ReadonlySet<string> =>
  new Set(writes.flatMap(({ fullUrl, action }) => (fullUrl === undefined || isDelete(action) ? [] : [fullUrl])));

function linkedEntry({ definitions }: FhirServer, entry: WriteEntry, fullUrls: ReadonlySet<string>): LinkedEntry {
  const { action, place } = entry;
  const at = `${place}.request.${action.kind === 'create' ? 'ifNoneExist' : 'url'}`;
  if ('key' in action) return { entry, at };
  const text = action.kind === 'create' ? action.ifNoneExist : action.criteria;
  if (text === undefined) return { entry, at };
  return { entry, at, criteria: linkedCriteria(definitions, action.type, text, fullUrls, at) };
}

/**
 * Parts the entries into those whose criteria name what is known, and those that wait.
 * @throws OperationOutcomeError 400 when all wait: for entries that come behind them, or for each other.
 */
function readyOf(
  entries: readonly LinkedEntry[],
  known: ReadonlyMap<string, ResourceKey>,
): readonly [ready: readonly LinkedEntry[], late: readonly LinkedEntry[]] {
  const ready: LinkedEntry[] = [];
  const late: LinkedEntry[] = [];
  const unknownIn = ({ criteria }: LinkedEntry): string | undefined =>
    [...(criteria?.names ?? [])].find((fullUrl) => !known.has(fullUrl));
  for (const entry of entries) (unknownIn(entry) === undefined ? ready : late).push(entry);
  const [first] = late;
  if (first === undefined || ready.length > 0) return [ready, late];
  const name = clip(unknownIn(first) ?? '');
  throw invalidRequest(`What the entry "${name}" is about is not known when these criteria are matched`, first.at);
}

/**
 * Creates by the same criteria make one resource together, as they do one after the other.
 * @param creating what creates by which criteria; the first one is put there.
 */
function createdTogether(creating: Map<string, FoundEntry>, entry: FoundEntry): FoundEntry {
  const { claim, action, key, place, index, access, newKey, fullUrl } = entry;
  if (claim === undefined || key === undefined || action.kind !== 'create') return entry;
  const first = creating.get(claim.criteria);
  if (first?.key === undefined) {
    creating.set(claim.criteria, entry);
    return entry;
  }
  const createdBy = { index: first.index, key: first.key };
  return { place, index, action, access, newKey, createdBy, ...(fullUrl === undefined ? {} : { fullUrl }) };
}

/** What a conditional delete deletes, one by one; itself, about nothing, where nothing matches. */
async function resolveDelete(
  server: FhirServer,
  caller: Caller,
  entry: WriteEntry,
  { text, at }: PlacedCriteria,
): Promise<FoundEntry[]> {
  const { action, place } = entry;
  if (action.kind !== 'conditional-delete') return [entry];
  const found = await namingPlace(at, () => findDeletable(server, caller, action.type, text, at));
  failingAt(place, () => {
    requireOneVersion(found, action, `${place}.request.ifMatch`);
  });
  if (found.length === 0) return [entry];
  return found.map((previous) => ({ ...entry, key: { type: previous.type, id: previous.id }, previous }));
}

/** Criteria as they are matched, and where they stand. */
interface PlacedCriteria {
  readonly text: string;
  readonly at: string;
}

/** Finds out by its criteria what an entry is about; one with a key is about that. */
async function resolveCriteria(
  server: FhirServer,
  caller: Caller,
  entry: WriteEntry,
  criteria: PlacedCriteria | undefined,
  pending?: (type: string) => PendingWrites,
): Promise<FoundEntry> {
  const { action, place, newKey } = entry;
  const resource = 'resource' in action ? { resource: action.resource } : {};
  if ('key' in action) return { ...entry, key: action.key, ...resource };
  if (criteria === undefined) return { ...entry, key: newKey, ...resource };
  const { text, at } = criteria;
  const match = await namingPlace(at, () =>
    findExisting(server, caller, action.type, text, at, pending?.(action.type)),
  );
  switch (match.kind) {
    case 'existing': {
      const { version } = match;
      if (action.kind === 'create') return { ...entry, existing: version };
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
