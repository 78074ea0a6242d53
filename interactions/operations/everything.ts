import { invalidRequest, notSupported } from '../../fhir/outcome.js';
import { keyText } from '../../fhir/resource.js';
import type { StoredVersion } from '../../persistence/resource-store.js';
import { compartmentsOfAccess } from '../../search/access.js';
import { openPage, type PageBinding, sealPage } from '../../search/page.js';
import { rightsOf } from '../access.js';
import { read } from '../read.js';
import { clip } from '../resource-type.js';
import type { SearchPage } from '../search-page.js';
import type { Caller, FhirServer } from '../server.js';
import { careDateTest } from './care-date.js';
import { type Members, memberTypes, membersPage, type MembersPlace } from './everything-members.js';
import { referredTo } from './everything-referred.js';
import { inputInteger, type OperationInput, inputText } from './input.js';
import type { AuthorizedTarget, Invocation, Operation, OperationAnswer } from './operation.js';

/** The greatest page, and the one without `_count`: a whole record may be more than one answer should hold. */
const maxCount = 1_000;

const common = {
  name: 'everything',
  affectsState: false,
  needs: 'read',
} as const;

const paging = [
  // An instant by its definition; a date is understood as well, as in histories.
  { name: '_since', type: 'dateTime' },
  { name: '_type', type: 'string', repeats: true },
  { name: '_count', type: 'integer' },
  { name: '_page', type: 'string' },
] as const;

/** `Patient/$everything`: the record of a patient. https://hl7.org/fhir/R4/patient-operation-everything.html */
export const patientEverything: Operation = {
  ...common,
  definition: 'http://hl7.org/fhir/OperationDefinition/Patient-everything',
  levels: ['type', 'instance'],
  types: ['Patient'],
  parameters: [{ name: 'start', type: 'date' }, { name: 'end', type: 'date' }, ...paging],
  run: everything,
};

/** `Encounter/[id]/$everything`: the record of an encounter. https://hl7.org/fhir/R4/encounter-operation-everything.html */
export const encounterEverything: Operation = {
  ...common,
  definition: 'http://hl7.org/fhir/OperationDefinition/Encounter-everything',
  levels: ['instance'],
  types: ['Encounter'],
  parameters: paging,
  run: everything,
};

/** The parameters that say what is wanted, as names and texts: what a page link holds. */
type Query = readonly (readonly [string, string])[];

/** Where a page begins: among the members of compartments, or, behind a key, among what they refer to. */
type Place = { readonly members?: MembersPlace } | { readonly referredAfter: string };

async function everything(server: FhirServer, caller: Caller, { target, input }: Invocation): Promise<OperationAnswer> {
  if (target.level === 'system') throw new Error('$everything is of types and instances');
  const root = await rootOf(server, caller, target);
  const path = `${target.level === 'instance' ? keyText(target) : target.type}/$everything`;
  const binding = bindingOf(server, caller, path);
  const cursor = inputText(input, '_page');
  const asked = cursor === undefined ? start(input) : resume(server, binding, input, cursor);
  const { query, count } = asked;
  const link = (next: Place): string =>
    sealPage(server.pageKey, binding, { query, count, offset: 0, after: JSON.stringify(next) });
  const page = await answerPage(server, caller, { compartment: target.type, root }, asked);
  const searchPage: SearchPage = {
    matches: page.members,
    included: page.referred,
    count,
    offset: 0,
    used: query,
    warnings: [],
    links: { first: link({}), ...(page.next === undefined ? {} : { next: link(page.next) }) },
    ...(cursor === undefined && page.next === undefined ? { total: page.members.length } : {}),
  };
  return { kind: 'searchset', path, page: searchPage, ...(cursor === undefined ? {} : { cursor }) };
}

/**
 * The one patient or encounter asked for; undefined for all that may be seen.
 * @throws OperationOutcomeError 404, 410; 400 where STU3 wants one to be named.
 */
async function rootOf(
  server: FhirServer,
  caller: Caller,
  target: Exclude<AuthorizedTarget, { level: 'system' }>,
): Promise<StoredVersion | undefined> {
  if (target.level === 'instance') return read(server, caller, target);
  const { access } = target;
  const own = compartmentsOfAccess(access) ?? [];
  const [only, ...others] = own.filter((each) => each.startsWith('Patient/'));
  if (only !== undefined && others.length === 0) {
    return read(server, caller, { type: 'Patient', id: only.slice('Patient/'.length) });
  }
  if (server.definitions.version === 'stu3') {
    throw notSupported('STU3 has $everything of one patient only: Patient/[id]/$everything', 'Patient');
  }
  return undefined;
}

