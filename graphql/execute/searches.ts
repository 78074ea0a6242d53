import { resourceNode } from '../../fhir/fhirpath/node.js';
import { tooCostly } from '../../fhir/outcome.js';
import { keyText, type ResourceKey } from '../../fhir/resource.js';
import type { SearchPage } from '../../interactions/search-page.js';
import { searchType } from '../../interactions/search-type.js';
import type { Caller, FhirServer } from '../../interactions/server.js';
import type { StoredVersion } from '../../persistence/resource-store.js';
import { mostListed } from '../limits.js';
import type { SearchPlan } from '../plan/search-plan.js';
import { holds } from '../statement.js';
import type { JsonObject } from '../variables.js';
import type { ResourceReads } from './resource-reads.js';
import type { StoredMember } from './walk.js';

/**
 * `PatientList`: with `_count` that many matches, without it all of them.
 * @param referredTo the resource the list stands in, which matches must refer to.
 * @throws OperationOutcomeError as `searchType`; 413 when there are more matches than a list may have: leaving some out
 * silently is forbidden.
 * @see https://hl7.org/fhir/R4/graphql.html#searching
 */
export async function listMatches(
  server: FhirServer,
  caller: Caller,
  reads: ResourceReads,
  plan: SearchPlan,
  referredTo?: ResourceKey,
): Promise<readonly StoredMember[]> {
  const { type, count, offset } = plan;
  const wanted = count ?? mostListed;
  let page: SearchPage = await searchType(server, caller, {
    type,
    parameters: parametersOf(plan, referredTo),
    handling: 'strict',
    uncounted: true,
    count: wanted,
    ...(offset === undefined ? {} : { offset }),
  });
  const found: StoredVersion[] = [...page.matches];
  // A page may be shorter than asked for: the server has a limit of its own.
  while (found.length < wanted && page.links.next !== undefined) {
    const cursor = page.links.next;
    page = await searchType(server, caller, { type, parameters: [], handling: 'strict', uncounted: true, cursor });
    found.push(...page.matches);
  }
  if (count === undefined && (page.links.next !== undefined || found.length > mostListed)) {
    throw tooCostly(
      `More than ${String(mostListed)} resources match: narrow the search, give _count, or use ${type}Connection`,
    );
  }
  return matching(server, reads, plan, found.slice(0, wanted));
}

/**
 * `PatientConnection`: one page of matches.
 * @returns the members of the connection; `count` only where the number of all matches is known exactly.
 * @throws OperationOutcomeError as `searchType`.
 */
export async function connectionPage(
  server: FhirServer,
  caller: Caller,
  reads: ResourceReads,
  plan: SearchPlan,
  { isCounted, referredTo }: { readonly isCounted: boolean; readonly referredTo?: ResourceKey | undefined },
): Promise<JsonObject> {
  const { type, count, offset, cursor } = plan;
  const parameters = parametersOf(plan, referredTo);
  const isTotalSaid = parameters.some(([name]) => name === '_total');
  const page = await searchType(server, caller, {
    type,
    parameters:
      isCounted && cursor === undefined && !isTotalSaid ? [...parameters, ['_total', 'accurate']] : parameters,
    handling: 'strict',
    ...(count === undefined ? {} : { count }),
    ...(offset === undefined ? {} : { offset }),
    ...(cursor === undefined ? {} : { cursor }),
  });
  const { first, previous, next, last } = page.links;
  return {
    count: page.total,
    offset: page.offset,
    pagesize: page.count,
    edges: matching(server, reads, plan, page.matches).map((resource) => ({ mode: 'match', resource })),
    first,
    previous,
    next,
    last,
  };
}

function parametersOf({ parameters, referring }: SearchPlan, referredTo: ResourceKey | undefined) {
  return referring === undefined || referredTo === undefined
    ? parameters
    : [[referring, keyText(referredTo)] as const, ...parameters];
}

/** The matches that `fhirpath` lets pass. */
export function matching(
  { definitions }: FhirServer,
  reads: ResourceReads,
  { statement }: SearchPlan,
  versions: readonly StoredVersion[],
): readonly StoredMember[] {
  const members = versions.map((version) => reads.member(version));
  if (statement === undefined) return members;
  const { budget } = reads.cost;
  return members.filter(({ resource }, index) => {
    const node = resourceNode(definitions.structures, resource);
    return node !== undefined && holds(statement.holds, statement.text, { node, index, resource: node, budget });
  });
}
