import { startDynamoDb } from '../local/engines/dynamodb.js';
import { startOpenSearch } from '../local/engines/opensearch.js';
import { send } from './measure.js';
import type { Target } from './loads.js';

/** Engines for a benchmark. */
export interface BenchEngines {
  /** What a server is told to use them. */
  readonly environment: Readonly<Record<string, string>>;
  readonly stop: () => Promise<void>;
}

/** Starts DynamoDB Local and OpenSearch, unless the environment names them. */
export async function startEngines(): Promise<BenchEngines> {
  const starts = [
    ['DYNAMODB_ENDPOINT', startDynamoDb],
    ['OPENSEARCH_ENDPOINT', startOpenSearch],
  ] as const;
  const environment: Record<string, string> = { ENGINES: 'aws', TABLE_PREFIX: `bench-${String(Date.now())}` };
  const ends: (() => Promise<void>)[] = [];
  for (const [name, start] of starts) {
    if (process.env[name]) continue;
    const engine = await start();
    environment[name] = engine.endpoint;
    ends.push(() => engine.stop());
  }
  return {
    environment,
    stop: async () => {
      for (const end of ends) await end();
    },
  };
}

/**
 * Waits until searches find what the transactions wrote, which the stream brings to them.
 * @param query a search whose total tells it, such as `Patient?_summary=count`.
 * @returns how long that took after the last one was answered, in milliseconds.
 */
export async function untilFound(target: Target, query: string, resources: number): Promise<number> {
  const begun = performance.now();
  for (;;) {
    const { text } = await send(target.pool, target.headers, { method: 'GET', path: `${target.root}${query}` });
    const { total = 0 } = JSON.parse(text) as { total?: number };
    if (total >= resources) return Math.round(performance.now() - begun);
    if (performance.now() - begun > 120_000) throw new Error(`Searches find ${String(total)} of ${String(resources)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
