import { parseDateTime } from '../../fhir/datetime.js';
import { parseJson } from '../../fhir/json.js';
import { parseReference } from '../../fhir/reference.js';
import { keyText, type ResourceKey } from '../../fhir/resource.js';
import { read, readMany } from '../read.js';
import type { Caller, FhirServer } from '../server.js';

interface GroupMembers {
  readonly member?: readonly {
    readonly entity?: { readonly reference?: unknown };
    readonly inactive?: unknown;
    readonly period?: { readonly end?: unknown };
  }[];
}

/**
 * The patients that are members of a group now, and of the groups among its members: not those that are inactive or
 * whose period is over. https://hl7.org/fhir/R4/group.html
 * @returns `Patient/1`, …, each once; whether each is there, or may be seen, is not asked.
 * @throws OperationOutcomeError as `read`.
 */
export async function groupPatients(server: FhirServer, caller: Caller, group: ResourceKey): Promise<string[]> {
  const patients = new Set<string>();
  const known = new Set([keyText(group)]);
  let groups = [await read(server, caller, group)];
  while (groups.length > 0) {
    const inner: ResourceKey[] = [];
    for (const { body } of groups) {
      for (const { type, id } of membersOf(server, caller, parseJson(body) as GroupMembers)) {
        const key = { type, id };
        if (type === 'Patient') patients.add(keyText(key));
        else if (type === 'Group' && !known.has(keyText(key))) inner.push(key);
        known.add(keyText(key));
      }
    }
    groups = (await readMany(server, caller, inner)).filter((version) => version !== undefined);
  }
  return [...patients];
}

function membersOf(server: FhirServer, { baseUrl }: Caller, { member = [] }: GroupMembers): ResourceKey[] {
  return member.flatMap(({ entity, inactive, period }) => {
    const end = typeof period?.end === 'string' ? parseDateTime(period.end)?.high : undefined;
    if (inactive === true || (end ?? Infinity) < server.now()) return [];
    const parsed = parseReference(typeof entity?.reference === 'string' ? entity.reference : '');
    const isOurs = parsed.kind === 'relative' || (parsed.kind === 'absolute' && parsed.base === baseUrl);
    return isOurs ? [{ type: parsed.type, id: parsed.id }] : [];
  });
}
