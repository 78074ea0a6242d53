import { historySort } from '../persistence/history-keys.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import type { HistoryAccess } from './history-access.js';
import type { HistoryRequest, HistoryScope } from './history-request.js';
import type { FhirServer } from './server.js';

/** Versions in the order they are asked for, a part at a time. */
export interface HistorySource {
  /**
   * @param after a place, to go on behind it; from the start without one.
   * @param count the greatest number of versions to give, ≥ 1.
   */
  next(after: string | undefined, count: number): Promise<HistoryPart>;
  /** Where a version stands. */
  placeOf(version: StoredVersion): string;
  /** The number of all versions, without reading them. */
  count(): Promise<number>;
}

/** Versions, and the place to go on behind; absent at the end. */
export interface HistoryPart {
  readonly versions: readonly StoredVersion[];
  readonly next?: string;
  /** The instant up to which all that was written is shown. */
  readonly end?: string;
}

/** The versions of a scope within the times asked for; what was current at a time has to be found out among them. */
export const historySource = (
  server: FhirServer,
  scope: HistoryScope,
  access: HistoryAccess,
  request: HistoryRequest,
): HistorySource =>
  scope.kind === 'instance'
    ? instanceSource(server, scope, request)
    : typesSource(server, scope.kind === 'type' ? [scope.type] : [...access.keys()], request);

function instanceSource(
  { store }: FhirServer,
  { key }: Extract<HistoryScope, { kind: 'instance' }>,
  { oldestFirst, since, at }: HistoryRequest,
): HistorySource {
  const inTime = ({ lastUpdated }: StoredVersion): boolean =>
    (since === undefined || lastUpdated >= since) && (at === undefined || lastUpdated <= at.high);
  /** Whether all that comes behind a version is out of time as well. */
  const isPast = ({ lastUpdated }: StoredVersion): boolean =>
    oldestFirst ? at !== undefined && lastUpdated > at.high : since !== undefined && lastUpdated < since;

  async function next(after: string | undefined, count: number): Promise<HistoryPart> {
    const place = after === undefined ? {} : oldestFirst ? { after: Number(after) } : { before: Number(after) };
    const found = await store.history(key, { count: count + 1, oldestFirst, ...place });
    const versions = found.slice(0, count);
    const last = versions.at(-1);
    const isEnd = last === undefined || found.length <= count || isPast(last);
    return { versions: versions.filter(inTime), ...(isEnd ? {} : { next: String(last.versionId) }) };
  }

  return {
    next,
    placeOf: ({ versionId }) => String(versionId),
    count: async () => (await next(undefined, 1_000_000)).versions.length,
  };
}

function typesSource(
  { store }: FhirServer,
  types: readonly string[],
  { oldestFirst, since, at }: HistoryRequest,
): HistorySource {
  const range = {
    types,
    oldestFirst,
    ...(since === undefined ? {} : { from: since }),
    ...(at === undefined ? {} : { to: at.high }),
  };
  return {
    async next(after, count) {
      const page = await store.historyOfTypes({ ...range, count, ...(after === undefined ? {} : { after }) });
      const { versions, last, more, end } = page;
      return { versions, end, ...(more && last !== undefined ? { next: last } : {}) };
    },
    placeOf: historySort,
    count: () => store.countHistory(range),
  };
}
