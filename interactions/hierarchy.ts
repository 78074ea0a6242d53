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
  for (const start of starts) {
    const { type, partOf, typed } = start;
    const access = typed ? authorize(server, caller, 'search', type) : accessOrNone(server, caller, 'search', type);
    if (access === undefined) continue;
    const found = await walk.once(`${direction}:${type}/${start.id}`, () => closure(walk, start, direction, access));
    ids.set(type, new Set([...(ids.get(type) ?? []), ...found]));
    if (direction === 'below') contained.set(type, refers(partOf, type, ids.get(type) ?? found, bases));
  }
  if (ids.size === 0) throw forbidden(`Your role may search none of the types ${name} leads through`);
  return { kind: 'refers', parameters: [parameter], targets: { ...targetsOf(ids, bases), contained } };
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

/** The ids of a resource and of all below or above it. */
async function closure(
  { bases, each }: HierarchyWalk,
  { type, id, partOf }: HierarchyStart,
  direction: 'above' | 'below',
  access: AccessFilter,
): Promise<ReadonlySet<string>> {
  const found = new Set([id]);
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
