import { type AccessFilter, inCompartments, permits } from '../../search/access.js';
import type { StoredVersion } from '../../persistence/resource-store.js';
import { parseSearch } from '../../search/parse.js';
import { requireUnchained } from '../../search/request.js';
import type { Position } from '../../search/search-index.js';
import { accessOrNone } from '../access.js';
import { findMatches } from '../matches.js';
import type { Caller, FhirServer } from '../server.js';

/** Which members of compartments are meant. */
export interface Members {
  /** `Patient` or `Encounter`. */
  readonly compartment: string;
  /** The one whose compartment it is; without it all the caller may see count. */
  readonly id?: string;
  /** The resource types wanted, in the order they come in. */
  readonly types: readonly string[];
  /** Only what was stored since, as an instant. */
  readonly since?: string | undefined;
  /** What else a member must satisfy. */
  readonly accepts?: ((version: StoredVersion) => boolean) | undefined;
}

/** A place among members: behind a position of a type, or, without one, where the type begins. */
export interface MembersPlace {
  readonly type: string;
  readonly after?: Position;
}

/** Some members, and where the next ones are; no place when there are none. */
export interface MembersPage {
  readonly members: readonly StoredVersion[];
  readonly next?: MembersPlace;
}

/** The types of which resources are in a compartment, the compartment's own first. */
export const memberTypes = ({ definitions }: FhirServer, compartment: string): readonly string[] => [
  compartment,
  ...definitions.resourceTypes.filter(
    (type) => type !== compartment && definitions.compartments.parameters(compartment, type).length > 0,
  ),
];

/** So many members are looked at for one page; a page that is not full by then is given as it is, with a link. */
const mostLookedAt = 10_000;

/**
 * Some members of compartments, as far as the caller may search their types, in an order that stays.
 * @param from where to go on; the beginning without it.
 * @param count the greatest number wanted.
 */
export async function membersPage(
  server: FhirServer,
  caller: Caller,
  wanted: Members,
  from: MembersPlace | undefined,
  count: number,
): Promise<MembersPage> {
  const members: StoredVersion[] = [];
  let looked = 0;
  const start = from === undefined ? 0 : wanted.types.indexOf(from.type);
  for (const type of start < 0 ? [] : wanted.types.slice(start)) {
    const access = accessOrNone(server, caller, 'search', type);
    if (access === undefined) continue;
    const request = requireUnchained(
      parseSearch(server.definitions, type, wanted.since === undefined ? [] : [['_lastUpdated', `ge${wanted.since}`]], {
        handling: 'strict',
        defaultCount: count,
        maxCount: count,
        now: server.now(),
      }),
    );
    let after = type === from?.type ? from.after : undefined;
    for (let more = true; more;) {
      if (members.length >= count || looked >= mostLookedAt) {
        return { members, next: { type, ...(after === undefined ? {} : { after }) } };
      }
      const range = { limit: count - members.length, ...(after === undefined ? {} : { after }) };
      const found = await findMatches(server, { request, access: searched(wanted, access) }, range);
      looked += found.matches.length;
      after = found.matches.at(-1)?.hit.position ?? after;
      more = found.more;
      for (const { version } of found.matches) if (isMember(wanted, access, version)) members.push(version);
    }
  }
  return { members };
}

/** The index is asked for one compartment: the wanted one, or what the caller may see. */
const searched = ({ compartment, id }: Members, access: AccessFilter): AccessFilter =>
  id === undefined ? access : inCompartments([`${compartment}/${id}`]);

const isMember = ({ compartment, id, accepts }: Members, access: AccessFilter, version: StoredVersion): boolean =>
  permits(access, version) &&
  (id !== undefined || version.compartments.some((each) => each.startsWith(`${compartment}/`))) &&
  (accepts?.(version) ?? true);
