import type { Context, ScheduledEvent } from 'aws-lambda';
import { lambdaLog, named } from '../compose/lambda-log.js';
import { sweepBodiesOfTenants, sweepOfTenants } from '../compose/of-tenants.js';
import { once } from '../compose/once.js';
import { type OpenLambda, openLambda } from '../compose/open-lambda.js';
import { indexedTerms } from '../search/opensearch/create-index.js';
import { continueReindex, reindex } from './reindex.js';

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
export const handler = async (
  { time = new Date().toISOString(), reindex: isOrdered = false }: SweeperEvent,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
): Promise<void> => {
  const opened = await open();
  const [hour, minute] = time.slice(11, 16).split(':').map(Number);
  const ending = new AbortController();
  const timer = setTimeout(
    () => {
      ending.abort();
    },
    Math.max(0, context.getRemainingTimeInMillis() - reserve),
  );
  const { server, bodies } = opened;
  const tasks: [what: string, work: () => Promise<unknown>][] = [
    ['ending left transactions', () => sweepOfTenants(server)],
    ['making the search index anew', () => bringIndexUpToDate(opened, isOrdered, ending.signal)],
  ];
  if (minute === 0) tasks.push(['removing old tombstones', () => server.index.removeTombstones(Date.now())]);
  if (minute === 0 && hour === 3 && bodies !== undefined) {
    tasks.push(['removing left bodies', () => sweepBodiesOfTenants(server.table, bodies, Date.now())]);
  }
  try {
    await Promise.all(tasks.map(([what, work]) => tried(what, work)));
  } finally {
    clearTimeout(timer);
  }
};

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
  signal: AbortSignal,
): Promise<void> {
  const { table, index } = server;
  const options = { table, bodies, next: index.next, signal };
  const isOutdated = isOrdered || (await indexedTerms(connections.openSearch, settings.alias)) !== index.next.terms;
  const done = await (isOutdated ? reindex(options) : continueReindex(options));
  if (done !== undefined) lambdaLog.info({ ...done }, 'the search index is made anew');
}
