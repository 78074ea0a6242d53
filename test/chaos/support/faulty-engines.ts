import { randomUUID } from 'node:crypto';
import { DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import { Client } from '@opensearch-project/opensearch';
import { fhirVersions } from '../../../fhir/version.js';
import { indicesOf } from '../../../search/opensearch/create-index.js';
import { localClients } from '../../engines/support/dynamodb.js';
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
  readonly proxies: Readonly<Record<Engine['name'], FaultProxy>>;
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
  const proxies = {
    DynamoDB: await proxy(dynamoDb, 'DYNAMODB_ENDPOINT'),
    OpenSearch: await proxy(openSearch, 'OPENSEARCH_ENDPOINT'),
    S3: await proxy(s3, 'S3_ENDPOINT'),
  };
  const prefix = `chaos-${randomUUID()}`;
  const common = { ENGINES: 'aws', TABLE_PREFIX: prefix, AWS_REGION: 'us-east-1', BODIES_BUCKET: 'chaos' };
  const direct = {
    DYNAMODB_ENDPOINT: endpointOf('DYNAMODB_ENDPOINT'),
    OPENSEARCH_ENDPOINT: endpointOf('OPENSEARCH_ENDPOINT'),
    S3_ENDPOINT: endpointOf('S3_ENDPOINT'),
  };
  const engines: FaultyEngines = {
    faultOf: () => undefined,
    proxies,
    environment: {
      ...common,
      DYNAMODB_ENDPOINT: proxies.DynamoDB.endpoint,
      OPENSEARCH_ENDPOINT: proxies.OpenSearch.endpoint,
      S3_ENDPOINT: proxies.S3.endpoint,
    },
    direct: { ...common, ...direct },
    take() {
      const calls: Record<string, number> = {};
      for (const [name, each] of Object.entries(proxies)) {
        for (const [operation, count] of Object.entries(each.take())) calls[`${name} ${operation}`] = count;
      }
      return calls;
    },
    async close() {
      for (const each of Object.values(proxies)) await each.close();
      const clients = localClients();
      const client = new Client({ node: direct.OPENSEARCH_ENDPOINT });
      for (const version of fhirVersions) {
        const name = `${prefix}-${version}`;
        await clients.client.send(new DeleteTableCommand({ TableName: name })).catch(() => undefined);
        const indices = await indicesOf(client, name);
        if (indices.length > 0) await client.indices.delete({ index: [...indices] });
      }
      clients.close();
      await client.close();
    },
  };
  return engines;
}
