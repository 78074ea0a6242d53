// A process of its own that a test kills: commits two resources at a time, updates included, and prints each
// commit's number once it is told that it is durable.
import { commitsOf } from '../../lmdb/commits.js';
import { openRoot } from '../../persistence/lmdb-root.js';
import { lmdbTable } from '../../persistence/lmdb.js';
import { createResourceStore } from '../../persistence/store.js';
import { nextVersion } from '../../persistence/version.js';

const [, , folder = '', first = '0'] = process.argv;
const root = openRoot(folder);
const index = commitsOf(root).database(root.openDB<number, string>({ name: 'index' }));
const store = createResourceStore(
  lmdbTable(root, 'items', {
    inTransaction: (changes) => () => {
      for (const { key, after } of changes) if (key.sk === 'current') index.put(key.pk, Number(after?.['versionId']));
    },
  }),
);

async function commitPair(number: number): Promise<void> {
  const id = String(Math.floor(number / 2)); // every resource gets two versions
  const writes = await Promise.all(
    ['Patient', 'Observation'].map(async (type) => {
      const previous = await store.read({ type, id });
      const resource = { resourceType: type, note: `${String(number)} `.repeat(2000) };
      const known = previous === undefined ? {} : { previous };
      const next = nextVersion({ resource, ...known, method: 'PUT', now: Date.now(), id, compartments: [] });
      return { kind: 'put' as const, next, ...known };
    }),
  );
  const { committed } = await store.commit(writes);
  if (!committed) throw new Error(`Commit ${String(number)} met another one`);
  process.stdout.write(`${String(number)}\n`);
}

for (let number = Number(first); ; number += 1) {
  await Promise.all([commitPair(number), commitPair(number + 1_000_000)]); // two at once share a transaction
}
