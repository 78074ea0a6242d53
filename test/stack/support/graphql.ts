import type { Jwks } from 'aws-jwt-verify/jwk';
import express, { type Express } from 'express';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { signedTokens } from '../../../local/appsync/authorization/tokens.js';
import { dynamoDbClientApi } from '../../../local/appsync/data-sources/dynamodb/client.js';
import type { ApiDefinition, ProviderDefinition } from '../../../local/appsync/definition.js';
import { appSyncHttp } from '../../../local/appsync/http.js';
import { serveRealtime, WebSocketAwareRequest } from '../../../local/appsync/realtime/upgrade.js';
import { serveApi } from '../../../local/appsync/serve-api.js';
import { loadApis } from '../../../local/appsync/template/load-apis.js';
import { dynamoDbClients } from '../../../persistence/dynamodb/client.js';
import type { Aws } from './aws.js';
import type { DeployedStage } from './deploy.js';

/** An address that answers GraphQL once an API is put there: functions are told of it when they are deployed. */
export interface GraphqlPlace {
  readonly url: string;
  /** What was answered, as JSON. */
  readonly answers: readonly string[];
  readonly app: Express;
  readonly server: Server;
  close(): Promise<void>;
}

/** Listens on 127.0.0.1, at a free port. */
export async function openGraphqlPlace(): Promise<GraphqlPlace> {
  const app = express();
  const answers: string[] = [];
  app.use((_, response, next) => {
    const end = response.end.bind(response) as (text: string) => typeof response;
    response.end = (text: unknown) => {
      answers.push(String(text));
      return end(String(text));
    };
    next();
  });
  const server = createServer({ IncomingMessage: WebSocketAwareRequest }, app);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}/graphql`,
    answers,
    app,
    server,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/**
 * Serves the API of the synthesized templates by the project's AppSync runtime: MiniStack's own passes what AppSync
 * refuses. Its data sources are the deployed table and function, its user pool the deployed one.
 * @returns what ends it.
 */
export async function serveDeployedApi(
  place: GraphqlPlace,
  aws: Aws,
  { templates, outputs }: DeployedStage,
): Promise<() => void> {
  const [definition] = loadApis(templates);
  if (definition === undefined) throw new Error('There is no AppSync API in the templates');
  const issuer = outputs['Issuer'] ?? '';
  const keys = await fetch(`${aws.endpoint}/${outputs['UserPoolId'] ?? ''}/.well-known/jwks.json`);
  const clients = dynamoDbClients({ endpoint: aws.endpoint, region: 'us-east-1' });
  const table = dynamoDbClientApi(clients.client);
  const deployed: ApiDefinition = {
    ...definition,
    providers: definition.providers.map((provider): ProviderDefinition =>
      'issuer' in provider ? { ...provider, issuer, clientIds: outputs['ClientId'] ?? '' } : provider,
    ),
  };
  const name = Object.entries(outputs).find(([output]) => output.includes('ResolversFunction'))?.[1] ?? '';
  const { runtime, authenticate, authenticateRealtime } = await serveApi(deployed, '/graphql', {
    dynamoDb: { send: (operation, input) => table.send(operation, { ...input, TableName: tableOf(outputs) }) },
    invoke: (_, event) => aws.lambda(`/2015-03-31/functions/${name}/invocations`, 'POST', event as object),
    endpoints: new Map(),
    checkToken: signedTokens(new Map([[issuer, (await keys.json()) as Jwks]])),
    accessKeys: new Map([['000000000000', 'test']]), // what MiniStack gives to functions
    tell: (line) => process.stderr.write(`${line}\n`),
  });
  const served = {
    runtime: () => Promise.resolve(runtime),
    onFailure: (error: unknown) => void process.stderr.write(`GraphQL failed: ${String(error)}\n`),
  };
  place.app.all('/graphql', appSyncHttp({ ...served, authenticate, signed: true }));
  const realtime = serveRealtime(place.server, [
    { ...served, paths: ['/graphql/realtime'], authenticate: authenticateRealtime },
  ]);
  return () => {
    realtime.close();
    clients.close();
  };
}

const tableOf = (outputs: DeployedStage['outputs']): string | undefined =>
  outputs['TableNameR4'] ?? outputs['TableNameStu3'];
