import { authorize } from '../auth/authorize.js';
import type { AccessFilter } from '../fhir/access.js';
import { parseJson } from '../fhir/json.js';
import { OperationOutcomeError, tooCostly } from '../fhir/outcome.js';
import { keyText, type Resource, type ResourceKey } from '../fhir/resource.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import type { IncludeRule, SearchRequest } from '../search/request.js';
import { isServedParameter, type ServedParameter } from '../search/served-parameter.js';
import { referenceType } from '../search/values/reference.js';
import { findMatches } from './matches.js';
import { readMany } from './read.js';
import type { Caller, FhirServer } from './server.js';

/** The most resources that are included on one page: beyond it the search is refused, never cut short silently. */
const mostIncluded = 10_000;

/** So many matches are asked for at once when references are followed backwards. */
const referencesAtOnce = 100;

/**
 * What `_include` and `_revinclude` add to a page. What the caller may not see is not there, without a word.
 * @param matches the page's matches.
 * @returns each resource once, without the matches, in the order they were met.
 * @throws OperationOutcomeError 413 for more than 10,000.
 * @see https://hl7.org/fhir/R4/search.html#revinclude
 */
export async function included(
  server: FhirServer,
  caller: Caller,
  request: Pick<SearchRequest, 'includes' | 'revincludes'>,
  matches: readonly StoredVersion[],
): Promise<readonly StoredVersion[]> {
  if (request.includes.length === 0 && request.revincludes.length === 0) return [];
  const seen = new Set(matches.map(keyText));
  const found: StoredVersion[] = [];
  let round: readonly StoredVersion[] = matches;
  for (let first = true; round.length > 0; first = false) {
    const applies = (rule: IncludeRule): boolean => first || rule.iterate;
    const includes = request.includes.filter(applies);
    const revincludes = request.revincludes.filter(applies);
    if (includes.length === 0 && revincludes.length === 0) break;
    const next = [
      ...(await referredTo(server, caller, includes, round)),
      ...(await referringTo(server, caller, revincludes, round)),
    ].filter((version) => !seen.has(keyText(version)) && seen.add(keyText(version)));
    found.push(...next);
    if (found.length > mostIncluded) {
      throw tooCostly(`More than ${String(mostIncluded)} resources would be included: ask for fewer by _count`);
    }
    round = next;
  }
  return found;
}

/** The reference parameters a rule means on a type. */
function parametersOf(server: FhirServer, type: string, { code }: IncludeRule): ServedParameter[] {
  const { searchParameters } = server.definitions;
  const found = code === undefined ? searchParameters.ofType(type) : [searchParameters.find(type, code)];
  return found.filter((each): each is ServedParameter => each?.type === 'reference' && isServedParameter(each));
}

/** What resources refer to, by the rules. */
async function referredTo(
  server: FhirServer,
  caller: Caller,
  rules: readonly IncludeRule[],
  round: readonly StoredVersion[],
): Promise<readonly StoredVersion[]> {
  const keys = new Map<string, ResourceKey>();
  for (const version of round) {
    const applying = rules.filter(({ source }) => source === undefined || source === version.type);
    if (applying.length === 0) continue;
    const resource = parseJson(version.body) as Resource;
    for (const rule of applying) {
      for (const parameter of parametersOf(server, version.type, rule)) {
        for (const value of referenceType.values(parameter.extract(resource), { parameter, resource })) {
          if (value.kind !== 'resource' || (value.base !== '' && value.base !== caller.baseUrl)) continue;
          if (rule.target !== undefined && rule.target !== value.type) continue;
          const key = { type: value.type, id: value.id };
          keys.set(keyText(key), key);
        }
      }
    }
  }
  if (keys.size === 0) return [];
  return (await readMany(server, caller, [...keys.values()])).filter((version) => version !== undefined);
}

/** What refers to resources, by the rules. */
async function referringTo(
  server: FhirServer,
  caller: Caller,
  rules: readonly IncludeRule[],
  round: readonly StoredVersion[],
): Promise<readonly StoredVersion[]> {
  const found: StoredVersion[] = [];
  for (const rule of rules) {
    const access = rule.source === undefined ? undefined : accessOrNone(server, caller, rule.source);
    if (rule.source === undefined || access === undefined) continue;
    const targets = rule.target === undefined ? round : round.filter(({ type }) => type === rule.target);
    for (const parameter of parametersOf(server, rule.source, rule)) {
      for (let i = 0; i < targets.length; i += referencesAtOnce) {
        const request = referencesTo(rule.source, parameter, targets.slice(i, i + referencesAtOnce), caller.baseUrl);
        const { matches, more } = await findMatches(server, request, access, { limit: mostIncluded });
        found.push(...matches.map(({ version }) => version));
        if (more || found.length > mostIncluded) {
          throw tooCostly(`More than ${String(mostIncluded)} resources would be included: ask for fewer by _count`);
        }
      }
    }
  }
  return found;
}

/** The search for resources that refer to any of several. */
const referencesTo = (
  type: string,
  parameter: ServedParameter,
  targets: readonly ResourceKey[],
  baseUrl: string,
): SearchRequest => ({
  type,
  filters: [
    {
      kind: 'values',
      type: 'reference',
      parameter,
      negated: false,
      queries: targets.map((target) => ({
        kind: 'resource',
        id: target.id,
        types: [target.type],
        bases: ['', baseUrl],
      })),
    },
  ],
  sort: [],
  includes: [],
  revincludes: [],
  count: mostIncluded,
  used: [],
  warnings: [],
});

/** What the caller may search of a type; undefined when the role may not. */
function accessOrNone(server: FhirServer, caller: Caller, type: string): AccessFilter | undefined {
  try {
    return authorize(server.rules, caller.principal, 'search', type);
  } catch (error) {
    if (error instanceof OperationOutcomeError && error.status === 403) return undefined;
    throw error;
  }
}
