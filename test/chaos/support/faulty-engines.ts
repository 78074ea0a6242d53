import { randomUUID } from 'node:crypto';
import { removeTables } from '../../engines/support/remove-tables.js';
import { dynamoDb, type Engine, openSearch, s3 } from './engine-faults.js';
import { type EngineCall, type Fault, type FaultProxy, startFaultProxy } from './fault-proxy.js';

/** The engines that `npm run test:engines` started, each behind a proxy that has its calls go wrong. */
export interface FaultyEngines {
  /** What a server is told to use them, with tables and indices of its own. */
  readonly environment: Readonly<Record<string, string>>;
  /** The same without the proxies. */
  readonly direct: Readonly<Record<string, string>>;
  /** What goes wrong from now on; nothing until it is set. */
  faultOf: (engine: Engine, call: EngineCall) => Fault | undefined;
  readonly proxies: ReadonlyMap<Engine['name'], FaultProxy>;
  /** Whether there is an S3: without Go there is none, and no large bodies are to be written. */
  readonly hasS3: boolean;
  /** Calls since the last time it was asked, by engine and operation. */
  take(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}

const endpointOf = (name: string): string => {
  const endpoint = process.env[name];
  if (endpoint === undefined) throw new Error(`There is no ${name}: run the suite by npm run test:engines`);
  return endpoint;
};

export async function startFaultyEngines(): Promise<FaultyEngines> {
  const proxy = (engine: Engine, variable: string): Promise<FaultProxy> =>
    startFaultProxy(endpointOf(variable), engine.operationOf, (call) => engines.faultOf(engine, call));
  const hasS3 = process.env['S3_ENDPOINT'] !== undefined;
  const proxies = new Map<Engine['name'], FaultProxy>();
  const behind: Record<string, string> = {};
  const direct: Record<string, string> = {};
  for (const [engine, variable] of [
    [dynamoDb, 'DYNAMODB_ENDPOINT'],
    [openSearch, 'OPENSEARCH_ENDPOINT'],
    ...(hasS3 ? ([[s3, 'S3_ENDPOINT']] as const) : []),
  ] as const) {
    const made = await proxy(engine, variable);
    proxies.set(engine.name, made);
    behind[variable] = made.endpoint;
    direct[variable] = endpointOf(variable);
  }
  const prefix = `chaos-${randomUUID()}`;
  const common = {
    ENGINES: 'aws',
    TABLE_PREFIX: prefix,
    AWS_REGION: 'us-east-1',
    ...(hasS3 ? { BODIES_BUCKET: 'chaos' } : {}),
  };
  const engines: FaultyEngines = {
    faultOf: () => undefined,
    proxies,
    hasS3,
    environment: { ...common, ...behind },
    direct: { ...common, ...direct },
    take() {
      const calls: Record<string, number> = {};
      for (const [name, each] of proxies) {
        for (const [operation, count] of Object.entries(each.take())) calls[`${name} ${operation}`] = count;
      }
      return calls;
    },
    async close() {
      for (const each of proxies.values()) await each.close();
      await removeTables(prefix);
    },
  };
  return engines;
}
