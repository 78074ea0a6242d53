import { OperationOutcomeError } from '../../fhir/outcome.js';
import { keyText, type ResourceKey } from '../../fhir/resource.js';
import { resourceOf } from '../../interactions/resource-of.js';
import { searchType } from '../../interactions/search-type.js';
import type { Caller, FhirServer } from '../../interactions/server.js';
import type { StoredVersion } from '../../persistence/resource-store.js';
import { parameterValues } from '../../search/parameter-values.js';
import { isServedParameter } from '../../search/served-parameter.js';
import { mostListed } from '../limits.js';
import type { SearchPlan } from '../plan/search-plan.js';

/** What each of several resources is referred to by, by the resource (`Patient/1`). */
export type JoinedLists = ReadonlyMap<string, readonly StoredVersion[]>;

/** So many resources are asked for in one search. */
const mostTogether = 50;
/** So many matches are read at a time; beyond the second number each list is asked for by itself. */
const pageSize = 1_000;
const mostMatches = 10_000;

/**
 * Whether the same list inside many resources can be one search: all matches are wanted, whoever they refer to. With
 * `_count` or `_offset` each list has its own part.
 */
export const isJoinable = ({ kind, referring, count, offset }: SearchPlan): boolean =>
  kind === 'list' && referring !== undefined && count === undefined && offset === undefined;

/**
 * The lists of one plan inside several resources, by one search for fifty of them: `subject=Patient/1,Patient/2`. Each
 * list has the order it would have alone, since what is left out of an order does not change it.
 * @returns undefined when each is to be asked for by itself: one is longer than a list may be, or the search is refused,
 * which is then told at each.
 */
export async function joinedLists(
  server: FhirServer,
  caller: Caller,
  plan: SearchPlan,
  parents: readonly ResourceKey[],
): Promise<JoinedLists | undefined> {
  const { type, referring = '' } = plan;
  const parameter = server.definitions.searchParameters.find(type, referring);
  if (parameter === undefined || !isServedParameter(parameter)) return undefined;
  const lists = new Map<string, StoredVersion[]>(parents.map((parent) => [keyText(parent), []]));
  const keys = [...lists.keys()];
  for (let from = 0; from < keys.length; from += mostTogether) {
    const together = keys.slice(from, from + mostTogether);
    const found = await allMatches(server, caller, plan, together);
    if (found === undefined) return undefined;
    const wanted = new Set(together);
    for (const version of found) {
      const values = parameterValues('reference', parameter, resourceOf(version)) ?? [];
      const named = values.flatMap((value) =>
        value.kind === 'resource' && (value.base === '' || value.base === caller.baseUrl) ? [keyText(value)] : [],
      );
      for (const key of new Set(named)) if (wanted.has(key)) lists.get(key)?.push(version);
    }
  }
  return [...lists.values()].some((list) => list.length > mostListed) ? undefined : lists;
}

/** All matches that refer to one of some resources; undefined when they are too many, or refused. */
async function allMatches(
  server: FhirServer,
  caller: Caller,
  { type, referring = '', parameters }: SearchPlan,
  keys: readonly string[],
): Promise<readonly StoredVersion[] | undefined> {
  const found: StoredVersion[] = [];
  const search = { type, handling: 'strict', uncounted: true, count: pageSize } as const;
  try {
    let page = await searchType(server, caller, {
      ...search,
      parameters: [[referring, keys.join(',')], ...parameters],
    });
    found.push(...page.matches);
    while (page.links.next !== undefined && found.length <= mostMatches) {
      page = await searchType(server, caller, { ...search, parameters: [], cursor: page.links.next });
      found.push(...page.matches);
    }
  } catch (error) {
    if (error instanceof OperationOutcomeError) return undefined;
    throw error;
  }
  return found.length > mostMatches ? undefined : found;
}
