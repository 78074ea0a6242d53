// Publishes a first patient, commits a second one and is killed before it publishes that: killed-publisher.ts <folder>.
import { publishChanges } from '../../indexer/publish.js';
import { openRoot } from '../../persistence/lmdb-root.js';
import { lmdbTable } from '../../persistence/lmdb.js';
import { createResourceStore } from '../../persistence/store.js';
import { nextVersion } from '../../persistence/version.js';
import { publishedFeed } from './published-feed.js';

const [, , folder = ''] = process.argv;
const root = openRoot(folder);
const table = lmdbTable(root, 'r4');
const store = createResourceStore(table);

async function create(id: string): Promise<void> {
  const resource = { resourceType: 'Patient' };
  const next = nextVersion({ resource, method: 'PUT', now: Date.now(), id, compartments: [] });
  await store.commit([{ kind: 'put', next }]);
}

const feed = publishedFeed(root, table);
let kept: () => void = () => undefined;
const firstIsKept = new Promise<void>((resolve) => (kept = resolve));
publishChanges({
  feed: {
    ...feed,
    async writePlace(position) {
      await feed.writePlace(position);
      kept();
    },
  },
  publish: ({ action, type, id, versionId }) =>
    new Promise((resolve) => {
      if (id === '2') process.kill(process.pid, 'SIGKILL'); // it is committed, and not yet published
      process.stdout.write(`${action} ${type}/${id} ${String(versionId)}\n`, () => {
        resolve();
      });
    }),
  onProblem: ({ what, error }) => {
    console.error(what, error);
  },
  idle: 1,
  keepEvery: 0,
});
await create('1');
await firstIsKept;
await create('2');
