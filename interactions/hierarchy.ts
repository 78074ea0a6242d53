import type { AccessFilter } from '../search/access.js';
import { forbidden } from '../fhir/outcome.js';
import { parameterValues } from '../search/parameter-values.js';
import type { Filter, HierarchyFilter, HierarchyStart, RefersFilter, RefersTargets } from '../search/request.js';
import { accessOrNone, authorize } from './access.js';
import { resourceOf } from './resource-of.js';
import type { Caller, FhirServer } from './server.js';
import type { StoredVersion } from '../persistence/resource-store.js';

/** What a hierarchy is walked with. */
export interface HierarchyWalk {
  readonly server: FhirServer;
  readonly caller: Caller;
  /** The bases a reference to a resource here may have. */
  readonly bases: readonly string[];
  /** Gives each resource of a type that satisfies a condition, as it is now. */
  readonly each: (
    type: string,
    filter: Filter,
    access: AccessFilter,
    see: (version: StoredVersion) => void,
  ) => Promise<void>;
  /** Finds something once for equal keys. */
  readonly once: (key: string, find: () => Promise<ReadonlySet<string>>) => Promise<ReadonlySet<string>>;
}

/**
 * The resources below or above others as a condition on what refers to them. Each step sees what the caller may see;
 * circles end, since nothing is walked through twice.
 * https://hl7.org/fhir/R4/search.html#recursive
 * @throws OperationOutcomeError 403 when the caller's role may search none of the types.
 */
export async function hierarchyTargets(
  walk: HierarchyWalk,
  { name, parameter, direction, starts }: HierarchyFilter,
): Promise<Filter> {
  const { server, caller, bases } = walk;
  const ids = new Map<string, ReadonlySet<string>>();
  const contained = new Map<string, Filter>();
  // All starts of a type are walked from together: each by itself would ask the index once more for each.
  for (const [type, { partOf, typed, roots }] of startsByType(starts)) {
    const access = typed ? authorize(server, caller, 'search', type) : accessOrNone(server, caller, 'search', type);
    if (access === undefined) continue;
    const key = `${direction}:${type}/${[...roots].join()}`;
    const found = await walk.once(key, () => closure(walk, { type, partOf, roots }, direction, access));
    ids.set(type, found);
    if (direction === 'below') contained.set(type, refers(partOf, type, found, bases));
  }
  if (ids.size === 0) throw forbidden(`Your role may search none of the types ${name} leads through`);
  return { kind: 'refers', parameters: [parameter], targets: { ...targetsOf(ids, bases), contained } };
}

/** What is walked from in a type. */
interface Roots extends Pick<HierarchyStart, 'partOf' | 'typed'> {
  readonly roots: Set<string>;
}

/** The starts of each type; it is asked for by name if one of them is. */
function startsByType(starts: readonly HierarchyStart[]): ReadonlyMap<string, Roots> {
  const byType = new Map<string, Roots>();
  for (const { type, id, partOf, typed } of starts) {
    const { roots, typed: before } = byType.get(type) ?? { roots: new Set<string>(), typed: false };
    byType.set(type, { partOf, typed: before || typed, roots: roots.add(id) });
  }
  return byType;
}

const targetsOf = (ids: RefersTargets['ids'], bases: readonly string[]): RefersTargets => ({
  ids,
  bases,
  canonicals: new Map(),
  contained: new Map(),
});

const refers = (
  parameter: RefersFilter['parameters'][number],
  type: string,
  ids: ReadonlySet<string>,
  bases: readonly string[],
): RefersFilter => ({ kind: 'refers', parameters: [parameter], targets: targetsOf(new Map([[type, ids]]), bases) });

/** The ids of resources of a type and of all below or above them. */
async function closure(
  { bases, each }: HierarchyWalk,
  { type, partOf, roots }: Pick<HierarchyStart, 'type' | 'partOf'> & { readonly roots: ReadonlySet<string> },
  direction: 'above' | 'below',
  access: AccessFilter,
): Promise<ReadonlySet<string>> {
  const found = new Set(roots);
  for (let level: ReadonlySet<string> = found; level.size > 0;) {
    const next = new Set<string>();
    const meet = (other: string): void => {
      if (found.has(other)) return;
      found.add(other);
      next.add(other);
    };
    if (direction === 'below') {
      await each(type, refers(partOf, type, new Set(level), bases), access, (version) => {
        meet(version.id);
      });
    } else {
      await each(type, { kind: 'keys', ids: new Set(level) }, access, (version) => {
        for (const value of parameterValues('reference', partOf, resourceOf(version)) ?? []) {
          if (value.kind === 'resource' && value.type === type && bases.includes(value.base)) meet(value.id);
        }
      });
    }
    level = next;
  }
  return found;
}
