import { notFound, tooCostly } from '../fhir/outcome.js';
import { keyText } from '../fhir/resource.js';
import type { ResultForm } from '../fhir/subset.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { openPage, type PageBinding, type PagePlace, sealPage } from '../search/page.js';
import { authorize, rightsOf } from './access.js';
import { authorizeHistory, type HistoryAccess, visibleVersions } from './history-access.js';
import { type HistoryRequest, type HistoryScope, pageToken, readHistoryRequest } from './history-request.js';
import { listEntries } from './list-entries.js';
import { historySource, type HistoryPart, type HistorySource } from './history-source.js';
import type { Caller, FhirServer } from './server.js';
import { currentVersion } from './stored-content.js';

/** One page of a history. */
export interface HistoryPage {
  readonly scope: HistoryScope;
  readonly versions: readonly StoredVersion[];
  /** The number of all versions the caller may see, where it is known. */
  readonly total?: number;
  /** The instant up to which all that was written is shown: asking from then on (`_since`) misses nothing. */
  readonly end?: string;
  /** The token of this page; absent on the first. */
  readonly cursor?: string;
  /** Tokens of other pages; `next` is absent on the last one. */
  readonly links: { readonly first?: string; readonly next?: string };
  /** The part of each resource that was asked for; absent for whole ones. */
  readonly form?: ResultForm;
  /** The parameters as they were understood. */
  readonly used: readonly (readonly [string, string])[];
}

/** So many versions are looked at for a page: with few to be seen among many, pages get short instead of slow. */
const mostLookedAt = 1_000;

/** So many versions are looked at to count those to be seen. */
const mostCounted = 100_000;

/**
 * One page of the versions of a resource, of a type's resources, or of all, deletions included, newest first unless
 * asked otherwise. Pages stay as they are while others write: newer versions come before them.
 * https://hl7.org/fhir/R4/http.html#history
 * @param parameters of the query, in order.
 * @throws OperationOutcomeError 400 for parameters that are not understood; 403 by role; 404 when there is no such
 * type, or never was such a resource, or its compartments are not the caller's.
 */
export async function history(
  server: FhirServer,
  caller: Caller,
  scope: HistoryScope,
  parameters: readonly (readonly [string, string])[],
): Promise<HistoryPage> {
  const access = authorizeHistory(server, caller, scope);
  const binding = bindingOf(server, caller, scope, access);
  const cursor = pageToken(parameters);
  const opened = cursor === undefined ? undefined : openPage(server.pageKey, binding, cursor);
  const request = readHistoryRequest(server, scope, opened?.query ?? parameters, caller.baseUrl);
  const listed = request.lists === undefined ? undefined : await listedIn(server, caller, request.lists);
  const outside = [...(request.types ?? [])].find((type) => !access.has(type));
  if (outside !== undefined) authorize(server, caller, 'history-type', outside); // tells why not
  const isWanted = (type: string): boolean => listed?.types.has(type) !== false && request.types?.has(type) !== false;
  const wanted = new Map([...access].filter(([type]) => isWanted(type)));
  const source = historySource(server, scope, wanted, request);
  const walk: Walk = { server, access: wanted, request, source, ...(listed === undefined ? {} : { listed }) };
  const known = scope.kind === 'instance' ? await requireVisible(server, scope, access) : undefined;
  const seal = (after?: string, offset = 0): string => {
    const place = { query: request.used, count: request.count, offset, ...(after === undefined ? {} : { after }) };
    return sealPage(server.pageKey, binding, place);
  };
  const { used, form } = request;
  const about = {
    scope,
    used,
    ...(form === undefined ? {} : { form }),
    ...(cursor === undefined ? {} : { cursor }),
  };
  if (request.count === 0) return { ...about, versions: [], total: await countVisible(walk), links: {} };
  const { versions, next, end } = await walkPage(walk, opened?.after);
  const isWhole = opened?.after === undefined && next === undefined;
  const total = isWhole ? versions.length : isPlain(walk) ? totalOf(walk, known, versions, opened) : undefined;
  return {
    ...about,
    versions,
    ...(total === undefined ? {} : { total }),
    ...(end === undefined ? {} : { end }),
    links: {
      ...(cursor === undefined ? {} : { first: seal() }),
      ...(next === undefined ? {} : { next: seal(next, (opened?.offset ?? 0) + versions.length) }),
    },
  };
}

/**
 * How many versions a resource has. Those written since the first page was given come before it, newest first, and are
 * on none of its pages: they do not count there.
 * @param known the number of all as it is now; undefined for a history of several resources.
 */
function totalOf(
  { request }: Walk,
  known: number | undefined,
  [newest]: readonly StoredVersion[],
  opened: PagePlace | undefined,
): number | undefined {
  if (known === undefined || request.oldestFirst) return known;
  return newest === undefined ? known : (opened?.offset ?? 0) + newest.versionId;
}

