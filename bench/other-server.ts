import { Pool } from 'undici';
import { untilFound } from './engines.js';
import { loadTransactions, runLoads, type Target, withStringArguments } from './loads.js';
import { type Figures, send } from './measure.js';

/** Another FHIR R4 server that runs already, measured beside this one: load by load, in the same run. */
export interface OtherServer {
  /** Loads it with bundles as this server was. @returns entries a second. */
  transactions(bundles: number, entries: number): Promise<number>;
  /** Runs its next load. @returns its figures, undefined when it has no more. */
  next(): Promise<Figures | undefined>;
  close(): Promise<void>;
}

/** The search that tells how many patients a server finds: some tell it of every search, some of this one alone. */
async function countedBy(target: Target): Promise<string> {
  const path = '/Patient?_count=1';
  const { text } = await send(target.pool, target.headers, { method: 'GET', path: `${target.root}${path}` });
  return 'total' in (JSON.parse(text) as object) ? path : '/Patient?_summary=count';
}

/**
 * @param base the URL of its FHIR base, on this machine.
 * @param like how this server is asked: the same headers, seconds and callers.
 * @param graphqlPath where it serves FHIR's `$graphql`; undefined when it has none.
 * @throws Error when it refuses its first bundle, or does not find within two minutes what it was given.
 */
export function otherServer(base: URL, like: Target, graphqlPath: string | undefined): OtherServer {
  const target: Target = {
    ...like,
    pool: new Pool(base.origin, { connections: 64, pipelining: 1 }),
    root: base.pathname.replace(/\/$/, ''),
    graphqlPath,
    graphqlBody: withStringArguments,
    appSyncPath: undefined,
  };
  const patients: string[] = [];
  let loads: AsyncGenerator<Figures, undefined> | undefined;
  return {
    async transactions(bundles, entries) {
      const loaded = await loadTransactions(target, bundles, entries);
      if (loaded.failed > 0) throw new Error(`${base.href} refused a transaction: ${String(loaded.firstFailure)}`);
      patients.push(...loaded.patients);
      return loaded.entriesPerSecond;
    },
    async next() {
      if (loads === undefined) await untilFound(target, await countedBy(target), patients.length);
      loads ??= runLoads(target, patients);
      const { value } = await loads.next();
      return value;
    },
    close: () => target.pool.close(),
  };
}
