import cors from 'cors';
import express, { type Express } from 'express';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Logger } from 'pino';
import { fhirVersions } from '../fhir/version.js';
import { createRestApp } from '../rest/app.js';
import { refuseUnreadable } from '../rest/unreadable.js';
import { createAuthentication } from './authentication.js';
import { type EmbeddedServers, openServers } from './compose.js';
import { createGraphqlHandler } from './graphql.js';
import { pageHeaders } from './page.js';
import { projectFolder } from './project-folder.js';
import type { Settings } from './settings.js';
import { createSignIn, signInPath } from './sign-in/sign-in.js';
import { renderStartPage } from './start-page.js';

/** A server that answers. */
export interface RunningServer {
  /** The URL by which clients know it, no slash at the end. */
  readonly url: string;
  /** Answers what is under way, then closes the store. */
  close(): Promise<void>;
}

/** How long requests under way may take to end when the server closes, in milliseconds. */
const patience = 5000;

function createApp(settings: Settings, url: string, { servers }: EmbeddedServers, log: Logger): Express {
  const app = express();
  app.disable('x-powered-by');
  app.enable('case sensitive routing'); // one base URL: links and references under /R4 would be foreign to /r4
  const signIn = createSignIn({
    publicUrl: url,
    dataFolder: settings.dataFolder,
    ...(settings.signInPassword === undefined ? {} : { password: settings.signInPassword }),
    onError: (error) => {
      log.error(error, 'sign-in failed');
    },
  });
  const authenticate = createAuthentication(settings.auth, signIn);
  const folders = {
    schema: pathToFileURL(join(projectFolder(), 'schema/')),
    resolvers: join(projectFolder(), 'dist/resolvers'),
  };
  const graphqlCors = cors({
    exposedHeaders: ['ETag', 'Location', 'Content-Location', 'x-amzn-RequestId'],
    methods: ['POST'],
    maxAge: 3600,
  });
  for (const version of fhirVersions) {
    const server = servers[version];
    app.all(`/${version}/graphql`, graphqlCors, createGraphqlHandler({ server, url, authenticate, folders, log }));
    app.use(`/${version}`, createRestApp({ server, authenticate, log }));
  }
  if (settings.auth === 'on') {
    app.use(signInPath, (request, response) => {
      signIn.handler(request, response);
    });
  }
  const page = renderStartPage({ baseUrl: url, auth: settings.auth, versions: fhirVersions });
  app.get('/', (_, response) => {
    response.set(pageHeaders()).send(page);
  });
  return app;
}

async function listen(server: Server, settings: Settings): Promise<number> {
  server.listen(settings.port, settings.host);
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : settings.port;
}

/**
 * Starts the embedded server: REST, GraphQL, sign-in and the start page of both FHIR versions in one process.
 * @param settings where to listen and where the data is.
 * @param log gets unknown errors; never a resource or a query string.
 * @returns the server, listening.
 * @throws StoreError, SettingsError, or the listening socket's error (`EADDRINUSE`, …); nothing is left open.
 */
export async function startServer(settings: Settings, log: Logger): Promise<RunningServer> {
  const stores = await openServers(settings.dataFolder);
  // Longer than the idle time of proxies and clients in front, so that none of them reuses a connection just closed here.
  // Page links of a search by POST hold its whole query, sealed: more than Node's 16 KiB.
  const server = createServer({ keepAliveTimeout: 65_000, maxHeaderSize: 128 * 1024 });
  server.on('clientError', refuseUnreadable);
  try {
    const port = await listen(server, settings);
    const url = settings.publicUrl.replace(/:0$/, `:${String(port)}`);
    server.on('request', createApp(settings, url, stores, log));
    const close = async (): Promise<void> => {
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      const timer = setTimeout(() => {
        server.closeAllConnections();
      }, patience);
      await closed;
      clearTimeout(timer);
      await stores.close();
    };
    return { url, close };
  } catch (error) {
    server.close();
    await stores.close();
    throw error;
  }
}
