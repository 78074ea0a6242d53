import { parseJson } from '../fhir/json.js';
import { OperationOutcomeError, tooCostly } from '../fhir/outcome.js';
import { keyText, type Resource, type ResourceKey } from '../fhir/resource.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { parameterTypes } from '../search/parameter-types.js';
import type { IncludeRule, RefersTargets, SearchRequest } from '../search/request.js';
import { isServedParameter, type ServedParameter } from '../search/served-parameter.js';
import { accessOrNone } from './access.js';
import { businessVersions, canonicalTargets } from './canonical.js';
import { findMatches } from './matches.js';
import { inParallel } from './parallel.js';
import { readMany } from './read.js';
import type { Caller, FhirServer } from './server.js';
import { vread } from './vread.js';

/** The most resources that are included on one page: beyond it the search is refused, never cut short silently. */
const mostIncluded = 10_000;

/**
 * What `_include` and `_revinclude` add to a page. What the caller may not see is not there, without a word.
 * @param matches the page's matches.
 * @returns each version once, without the matches, in the order they were met.
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
  const seen = new Set(matches.map(versionKey));
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
    ].filter((version) => !seen.has(versionKey(version)) && seen.add(versionKey(version)));
    found.push(...next);
    requireFew(found.length);
    round = next;
  }
  return found;
}

const versionKey = (version: StoredVersion): string => `${keyText(version)}/${String(version.versionId)}`;

function requireFew(count: number): void {
  if (count <= mostIncluded) return;
  throw tooCostly(`More than ${String(mostIncluded)} resources would be included: ask for fewer by _count`);
}

/** The reference parameters a rule means on a type. */
function parametersOf(server: FhirServer, type: string, { code }: IncludeRule): ServedParameter[] {
  const { searchParameters } = server.definitions;
  const found = code === undefined ? searchParameters.ofType(type) : [searchParameters.find(type, code)];
  return found.filter((each): each is ServedParameter => each?.type === 'reference' && isServedParameter(each));
}

/** Where references lead: to the current version of resources, to one version, or to whatever has a canonical URL. */
interface Leads {
  readonly keys: Map<string, ResourceKey>;
  readonly versions: Map<string, ResourceKey & { readonly versionId: string }>;
  /** By type, then canonical URL: the business versions. */
  readonly canonicals: Map<string, Map<string, Set<string>>>;
}

/** What resources refer to, by the rules; a reference to a version leads to that one. https://hl7.org/fhir/R4/search.html#versions */
async function referredTo(
  server: FhirServer,
  caller: Caller,
  rules: readonly IncludeRule[],
  round: readonly StoredVersion[],
): Promise<readonly StoredVersion[]> {
  const leads: Leads = { keys: new Map(), versions: new Map(), canonicals: new Map() };
  for (const version of round) {
    const applying = rules.filter(({ source }) => source === undefined || source === version.type);
    if (applying.length === 0) continue;
    const resource = parseJson(version.body) as Resource;
    for (const rule of applying) {
      for (const parameter of parametersOf(server, version.type, rule)) {
        follow(leads, caller, parameter, rule.target, resource);
      }
    }
  }
  for (const [type, urls] of leads.canonicals) {
    for (const key of await canonicalTargets(server, caller, type, urls)) leads.keys.set(keyText(key), key);
  }
  const current = await readMany(server, caller, [...leads.keys.values()]);
  const past = await inParallel([...leads.versions.values()], 16, (key) => oneVersion(server, caller, key));
  return [...current, ...past].filter((version) => version !== undefined);
}

function follow(
  { keys, versions, canonicals }: Leads,
  caller: Caller,
  parameter: ServedParameter,
  target: string | undefined,
  resource: Resource,
): void {
  for (const value of parameterTypes.reference.values(parameter.extract(resource), { parameter, resource })) {
    if (value.kind === 'uri') {
      for (const type of target === undefined ? parameter.targets : [target]) {
        const ofType = canonicals.get(type) ?? new Map<string, Set<string>>();
        canonicals.set(type, ofType.set(value.uri, (ofType.get(value.uri) ?? new Set()).add(value.version)));
      }
    }
    if (value.kind !== 'resource' || (value.base !== '' && value.base !== caller.baseUrl)) continue;
    if (target !== undefined && target !== value.type) continue;
    const key = { type: value.type, id: value.id };
    const { versionId } = value;
    if (versionId === undefined) keys.set(keyText(key), key);
    else versions.set(`${keyText(key)}/${versionId}`, { ...key, versionId });
  }
}

/** A version as vread gives it; undefined when it is not there or may not be seen. */
export async function oneVersion(
  server: FhirServer,
  caller: Caller,
  { versionId, ...key }: ResourceKey & { readonly versionId: string },
): Promise<StoredVersion | undefined> {
  try {
    return await vread(server, caller, key, versionId);
  } catch (error) {
    if (error instanceof OperationOutcomeError && error.status < 500) return undefined;
    throw error;
  }
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
    const targets = rule.target === undefined ? round : round.filter(({ type }) => type === rule.target);
    if (targets.length === 0) continue;
    const types = new Set(targets.map(({ type }) => type));
    const leadTo = targetsOf(server, caller, targets);
    for (const source of rule.source === undefined ? server.definitions.resourceTypes : [rule.source]) {
      const access = accessOrNone(server, caller, 'search', source);
      const parameters = parametersOf(server, source, rule).filter((each) =>
        each.targets.some((type) => types.has(type)),
      );
      if (access === undefined || parameters.length === 0) continue;
      const request: SearchRequest = {
        type: source,
        filters: [{ kind: 'refers', parameters, targets: leadTo }],
        sort: [],
        includes: [],
        revincludes: [],
        count: mostIncluded,
        used: [],
        warnings: [],
      };
      const { matches, more } = await findMatches(server, { request, access }, { limit: mostIncluded });
      found.push(...matches.map(({ version }) => version));
      requireFew(more ? Infinity : found.length);
    }
  }
  return found;
}

function targetsOf(server: FhirServer, caller: Caller, versions: readonly StoredVersion[]): RefersTargets {
  const ids = new Map<string, Set<string>>();
  const canonicals = new Map<string, Set<string>>();
  for (const version of versions) {
    ids.set(version.type, (ids.get(version.type) ?? new Set()).add(version.id));
    for (const [url, business] of businessVersions(server, version)) {
      canonicals.set(url, (canonicals.get(url) ?? new Set()).add(business));
    }
  }
  return { ids, canonicals, bases: ['', caller.baseUrl], contained: new Map() };
}