/** A page link works for the same person with the same rights and the same record only. */
const bindingOf = (server: FhirServer, caller: Caller, path: string): PageBinding => [
  server.definitions.version,
  path,
  ...rightsOf(caller.principal),
];

interface Asked {
  readonly query: Query;
  readonly count: number;
  readonly place: Place;
}

function start(input: OperationInput): Asked {
  const count = inputInteger(input, '_count') ?? maxCount;
  if (count < 1) throw invalidRequest('_count is a whole number from 1 on', '_count');
  const query = [...input].flatMap(([name, values]) => values.map(({ value }) => [name, String(value)] as const));
  return { query, count: Math.min(count, maxCount), place: {} };
}

function resume(server: FhirServer, binding: PageBinding, input: OperationInput, cursor: string): Asked {
  if (input.size > 1) throw invalidRequest('A page link is used as it is, without further parameters', '_page');
  const { query, count, after = '{}' } = openPage(server.pageKey, binding, cursor);
  return { query, count, place: JSON.parse(after) as Place };
}

interface EverythingPage {
  readonly members: readonly StoredVersion[];
  readonly referred: readonly StoredVersion[];
  readonly next?: Place;
}

async function answerPage(
  server: FhirServer,
  caller: Caller,
  { compartment, root }: { readonly compartment: string; readonly root: StoredVersion | undefined },
  { query, count, place }: Asked,
): Promise<EverythingPage> {
  const value = (name: string): string | undefined => query.find(([each]) => each === name)?.[1];
  const types = typesAsked(server, query);
  const since = value('_since');
  const accepts = careDateTest(server.definitions, { start: value('start'), end: value('end') });
  // What is referred to is that of all members in the dates, whatever their type, and however long they are there.
  const owner = { compartment, ...(root === undefined ? {} : { id: root.id }) };
  // The trail of who read the record is no part of it, unless it is asked for: each reading makes it longer.
  const isMemberType = (type: string): boolean =>
    type !== 'AuditEvent' || server.audit === undefined || types?.has(type) === true;
  const all: Members = { ...owner, types: memberTypes(server, compartment).filter(isMemberType), accepts };
  const members: Members = { ...all, types: all.types.filter((type) => types?.has(type) !== false), since };
  const patients =
    compartment === 'Encounter' ? (root?.compartments ?? []).filter((each) => each.startsWith('Patient/')) : [];
  const referred = async (after: string, known?: readonly StoredVersion[]): Promise<EverythingPage> => {
    const found = [...(await referredTo(server, caller, all, patients, known)).values()].filter(
      (version) =>
        types?.has(version.type) !== false &&
        (since === undefined || Date.parse(version.lastUpdated) >= Date.parse(since)) &&
        keyText(version) > after,
    );
    const page = found.slice(0, count);
    const last = page.at(-1);
    const isMore = found.length > page.length && last !== undefined;
    return { members: [], referred: page, ...(isMore ? { next: { referredAfter: keyText(last) } } : {}) };
  };
  if ('referredAfter' in place) return referred(place.referredAfter);
  const page = await membersPage(server, caller, members, place.members, count);
  if (page.next !== undefined) return { members: page.members, referred: [], next: { members: page.next } };
  if (place.members !== undefined && page.members.length > 0)
    return { members: page.members, referred: [], next: { referredAfter: '' } };
  const isWhole = place.members === undefined && types === undefined && since === undefined;
  return { ...(await referred('', isWhole ? page.members : undefined)), members: page.members };
}

/** The types `_type` names, between commas or repeated; undefined for all. */
function typesAsked(server: FhirServer, query: Query): ReadonlySet<string> | undefined {
  const names = query
    .filter(([name]) => name === '_type')
    .flatMap(([, text]) => text.split(',').map((each) => each.trim()));
  if (names.length === 0) return undefined;
  const unknown = names.find((name) => !server.definitions.structures.isResourceType(name));
  if (unknown !== undefined) throw invalidRequest(`_type names "${clip(unknown)}", which is no resource type`, '_type');
  return new Set(names);
}
