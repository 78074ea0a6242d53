import type { JsonClient } from '../json-client.js';
import type { Chance } from '../seed.js';
import { planCreate } from './commits.js';
import { chosenIds, type UnknownCommit, type Writer } from './life.js';
import { deleted } from './planned.js';

interface Searchset {
  readonly total: number;
  readonly entry?: readonly { readonly resource: { readonly resourceType: string; readonly id: string } }[];
}

/** A commit whose answer did not come, and whether it is there. */
export interface SeenCommit {
  readonly unknown: UnknownCommit;
  readonly isThere: boolean;
}

/** Creates once more, by the same criteria, what a client did not hear of: there must be one of it. */
export async function createAgain(
  { unknown: { writer, commit }, isThere }: SeenCommit,
  client: JsonClient,
  chance: Chance,
): Promise<string[]> {
  const asked = commit.writes.find(({ criteria, type }) => criteria !== undefined && type === 'Observation');
  if (asked?.criteria === undefined) return [];
  const again = planCreate(chance, `/${writer.version}`, `${commit.mark}.again`, asked.criteria, `${writer.name}-0`);
  const answer = await client.ask(again.request);
  const { status } = answer;
  if (status !== (isThere ? 200 : 201)) return [`${again.mark} is ${String(status)}: ${answer.text.slice(0, 300)}`];
  if (isThere) return [];
  const ids = chosenIds(again, answer);
  writer.pool.done(again, (label) => ids.get(label));
  return [];
}

/** Searches find what is there now, and counts count it. */
export async function searchAgain(
  writers: readonly Writer[],
  version: Writer['version'],
  client: JsonClient,
  chance: Chance,
): Promise<string[]> {
  const current = new Map<string, string>();
  for (const { pool } of writers.filter((each) => each.version === version)) {
    for (const [key, all] of pool.versions) current.set(key, all.at(-1) ?? deleted);
  }
  const marks = [...new Set([...current.values()].filter((label) => label !== deleted).map(markOf))];
  const wrong: string[] = [];
  for (const mark of [marks.at(-1), marks.length === 0 ? undefined : chance.pick(marks)]) {
    if (mark === undefined) continue;
    for (const type of ['Patient', 'Observation']) {
      const expected = [...current]
        .filter(([key, label]) => key.startsWith(`${type}/`) && label !== deleted && markOf(label) === mark)
        .map(([key]) => key);
      const criteria = `identifier=urn:mark%7C${mark}`;
      const path = `/${version}/${type}?${criteria}`;
      const { json: counted } = await client.ask<Searchset>({ method: 'GET', path: `${path}&_summary=count` });
      const { json: found } = await client.ask<Searchset>({ method: 'GET', path: `${path}&_count=1000` });
      const keys = (found.entry ?? []).map(({ resource: { resourceType, id } }) => `${resourceType}/${id}`);
      if (counted.total !== expected.length) {
        wrong.push(`${path} counts ${String(counted.total)}, not ${String(expected.length)}`);
      }
      if (keys.toSorted().join() !== expected.toSorted().join()) {
        wrong.push(`${path} finds ${String(keys.length)}, not ${String(expected.length)}`);
      }
    }
  }
  const patients = [...current].filter(([key, label]) => key.startsWith('Patient/') && label !== deleted).length;
  const { json } = await client.ask<Searchset>({ method: 'GET', path: `/${version}/Patient?_summary=count` });
  if (json.total !== patients) wrong.push(`${version} counts ${String(json.total)} Patients, not ${String(patients)}`);
  return wrong;
}

/** A label is a mark, a hyphen and a number. */
const markOf = (label: string): string => label.slice(0, label.lastIndexOf('-'));
