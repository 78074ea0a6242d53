import type { Context, ScheduledEvent } from 'aws-lambda';
import { lambdaLog, named, wordless } from '../compose/lambda-log.js';
import { sweepBodiesOfTenants, sweepOfTenants } from '../compose/of-tenants.js';
import { once } from '../compose/once.js';
import { type OpenLambda, openLambda } from '../compose/open-lambda.js';
import { SettingsError } from '../compose/settings-error.js';
import { beginReindex, workOnReindexes } from '../bulk/outdated-index.js';
import { reindexKind } from '../bulk/reindex-segment.js';
import { removeExpired } from '../bulk/run-jobs.js';
import type { JobSpace } from '../bulk/work-segment.js';
import { jobItems } from '../persistence/job.js';
import { defaultTenant } from '../persistence/keys.js';
import type { OutputStore } from '../persistence/output-store.js';
import { indexedTerms } from '../search/opensearch/create-index.js';

/** The Lambda function that a schedule calls every minute: ends what others left undone. */
const open = once(() => openLambda(process.env, { sealsPages: false }));

/** What is left of the function's time when a reindex stops, for the next call to go on with, in milliseconds. */
const reserve = 20_000;

/** A minute of the schedule; or an operator's order to make the index anew, `{ "reindex": true }`. */
type SweeperEvent = Partial<Pick<ScheduledEvent, 'time'>> & { readonly reindex?: boolean };

/**
 * Ends left transactions, and goes on with a reindex, each time; removes old tombstones each hour and left bodies each
 * day. An index with terms of other search parameters than this program's is made anew: a new program was deployed.
 */
export const handler = wordless(
  async (
    { time = new Date().toISOString(), reindex: isOrdered = false }: SweeperEvent,
    context: Pick<Context, 'getRemainingTimeInMillis'>,
  ): Promise<void> => {
    const opened = await open();
    const [hour, minute] = time.slice(11, 16).split(':').map(Number);
    const isOver = (): boolean => context.getRemainingTimeInMillis() < reserve;
    const { server, bodies } = opened;
    const tasks: [what: string, work: () => Promise<unknown>][] = [
      ['ending left transactions', () => sweepOfTenants(server)],
      ['making the search index anew', () => bringIndexUpToDate(opened, isOrdered, isOver)],
    ];
    if (minute === 0) tasks.push(['removing old tombstones', () => server.index.removeTombstones(Date.now())]);
    if (minute === 0 && hour === 3 && bodies !== undefined) {
      tasks.push(['removing left bodies', () => sweepBodiesOfTenants(server.table, bodies, Date.now())]);
    }
    await Promise.all(tasks.map(([what, work]) => tried(what, work)));
  },
);

/** What fails is told, and tried again the next time. */
async function tried(what: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    lambdaLog.error(named(error), `${what} failed`);
  }
}

async function bringIndexUpToDate(
  { server, bodies, connections, settings }: OpenLambda,
  isOrdered: boolean,
  isOver: () => boolean,
): Promise<void> {
  const { table, index } = server;
  const { next } = index;
  const space: JobSpace = {
    items: jobItems(table, defaultTenant),
    output: files,
    kinds: { reindex: reindexKind({ table, bodies, index, next, isShared: true }) },
    now: Date.now,
    onProblem: (error, what) => {
      lambdaLog.error(named(error), what);
    },
  };
  const { terms } = next;
  const isOutdated = isOrdered || (await indexedTerms(connections.openSearch, settings.alias)) !== terms;
  if (isOutdated) await beginReindex({ space, terms, names: () => next.names(), segments: 4 });
  await removeExpired(space, ({ kind }) => kind === 'reindex');
  await workOnReindexes(space, isOver);
}

/** The store of jobs' files; nothing of it is loaded before a file is written, or removed. */
const openFiles = once(async (): Promise<OutputStore> => {
  const { outputAt, readJobPlaces, s3At } = await import('../compose/lambda-jobs.js');
  const places = readJobPlaces(process.env);
  if (places === undefined) throw new SettingsError('JOBS_BUCKET is not set');
  return outputAt(places, defaultTenant, s3At(places));
});

/** Where a reindex tells what it could not read. */
const files: OutputStore = {
  create: async (key) => (await openFiles()).create(key),
  read: async (key) => (await openFiles()).read(key),
  remove: async (job) => {
    await (await openFiles()).remove(job);
  },
};
