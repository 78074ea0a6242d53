// A process of its own: lmdb-js now and then tells of a transaction that failed by a rejection nobody can look at, which would
// fail whatever test runs at that moment.
import { open } from 'lmdb';
import { commitsOf } from '../../lmdb/commits.js';

process.on('unhandledRejection', () => undefined);
console.error = () => undefined;
const [, , folder = ''] = process.argv;
const root = open({ path: folder, overlappingSync: false, eventTurnBatching: false, cache: false });
const commits = commitsOf(root);
const stored = root.openDB<number, string>({ name: 'numbers', cache: false });
const numbers = commits.database(stored);
const texts = commits.database(
  root.openDB<string, string>({ name: 'texts', dupSort: true, encoding: 'ordered-binary', cache: false }),
);
const failure = await commits
  .commitAlone(() => {
    numbers.put('a', 1);
    texts.put('key', 'x'.repeat(3000));
  })
  .then(
    () => 'none',
    (error: unknown) => String(error),
  );
await commits.commit(() => {
  numbers.put('b', 2);
});
const found = Object.fromEntries([...stored.getRange()].map(({ key, value }) => [key, value]));
await commits.close();
await root.close();
process.stdout.write(JSON.stringify({ failure, found }));
