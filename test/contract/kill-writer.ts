// A process of its own that kills itself at one call of the table port: `before` it, `during` it, or `after` it was
// answered. Without that call it ends by itself. What it writes is one commit of kill.ts.
import { createResourceStore } from '../../persistence/store.js';
import type { Table } from '../../persistence/table.js';
import { commits, type CommitName, telling } from './kill-commits.js';

const [, , engine = '', place = '', commit = '', moment = '', fatalCall = '', maxActions = ''] = process.argv;

async function open(): Promise<Table> {
  if (engine === 'lmdb') {
    const { openRoot } = await import('../../persistence/lmdb-root.js');
    const { lmdbTable } = await import('../../persistence/lmdb.js');
    return lmdbTable(openRoot(place), 'items');
  }
  const { localClients } = await import('../engines/support/dynamodb.js');
  const { dynamoDbTable } = await import('../../persistence/dynamodb.js');
  return dynamoDbTable({ ...localClients(), name: place, patience: 20_000 });
}

let calls = 0;
const die = (): Promise<never> => {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
};
async function fatal<Result>(call: () => Promise<Result>): Promise<Result> {
  calls += 1;
  if (calls !== Number(fatalCall)) return call();
  if (moment === 'before') return die();
  const answer = call();
  if (moment === 'during') {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 4)); // the request is on its way
    return die();
  }
  await answer;
  return die();
}

const table = await open();
const most = maxActions === '' ? {} : { maxActions: Number(maxActions) };
const store = createResourceStore(telling({ ...table, ...most }, fatal));
const { committed } = await store.commit(await commits[commit as CommitName](store));
process.exit(committed ? 0 : 3);
