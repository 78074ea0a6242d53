import { parseJson } from '../../fhir/json.js';
import { tooCostly } from '../../fhir/outcome.js';
import { parseReference } from '../../fhir/reference.js';
import { keyText, type ResourceKey } from '../../fhir/resource.js';
import type { StoredVersion } from '../../persistence/resource-store.js';
import { readMany } from '../read.js';
import type { Caller, FhirServer } from '../server.js';
import { membersPage, type Members, type MembersPlace } from './everything-members.js';

/** So many members are looked at for what they refer to; a record of more is asked for by `_type`. */
const mostMembers = 100_000;
const membersAtOnce = 500;

/** And so many resources that they refer to. */
const mostReferred = 10_000;

/** What is referred to, each once. */
export type Referred = ReadonlyMap<string, StoredVersion>;

/**
 * What members of compartments refer to and is needed to understand them: resources that are in no patient's
 * compartment (practitioners, organizations, places, medications, …) with what those refer to in turn, and, one step
 * far, other resources of the encounter's patient. Nothing of another patient is followed to.
 * @param patients the compartments of the encounter's patient; none when members are those of patients.
 * @param known members that were read already, when those are all; else they are looked at anew, page by page.
 * @returns what the caller may read, in the order of keys, without the members themselves.
 * @throws OperationOutcomeError 413 for too many of either.
 */
export async function referredTo(
  server: FhirServer,
  caller: Caller,
  members: Members,
  patients: readonly string[],
  known?: readonly StoredVersion[],
): Promise<Referred> {
  const own = new Set<string>();
  const wanted = new Map<string, ResourceKey>();
  const look = (versions: readonly StoredVersion[]): void => {
    for (const version of versions) {
      own.add(keyText(version));
      for (const key of referencesIn(version, caller.baseUrl)) wanted.set(keyText(key), key);
    }
  };
  if (known !== undefined) look(known);
  else for await (const page of allMembers(server, caller, members)) look(page);

  const found = new Map<string, StoredVersion>();
  let round = [...wanted].filter(([text]) => !own.has(text)).map(([, key]) => key);
  for (let isFirst = true; round.length > 0; isFirst = false) {
    const next = new Map<string, ResourceKey>();
    for (let from = 0; from < round.length; from += membersAtOnce) {
      for (const version of await readMany(server, caller, round.slice(from, from + membersAtOnce))) {
        if (version === undefined) continue;
        const isShared = !isOfPatients(server, version.type);
        const isSamePatients = isFirst && version.compartments.some((each) => patients.includes(each));
        if (!isShared && !isSamePatients) continue;
        found.set(keyText(version), version);
        if (isShared) for (const key of referencesIn(version, caller.baseUrl)) next.set(keyText(key), key);
      }
    }
    if (found.size > mostReferred) {
      throw tooCostly(`More than ${String(mostReferred)} resources are referred to: ask for parts by _type`, '_type');
    }
    round = [...next]
      .filter(([text, { type }]) => !found.has(text) && !own.has(text) && !isOfPatients(server, type))
      .map(([, key]) => key);
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Whether resources of a type are in patients' compartments: shared ones are in none. */
export const isOfPatients = ({ definitions }: FhirServer, type: string): boolean =>
  type === 'Patient' || definitions.compartments.parameters('Patient', type).length > 0;

async function* allMembers(
  server: FhirServer,
  caller: Caller,
  members: Members,
): AsyncGenerator<readonly StoredVersion[]> {
  let looked = 0;
  let place: MembersPlace | undefined;
  do {
    const page = await membersPage(server, caller, members, place, membersAtOnce);
    yield page.members;
    place = page.next;
    looked += page.members.length;
    if (looked > mostMembers) {
      throw tooCostly(`There are more than ${String(mostMembers)} resources: ask for parts by _type`, '_type');
    }
  } while (place !== undefined);
}

/** The resources of this server that a resource refers to, wherever in it. */
function referencesIn(version: StoredVersion, baseUrl: string): ResourceKey[] {
  const keys: ResourceKey[] = [];
  const open: unknown[] = [parseJson(version.body)];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null) continue;
    if ('reference' in next && typeof next.reference === 'string') {
      const target = parseReference(next.reference);
      const isOurs = target.kind === 'relative' || (target.kind === 'absolute' && target.base === baseUrl);
      if (isOurs) keys.push({ type: target.type, id: target.id });
    }
    for (const value of Object.values(next) as unknown[]) if (typeof value === 'object') open.push(value);
  }
  return keys;
}
