import type { Tenant } from '../fhir/tenant.js';
/** What names a body: a version of a resource as one commit wrote it. No two commits share a body. */
export interface BodyKey {
  readonly tenant: Tenant;
  readonly type: string;
  readonly id: string;
  readonly versionId: number;
  readonly commitId: string;
}

/** A body that is kept, and when it was put, in milliseconds since 1970 by the store's clock. */
export interface KeptBody {
  readonly key: BodyKey;
  readonly storedAt: number;
}

/**
 * Where the JSON texts go that are too large for an item. A body is put before the item that refers to it, and never
 * changes; one that no item refers to is removed by the sweeper. Adapters: filesystem.ts, s3.ts.
 */
export interface BodyStore {
  /** Resolves once the body is durable. The same key again, after an answer that was lost, brings the same body. */
  put(key: BodyKey, body: string): Promise<void>;
  /** The body; undefined when there is none. Sees every put that was answered before. */
  get(key: BodyKey): Promise<string | undefined>;
  /** Removes a body; one that is not there is removed already. */
  delete(key: BodyKey): Promise<void>;
  /** All bodies of a tenant, in any order; what is put or removed meanwhile may be there or not. */
  list(tenant: Tenant): AsyncIterable<KeptBody>;
}

/** The column `overflow` of an item whose body is kept elsewhere: the version, and the commit that wrote it. */
export const overflowText = ({ versionId, commitId }: Pick<BodyKey, 'versionId' | 'commitId'>): string =>
  `${String(versionId)}/${commitId}`;

/** The version and the commit that a column `overflow` names. */
export function overflowOf(text: string): Pick<BodyKey, 'versionId' | 'commitId'> {
  const [versionId = '', commitId = ''] = text.split('/');
  return { versionId: Number(versionId), commitId };
}

/**
 * A body's path on stores that have paths: `_<tenant>/<type>/<id>~<version>~<commit>`. No part holds a `~` or a `/`, and
 * none alone is a segment, so that an id of two dots leads nowhere else.
 */
export const bodyPath = ({ tenant, type, id, versionId, commitId }: BodyKey): string =>
  `${tenantPath(tenant)}/${type}/${id}~${String(versionId)}~${commitId}`;

/**
 * The path of what is a tenant's: `_` and its name, a `.` before each letter that was a capital, so that names which differ
 * in nothing else differ where files do not.
 */
export const tenantPath = (tenant: Tenant): string =>
  `_${tenant.replace(/[A-Z]/g, (letter) => `.${letter.toLowerCase()}`)}`;

const tenantOfPath = (path: string): Tenant =>
  path.replace(/[.]([a-z])/g, (_, letter: string) => letter.toUpperCase()) as Tenant;

/** The key of a body by its path; undefined for what is none. */
export function keyOfBodyPath(path: string): BodyKey | undefined {
  const [, tenant, type, id, versionId, commitId] = /^_([^/]+)\/([^/]+)\/([^~/]+)~([0-9]+)~([^~/]+)$/.exec(path) ?? [];
  return tenant === undefined || type === undefined || id === undefined || commitId === undefined
    ? undefined
    : { tenant: tenantOfPath(tenant), type, id, versionId: Number(versionId), commitId };
}
