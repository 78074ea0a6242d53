import { stringifyJson } from '../../fhir/json.js';
import { invalidRequest, notSupported } from '../../fhir/outcome.js';
import type { StoredVersion } from '../../persistence/resource-store.js';
import { compartmentsOfAccess } from '../../search/access.js';
import { included } from '../include.js';
import { resourceOf } from '../resource-of.js';
import { criteriaOf } from '../search-type.js';
import { allMatches, wholePage } from './all-matches.js';
import { asQuery, inputInteger, type OperationInput } from './input.js';
import { codeGroups } from './lastn-groups.js';
import type { AuthorizedTarget, Operation } from './operation.js';

/** So many observations are looked at; more are asked for by `category`, `code` or `date`. */
const mostLookedAt = 100_000;

/** What says how a search is answered: here the answer is a choice of its matches, in an order of its own. */
const aboutPages = /^_(?:sort|count|total|page|contained|containedType)(?::|$)/;

/** What is shown beside the observations that are chosen. */
const ofIncludes = /^_(?:rev)?include(?::|$)/;

/**
 * `Observation/$lastn`: the most recent observations of each code. https://hl7.org/fhir/R4/observation-operation-lastn.html
 * https://hl7.org/fhir/STU3/observation-operations.html#lastn
 */
export const lastn: Operation = {
  name: 'lastn',
  definition: 'http://hl7.org/fhir/OperationDefinition/Observation-lastn',
  levels: ['type'],
  types: ['Observation'],
  affectsState: false,
  needs: 'search',
  parameters: [{ name: 'max', type: 'positiveInt' }],
  takesSearch: true,
  async run(server, caller, { target, input }) {
    const query = queryOf(input);
    requireSubject(target, query);
    const includes = query
      .filter(([name]) => ofIncludes.test(name))
      .map(([name, value]): [string, string] => [name, value]);
    const { parsed } = await criteriaOf(server, caller, 'Observation', new URLSearchParams(includes).toString());
    const criteria = query.filter(([name]) => !ofIncludes.test(name));
    const found = await allMatches(server, caller, 'Observation', [...criteria, ['_sort', '-date']], mostLookedAt);
    const matches = lastOfEach(found.matches, inputInteger(input, 'max') ?? 1);
    const page = wholePage({ ...found, matches }, asQuery(input));
    return {
      kind: 'searchset',
      path: 'Observation/$lastn',
      page: { ...page, included: await included(server, caller, parsed, matches) },
    };
  },
};

type Query = readonly (readonly [string, string])[];

/** @throws OperationOutcomeError 400 for parameters that are not about what is found. */
function queryOf(input: OperationInput): Query {
  const query = asQuery(input).filter(([name]) => name !== 'max');
  const [other] = query.find(([name]) => aboutPages.test(name)) ?? [];
  if (other !== undefined) throw notSupported(`$lastn answers as a whole, newest first: without ${other}`, other);
  if (query.some(([name, value]) => name === '_summary' && value === 'count')) {
    throw notSupported('$lastn shows observations: _summary=count is for searches', '_summary');
  }
  return query;
}

/** @throws OperationOutcomeError 400 when neither the query nor the caller's rights say whose observations are meant. */
function requireSubject(target: AuthorizedTarget, query: Query): void {
  const isNamed = query.some(([name]) => /^(?:patient|subject)(?:$|\.|:(?!missing$))/.test(name));
  if (isNamed || (target.level === 'type' && compartmentsOfAccess(target.access) !== undefined)) return;
  throw invalidRequest('$lastn is about a subject: patient or subject is needed', 'patient');
}

/** The first of each group, and those as recent as the last of these. */
function lastOfEach(matches: readonly StoredVersion[], max: number): readonly StoredVersion[] {
  const groupOf = codeGroups(matches.map(resourceOf));
  const taken = new Map<number, { count: number; time: string | undefined }>();
  return matches.filter((version, place) => {
    const group = groupOf(place);
    const time = effectiveOf(version);
    const before = taken.get(group) ?? { count: 0, time: undefined };
    const isTie = before.count >= max && time !== undefined && time === before.time;
    if (before.count >= max && !isTie) return false;
    taken.set(group, { count: before.count + 1, time });
    return true;
  });
}

/** When an observation holds, so that equal times are equal texts; undefined where it does not say. */
function effectiveOf(version: StoredVersion): string | undefined {
  const observation = resourceOf(version);
  const at = observation['effectiveDateTime'] ?? observation['effectiveInstant'];
  if (typeof at === 'string') return at.includes('T') ? String(Date.parse(at)) : at;
  const lasting = observation['effectivePeriod'] ?? observation['effectiveTiming'];
  return lasting === undefined ? undefined : stringifyJson(lasting);
}
