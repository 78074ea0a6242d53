import type { AccessFilter } from '../search/access.js';
import { forbidden, tooCostly } from '../fhir/outcome.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { parameterValues } from '../search/parameter-values.js';
import type {
  ChainFilter,
  Filter,
  HasFilter,
  Link,
  ListFilter,
  ParsedFilter,
  ParsedSearch,
  SearchRequest,
} from '../search/request.js';
import type { Position } from '../search/search-index.js';
import { accessOrNone, authorize } from './access.js';
import { businessVersions, canonicalTargets } from './canonical.js';
import { hierarchyTargets } from './hierarchy.js';
import { listEntries } from './list-entries.js';
import { findMatches } from './matches.js';
import { resourceOf } from './resource-of.js';
import type { Caller, FhirServer } from './server.js';

/** So many resources are looked at for all chains of one search, unless the server says otherwise. */
const mostIntermediates = 100_000;
const pageSize = 1_000;

/** Resolves the chains of several searches by one caller; what was found for one condition counts for all. */
export interface ChainResolver {
  /**
   * The same search with every condition decided by the resource alone: chains become the resources that were found
   * at their other end, as they are now and as far as the caller may see them.
   * @throws OperationOutcomeError 403 when the caller's role may not search a type that a chain leads through, 413
   * when more resources stand in between than are looked at.
   */
  resolve(search: ParsedSearch): Promise<SearchRequest>;
}

/** What was found at the other end of a link: its condition without chains, and the resources that satisfy it. */
interface Found {
  readonly filter: Filter;
  readonly each: (see: (version: StoredVersion) => void | Promise<void>) => Promise<void>;
}

/**
 * Makes a resolver of chains, `_has`, `_list` and hierarchies.
 * https://hl7.org/fhir/R4/search.html#chaining https://hl7.org/fhir/R4/search.html#has https://hl7.org/fhir/R4/search.html#list
 */
export function chainResolver(server: FhirServer, caller: Caller): ChainResolver {
  const limit = server.mostIntermediates ?? mostIntermediates;
  const bases = ['', caller.baseUrl];
  const known = new Map<string, Promise<unknown>>();
  let looked = 0;

  const once = <Result>(key: string, find: () => Promise<Result>): Promise<Result> => {
    const before = known.get(key) as Promise<Result> | undefined;
    const found = before ?? find();
    known.set(key, found);
    return found;
  };

  async function filterOf(type: string, filter: ParsedFilter): Promise<Filter> {
    switch (filter.kind) {
      case 'chain':
        return refers(filter);
      case 'has':
        return referredTo(type, filter);
      case 'list':
        return listed(type, filter);
      case 'hierarchy':
        return hierarchyTargets({ server, caller, bases, once, each: eachMatch }, filter);
      case 'all':
      case 'any':
        return { kind: filter.kind, filters: await filtersOf(type, filter.filters) };
      case 'not':
        return { kind: 'not', filter: await filterOf(type, filter.filter) };
      default:
        return filter;
    }
  }

  async function filtersOf(type: string, filters: readonly ParsedFilter[]): Promise<Filter[]> {
    const resolved: Filter[] = [];
    for (const filter of filters) resolved.push(await filterOf(type, filter));
    return resolved;
  }

  /** Gives each resource that satisfies a condition, page by page. */
  async function eachMatch(
    type: string,
    filter: Filter,
    access: AccessFilter,
    see: (version: StoredVersion) => void | Promise<void>,
  ): Promise<void> {
    const request: SearchRequest = { ...anySearch, type, filters: [filter] };
    let after: Position | undefined;
    for (;;) {
      const range = { limit: pageSize, ...(after === undefined ? {} : { after }) };
      const { matches, more } = await findMatches(server, { request, access }, range);
      looked += matches.length;
      if (looked > limit) {
        throw tooCostly(`More than ${String(limit)} resources stand between the links of the chain: narrow it`);
      }
      for (const { version } of matches) await see(version);
      after = matches.at(-1)?.hit.position;
      if (!more || after === undefined) return;
    }
  }

  /** All resources that satisfy a link's condition. */
  async function found({ type, filter: parsed }: Link, access: AccessFilter): Promise<Found> {
    const filter = await filterOf(type, parsed);
    return { filter, each: (see) => eachMatch(type, filter, access, see) };
  }

  async function refers({ name, parameter, typed, targets }: ChainFilter): Promise<Filter> {
    const ids = new Map<string, ReadonlySet<string>>();
    const contained = new Map<string, Filter>();
    const canonicals = new Map<string, Set<string>>();
    let open = 0;
    for (const link of targets) {
      const access = typed
        ? authorize(server, caller, 'search', link.type)
        : accessOrNone(server, caller, 'search', link.type);
      if (access === undefined) continue;
      open += 1;
      const end = await once(link.search, async () => {
        const { filter, each } = await found(link, access);
        const ofType = new Set<string>();
        const urls: (readonly [string, string])[] = [];
        await each((version) => {
          ofType.add(version.id);
          urls.push(...businessVersions(server, version));
        });
        return { filter, ofType, urls };
      });
      ids.set(link.type, end.ofType);
      contained.set(link.type, end.filter);
      for (const [url, version] of end.urls) addTo(canonicals, url, version);
    }
    if (open === 0) throw forbidden(`Your role may search none of the types ${name} leads through`);
    return { kind: 'refers', parameters: [parameter], targets: { ids, bases, canonicals, contained } };
  }

  async function referredTo(type: string, { parameter, source }: HasFilter): Promise<Filter> {
    const access = authorize(server, caller, 'search', source.type);
    const targets = await once(`${parameter.code}:${source.search}`, async () => {
      const ids = new Map<string, Set<string>>();
      const canonicals = new Map<string, Set<string>>();
      const { each } = await found(source, access);
      await each((version) => {
        for (const value of parameterValues('reference', parameter, resourceOf(version)) ?? []) {
          if (value.kind === 'resource' && bases.includes(value.base)) addTo(ids, value.type, value.id);
          if (value.kind === 'uri') addTo(canonicals, value.uri, value.version);
        }
      });
      return { ids, canonicals };
    });
    const ids = new Set(targets.ids.get(type));
    for (const { id } of await canonicalTargets(server, caller, type, targets.canonicals)) ids.add(id);
    return { kind: 'keys', ids };
  }

  async function listed(type: string, { ids }: ListFilter): Promise<Filter> {
    const entries = await once(`_list:${ids.join()}`, () => listEntries(server, caller, ids));
    const inList = entries.filter((entry) => entry.type === type).map(({ id }) => id);
    return { kind: 'keys', ids: new Set(inList) };
  }

  return {
    async resolve({ filters, ...rest }) {
      return { filters: await filtersOf(rest.type, filters), ...rest };
    },
  };
}

const anySearch = { sort: [], includes: [], revincludes: [], count: pageSize, used: [], warnings: [] } as const;

function addTo(sets: Map<string, Set<string>>, key: string, value: string): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([value]));
  else set.add(value);
}
