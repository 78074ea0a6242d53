import type { ResourceStore, ResourceWrite, StoredVersion } from '../../persistence/resource-store.js';
import type { Table } from '../../persistence/table.js';
import { nextVersion, tombstone } from '../../persistence/version.js';

const criteria = 'Patient?identifier=a|1';

/** Patient/a, Patient/b and Patient/c: the first two are there in version 1 before any commit under test. */
export const key = (id: string) => ({ type: 'Patient', id });

const read = async (store: ResourceStore, id: string): Promise<StoredVersion> => {
  const found = await store.read(key(id));
  if (found === undefined) throw new Error(`Patient/${id} is not there`);
  return found;
};
const put = (id: string, text: string, previous?: StoredVersion): ResourceWrite => ({
  kind: 'put',
  next: nextVersion({
    resource: { resourceType: 'Patient', text: `${text} `.repeat(1000) },
    ...(previous === undefined ? {} : { previous }),
    method: 'PUT',
    now: Date.now(),
    id,
    compartments: [],
  }),
  ...(previous === undefined ? {} : { previous }),
});

/** A table that tells of each call of it before it makes it. */
export const telling = (table: Table, onCall: <Result>(call: () => Promise<Result>) => Promise<Result>): Table => ({
  ...table,
  get: (key) => onCall(() => table.get(key)),
  batchGet: (keys) => onCall(() => table.batchGet(keys)),
  query: (request) => onCall(() => table.query(request)),
  queryHistory: (request) => onCall(() => table.queryHistory(request)),
  write: (actions) => onCall(() => table.write(actions)),
});

/** What is there first. */
export const first = (): readonly ResourceWrite[] => [put('a', 'old'), put('b', 'old')];

/** The commits under test, by name: each reads what it replaces and gives its writes. */
export const commits = {
  create: () => Promise.resolve([put('c', 'new')]),
  update: async (store) => [put('a', 'new', await read(store, 'a'))],
  transaction: async (store) => {
    const [a, b] = [await read(store, 'a'), await read(store, 'b')];
    return [
      put('a', 'new', a),
      { kind: 'put', next: tombstone(b, Date.now()), previous: b },
      put('c', 'new'),
      { kind: 'claim', criteria, target: key('c') },
    ];
  },
} satisfies Record<string, (store: ResourceStore) => Promise<readonly ResourceWrite[]>>;

/** The name of a commit under test. */
export type CommitName = keyof typeof commits;

/** What anyone can see of the three resources and the claim: versions of each, newest first, and the claim's target. */
export async function visible(store: ResourceStore): Promise<Readonly<Record<string, unknown>>> {
  const histories = await Promise.all(['a', 'b', 'c'].map((id) => store.history(key(id), { count: 9 })));
  const told = histories.map((versions) =>
    versions.map(({ versionId, deleted, body }) => [versionId, deleted ? 'deleted' : /"text":"(\w+)/.exec(body)?.[1]]),
  );
  return { a: told[0], b: told[1], c: told[2], claim: await store.claimed(criteria) };
}