/** A page link works for the same person with the same rights only. */
function bindingOf(server: FhirServer, caller: Caller, scope: HistoryScope, access: HistoryAccess): PageBinding {
  const of = scope.kind === 'instance' ? keyText(scope.key) : scope.kind === 'type' ? scope.type : '';
  return [server.definitions.version, 'history', of, ...rightsOf(caller.principal), [...access.keys()]];
}

/** @returns the number of versions. @throws OperationOutcomeError 404. */
async function requireVisible(
  server: FhirServer,
  { key }: Extract<HistoryScope, { kind: 'instance' }>,
  access: HistoryAccess,
): Promise<number> {
  const current = await currentVersion(server, key);
  const [visible] = current === undefined ? [] : await visibleVersions(server, access, [current]);
  if (visible === undefined) throw notFound(keyText(key));
  return visible.versionId;
}

interface Walk {
  readonly server: FhirServer;
  readonly access: HistoryAccess;
  readonly request: HistoryRequest;
  readonly source: HistorySource;
  /** Absent without `_list`. */
  readonly listed?: Listed;
}

/** What Lists refer to: resources, whose every version counts, and single versions. */
interface Listed {
  readonly types: ReadonlySet<string>;
  has(version: StoredVersion): boolean;
}

async function listedIn(server: FhirServer, caller: Caller, lists: readonly string[]): Promise<Listed> {
  const entries = await listEntries(server, caller, lists);
  const keys = new Set(
    entries.map((entry) => keyText(entry) + (entry.versionId === undefined ? '' : `/${entry.versionId}`)),
  );
  return {
    types: new Set(entries.map(({ type }) => type)),
    has: (version) => keys.has(keyText(version)) || keys.has(`${keyText(version)}/${String(version.versionId)}`),
  };
}

/** Whether every version of the scope is shown. */
const isPlain = ({ access, request, listed }: Walk): boolean =>
  request.since === undefined && request.at === undefined && listed === undefined && seesAll(access);

const seesAll = (access: HistoryAccess): boolean => [...access.values()].every(({ kind }) => kind === 'everything');

async function walkPage(
  walk: Walk,
  start: string | undefined,
): Promise<{ readonly versions: readonly StoredVersion[]; readonly next?: string; readonly end?: string }> {
  const { request, source } = walk;
  const wanted = request.count + 1;
  const found: StoredVersion[] = [];
  let part: HistoryPart | undefined;
  let end: string | undefined;
  for (let looked = 0; ;) {
    const size = looked === 0 ? wanted : Math.max(wanted, 100);
    part = await source.next(part?.next ?? start, size);
    looked += size;
    end ??= part.end;
    found.push(...(await shownOf(walk, part.versions)));
    if (part.next === undefined || found.length >= wanted || looked >= mostLookedAt) break;
  }
  const versions = found.slice(0, request.count);
  const last = versions.at(-1);
  const next = found.length > versions.length && last !== undefined ? source.placeOf(last) : part.next;
  return { versions, ...(next === undefined ? {} : { next }), ...(end === undefined ? {} : { end }) };
}

async function countVisible(walk: Walk): Promise<number> {
  if (walk.request.at === undefined && walk.listed === undefined && seesAll(walk.access)) return walk.source.count();
  let total = 0;
  let part: HistoryPart | undefined;
  for (let looked = 0; ; looked += mostLookedAt) {
    if (looked >= mostCounted) throw tooCostly('There are too many versions to count: narrow it by _since', '_count');
    part = await walk.source.next(part?.next, mostLookedAt);
    total += (await shownOf(walk, part.versions)).length;
    if (part.next === undefined) return total;
  }
}

async function shownOf(
  { server, access, request, listed }: Walk,
  all: readonly StoredVersion[],
): Promise<StoredVersion[]> {
  const { at } = request;
  const versions = listed === undefined ? all : all.filter((version) => listed.has(version));
  return visibleVersions(server, access, at === undefined ? versions : await currentAt(server, at, versions));
}

/**
 * The versions, none later than the period, that were current in it: written in it, or the latest before it. A
 * deletion before it is none: nothing was current then.
 */
async function currentAt(
  server: FhirServer,
  { low }: { readonly low: string },
  versions: readonly StoredVersion[],
): Promise<StoredVersion[]> {
  const earlier = versions.filter(({ lastUpdated, deleted }) => lastUpdated < low && !deleted);
  const successors = await server.store.vreadMany(
    earlier.map(({ type, id, versionId }) => ({ type, id, versionId: versionId + 1 })),
  );
  const superseded = new Set(earlier.filter((_, place) => (successors[place]?.lastUpdated ?? '9') <= low));
  return versions.filter((version) => version.lastUpdated >= low || (!version.deleted && !superseded.has(version)));
}
