import type { Tenant } from '../../fhir/tenant.js';
import type { BodyStore } from '../../persistence/body-store.js';
import { versionItem } from '../../persistence/item.js';
import { currentKey, partitionKey } from '../../persistence/keys.js';
import type { StoredVersion } from '../../persistence/resource-store.js';
import type { Condition, Table } from '../../persistence/table.js';
import { announceType } from '../../persistence/tenants.js';

/** The commit that migrated versions name: what another commit wrote since is never touched. */
const commitId = 'fhir-works';
/** Bytes of a body in UTF-8 that an item holds, as the store has it. */
const inlineLimit = 350_000;

/** What became of a resource: kept now, there from an earlier run, or in the way of what others wrote here. */
export type Kept = 'kept' | 'there' | 'in-the-way';

/** Where versions are kept, and whose they become. */
export interface KeepingPlace {
  readonly tenant: Tenant;
  readonly table: Table;
  /** Where bodies go that an item does not hold. */
  readonly bodies?: BodyStore | undefined;
}

/** Where the versions would stand. */
export interface Standing {
  readonly kept: Kept;
  /** The version of an earlier run that they would follow. */
  readonly before?: number;
}

/** Whether the versions of a resource can be kept, are there, or something else is in their place. */
export async function standingOf(
  { table, tenant }: KeepingPlace,
  versions: readonly StoredVersion[],
): Promise<Standing> {
  const { type, id, versionId, lastUpdated } = lastOf(versions);
  const current = await table.get({ pk: partitionKey(tenant, type, id), sk: currentKey });
  if (current === undefined) return { kept: 'kept' };
  const before = current['versionId'];
  if (current['commitId'] !== commitId || typeof before !== 'number') return { kept: 'in-the-way' };
  const isSame = before === versionId && current['lastUpdated'] === lastUpdated;
  return { kept: isSame ? 'there' : 'kept', before };
}

/**
 * Keeps the versions of a resource under the numbers they have, gaps among them; the current one is written last, so that
 * nobody sees a part. Again, it changes nothing, or adds what came since.
 * @param versions oldest first, at least one.
 * @param beforeCurrent done before the current version is written: what it refers to.
 * @throws Error when a body is too large for an item and there is no other place.
 */
export async function keepVersions(
  place: KeepingPlace,
  versions: readonly StoredVersion[],
  beforeCurrent: () => Promise<void>,
): Promise<Kept> {
  const { table, tenant } = place;
  const last = lastOf(versions);
  const { kept, before } = await standingOf(place, versions);
  if (kept !== 'kept') return kept;
  const space = { tenant, historyShards: table.historyShards };
  await announceType(table, tenant, last.type);
  for (const version of versions.slice(0, -1)) {
    await table.write([{ kind: 'put', item: versionItem(space, await placed(place, version), 'archive') }]);
  }
  await beforeCurrent();
  const condition: Condition =
    before === undefined
      ? { kind: 'absent' }
      : { kind: 'equals', attributes: { versionId: before, commitId, lock: undefined } };
  const item = versionItem(space, await placed(place, last), 'current');
  const { written } = await table.write([{ kind: 'put', item, condition }]);
  return written ? 'kept' : 'in-the-way';
}

function lastOf(versions: readonly StoredVersion[]): StoredVersion {
  const last = versions.at(-1);
  if (last === undefined) throw new Error('There is no version to keep');
  return last;
}

/** A version as it is written: a large body goes where those are. */
async function placed({ table, bodies, tenant }: KeepingPlace, version: StoredVersion): Promise<StoredVersion> {
  const named = { ...version, commitId };
  if (table.maxBytes === Infinity || Buffer.byteLength(version.body) <= inlineLimit) return named;
  if (bodies === undefined) throw new Error('it is too large for an item, and there is no bucket for bodies');
  const { type, id, versionId } = version;
  await bodies.put({ tenant, type, id, versionId, commitId }, version.body);
  return { ...named, overflow: true };
}
