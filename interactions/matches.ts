import { permits } from '../search/access.js';
import { tooCostly } from '../fhir/outcome.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { match } from '../search/match.js';
import type { IndexHit, IndexPage, Position, SearchPlan } from '../search/search-index.js';
import { resourceOf } from './resource-of.js';
import type { FhirServer } from './server.js';

/** So many candidates that do not match after all are looked at before a search is refused. */
const mostCandidates = 100_000;

/** The part of a search's order that is wanted. */
export interface MatchRange {
  readonly limit: number;
  readonly after?: Position;
  readonly backwards?: boolean;
  /** How many matches to pass over first. */
  readonly skip?: number;
  /** As in IndexQuery. */
  readonly countTo?: number;
}

/** A match, and the hit that it was, which tells its place in the order. */
export interface Match {
  readonly version: StoredVersion;
  readonly hit: Pick<IndexHit, 'position'>;
}

/**
 * Finds matches: the index gives candidates, the current versions decide, and what fails is replaced by the next.
 * @returns at most `limit` matches in the search's order, whether there are more beyond, and how many there are in all
 * where the index told it.
 * @throws OperationOutcomeError 413 when far more candidates than matches have to be looked at.
 */
export async function findMatches(
  server: FhirServer,
  plan: SearchPlan,
  { limit, after, backwards = false, skip = 0, countTo }: MatchRange,
): Promise<{ readonly matches: readonly Match[]; readonly more: boolean; readonly counted?: IndexPage['counted'] }> {
  const skipsByIndex = skip > 0 && (await isExact(server, plan));
  const wanted = limit + 1 + (skipsByIndex ? 0 : skip);
  const found: Match[] = []; // in the walk's direction
  let from = after;
  let looked = 0;
  let counted: IndexPage['counted'];
  for (;;) {
    const missing = wanted - found.length;
    const page = await server.index.search({
      limit: looked === 0 ? missing : Math.min(1_000, Math.max(missing, looked)),
      ...plan,
      ...(from === undefined ? {} : { after: from }),
      ...(backwards ? { backwards } : {}),
      ...(skipsByIndex && looked === 0 ? { skip } : {}),
      ...(countTo === undefined || looked > 0 ? {} : { countTo }),
    });
    counted ??= page.counted;
    const hits = backwards ? [...page.hits].reverse() : page.hits;
    found.push(...(await currentMatches(server, plan, hits)));
    looked += hits.length;
    if (found.length >= wanted || !page.more) break;
    from = hits.at(-1)?.position;
    if (from === undefined) break;
    if (looked > mostCandidates) throw tooCostly('The search looks at too many resources that do not match: narrow it');
  }
  const start = skipsByIndex ? 0 : skip;
  const matches = found.slice(start, start + limit);
  return {
    matches: backwards ? matches.reverse() : matches,
    more: found.length > start + limit,
    ...(counted === undefined ? {} : { counted }),
  };
}

/**
 * Counts matches by looking at each.
 * @param count what some of them count; each as one without it.
 * @throws OperationOutcomeError as `findMatches`.
 */
export async function countMatches(
  server: FhirServer,
  plan: SearchPlan,
  count = (versions: readonly StoredVersion[]): number => versions.length,
): Promise<number> {
  let total = 0;
  let after: Position | undefined;
  for (;;) {
    const range = { limit: 1_000, ...(after === undefined ? {} : { after }) };
    const { matches, more } = await findMatches(server, plan, range);
    total += count(matches.map(({ version }) => version));
    after = matches.at(-1)?.hit.position;
    if (!more || after === undefined) return total;
  }
}

/** Whether the index decides this request alone, so that its hits can be passed over unseen. */
async function isExact(server: FhirServer, { request, access, others = [] }: SearchPlan): Promise<boolean> {
  for (const plan of [{ request, access }, ...others]) {
    const { hits } = await server.index.search({ limit: 1, ...plan });
    if (hits.some(({ exactVersion }) => exactVersion === undefined)) return false;
  }
  return true;
}

/** The hits whose current version may be seen and matches. */
async function currentMatches(
  server: FhirServer,
  { request, access, others = [] }: SearchPlan,
  hits: readonly IndexHit[],
): Promise<Match[]> {
  if (hits.length === 0) return [];
  const versions = await server.store.readMany(hits);
  const byType = new Map([{ request, access }, ...others].map((plan) => [plan.request.type, plan]));
  const current: Match[] = [];
  for (const [i, hit] of hits.entries()) {
    const version = versions[i];
    const plan = version && byType.get(version.type);
    if (version === undefined || plan === undefined || version.deleted || !permits(plan.access, version)) continue;
    const matches = version.versionId === hit.exactVersion || match(plan.request, resourceOf(version));
    if (matches) current.push({ version, hit });
  }
  return current;
}
