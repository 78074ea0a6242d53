import cors from 'cors';
import express from 'express';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Jwks } from 'aws-jwt-verify/jwk';
import { dynamoDbClients } from '../../persistence/dynamodb/client.js';
import { signedTokens, unsignedTokens } from './authorization/tokens.js';
import type { DynamoDbApi } from './data-sources/dynamodb/api.js';
import { dynamoDbClientApi } from './data-sources/dynamodb/client.js';
import { localTables } from './data-sources/dynamodb/local-tables.js';
import { runFunction } from './data-sources/lambda-function.js';
import { type ApiDefinition, DefinitionError } from './definition.js';
import { appSyncHttp } from './http.js';
import { type RealtimeApi, serveRealtime, WebSocketAwareRequest } from './realtime/upgrade.js';
import { type ApiSurroundings, serveApi } from './serve-api.js';

/** How APIs are served by themselves. */
export interface StandaloneOptions {
  /** 0 for a free one. */
  readonly port: number;
  /** DynamoDB behind an endpoint, whose tables are there; tables in memory without it. */
  readonly dynamoDbEndpoint?: string;
  readonly endpoints?: ReadonlyMap<string, string>;
  /** Public keys by issuer, as its `jwks.json` has them. */
  readonly issuerKeys?: ReadonlyMap<string, Jwks>;
  /** Whether tokens count without a look at their signatures. */
  readonly unsignedTokens?: boolean;
  readonly accessKeys?: ReadonlyMap<string, string>;
  readonly tell: (line: string) => void;
}

/** APIs that answer on 127.0.0.1. */
export interface Standalone {
  /** The URL of each API by its name. */
  readonly urls: ReadonlyMap<string, string>;
  close(): Promise<void>;
}

function openDynamoDb(
  definitions: readonly ApiDefinition[],
  endpoint: string | undefined,
): { api: DynamoDbApi; close(): void } {
  if (endpoint === undefined) {
    const tables = new Map(definitions.flatMap((one) => one.tables).map((table) => [table.name, table]));
    return { api: localTables([...tables.values()]), close: () => undefined };
  }
  const clients = dynamoDbClients({ endpoint, region: 'us-east-1' });
  return {
    api: dynamoDbClientApi(clients.client),
    close: () => {
      clients.close();
    },
  };
}

/**
 * Serves AppSync APIs by themselves, on 127.0.0.1 only: one at `/graphql`, several at `/<name>/graphql`; subscriptions
 * by WebSocket there, and below it at `/realtime`.
 * @throws DefinitionError and others that name what is wrong with an API; the socket's errors.
 */
export async function serveStandalone(
  definitions: readonly ApiDefinition[],
  options: StandaloneOptions,
): Promise<Standalone> {
  const dynamoDb = openDynamoDb(definitions, options.dynamoDbEndpoint);
  const functions = new Map(definitions.flatMap((one) => one.functions).map((one) => [one.name, runFunction(one)]));
  const around: ApiSurroundings = {
    dynamoDb: dynamoDb.api,
    async invoke(name, event) {
      const found = functions.get(name);
      if (found === undefined) throw new DefinitionError(`There is no Lambda function ${name} in the templates`);
      return found.invoke(event);
    },
    endpoints: options.endpoints ?? new Map(),
    checkToken: options.unsignedTokens === true ? unsignedTokens() : signedTokens(options.issuerKeys),
    accessKeys: options.accessKeys ?? new Map(),
    tell: options.tell,
  };
  const app = express();
  app.disable('x-powered-by');
  const paths = new Map<string, string>();
  const realtime: RealtimeApi[] = [];
  for (const definition of definitions) {
    const path = definitions.length === 1 ? '/graphql' : `/${encodeURIComponent(definition.name)}/graphql`;
    const { authenticate, authenticateRealtime, ...served } = await serveApi(definition, around, path);
    const runtime = (): Promise<typeof served.runtime> => Promise.resolve(served.runtime);
    const onFailure = (error: unknown): void => {
      options.tell(
        `failed ${definition.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
    };
    const handlers = appSyncHttp({ runtime, authenticate, signed: true, onFailure, bodyLimit: 2 ** 20 });
    realtime.push({ paths: [path, `${path}/realtime`], runtime, authenticate: authenticateRealtime, onFailure });
    app.all(path, cors({ methods: ['POST'], maxAge: 3600 }), handlers);
    paths.set(definition.name, path);
  }
  const server = createServer({ IncomingMessage: WebSocketAwareRequest }, app);
  const endpoints = serveRealtime(server, realtime);
  server.listen(options.port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return {
    urls: new Map([...paths].map(([name, path]) => [name, `http://127.0.0.1:${String(port)}${path}`])),
    async close() {
      const closed = once(server, 'close');
      server.close();
      endpoints.close();
      server.closeAllConnections();
      await closed;
      await Promise.all([...functions.values()].map((one) => one.close()));
      dynamoDb.close();
    },
  };
}
