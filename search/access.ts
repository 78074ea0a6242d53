import { parseJson } from '../fhir/json.js';
import type { Resource } from '../fhir/resource.js';
import { match } from './match.js';
import type { Filter } from './request.js';

/** One way by which resources of a type are open, its criteria understood: all that it names must hold. */
export interface AccessGrant {
  /** One of the compartments the resource must be in, such as `Patient/1`; any without it. */
  readonly compartments?: readonly string[];
  readonly filters: readonly Filter[];
}

/**
 * What of a type's resources a principal may see, decided before anything is read: everything, or what at least one
 * grant opens. Part of every search plan; checked on every version that leaves the store or is written.
 */
export type AccessFilter =
  { readonly kind: 'everything' } | { readonly kind: 'limited'; readonly grants: readonly AccessGrant[] };

/** What of a version decides whether it may be seen. */
export interface AccessibleVersion {
  readonly type: string;
  readonly compartments: readonly string[];
  readonly deleted: boolean;
  /** The resource's JSON text. */
  readonly body: string;
  /** Whether its content is stored no more, so that no criteria can be asked of it. */
  readonly lost?: boolean;
}

/** All that is in one of the compartments. */
export const inCompartments = (compartments: readonly string[]): AccessFilter => ({
  kind: 'limited',
  grants: [{ compartments, filters: [] }],
});

/** The compartments of one of which everything is that an access filter opens; undefined when that is not so. */
export function compartmentsOfAccess(access: AccessFilter): readonly string[] | undefined {
  if (access.kind === 'everything') return undefined;
  const all = access.grants.flatMap(({ compartments }) => (compartments === undefined ? [] : [compartments]));
  return all.length === access.grants.length ? [...new Set(all.flat())].sort() : undefined;
}

/** Whether a version may be seen. One deleted or lost matches no criteria: it has nothing to be judged by. */
export const permits = (access: AccessFilter, version: AccessibleVersion): boolean =>
  holds(access, version, (grant) => isInOneOf(grant, version));

/**
 * Whether a version whose body cannot be read may be seen: undefined when only the body could tell.
 */
export function permitsUnread(
  access: AccessFilter,
  version: Pick<AccessibleVersion, 'compartments'>,
): boolean | undefined {
  if (access.kind === 'everything') return true;
  const inside = access.grants.filter((grant) => isInOneOf(grant, version));
  if (inside.length === 0) return false;
  return inside.some(({ filters }) => filters.length === 0) || undefined;
}

const isInOneOf = (
  { compartments: open }: AccessGrant,
  { compartments }: Pick<AccessibleVersion, 'compartments'>,
): boolean => open === undefined || compartments.some((compartment) => open.includes(compartment));

/**
 * Whether a version may be written, or replaced. Who is limited to compartments may not write into others': what is in
 * the own record and in another one of the same kind belongs to both.
 */
export const permitsWrite = (access: AccessFilter, version: AccessibleVersion): boolean =>
  holds(access, version, ({ compartments }) => {
    const kinds = new Set(compartments.map(kindOf));
    const concerned = version.compartments.filter((compartment) => kinds.has(kindOf(compartment)));
    return concerned.length > 0 && concerned.every((compartment) => compartments.includes(compartment));
  });

const kindOf = (compartment: string): string => compartment.slice(0, compartment.indexOf('/'));

function holds(
  access: AccessFilter,
  version: AccessibleVersion,
  isInside: (grant: AccessGrant & { readonly compartments: readonly string[] }) => boolean,
): boolean {
  if (access.kind === 'everything') return true;
  let resource: Resource | undefined;
  return access.grants.some(({ compartments, filters }) => {
    if (compartments !== undefined && !isInside({ compartments, filters })) return false;
    if (filters.length === 0) return true;
    if (version.deleted || version.lost === true) return false;
    resource ??= parseJson(version.body) as Resource;
    return match({ type: version.type, filters }, resource);
  });
}
