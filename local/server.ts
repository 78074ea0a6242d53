import cors from 'cors';
import express, { type Request, type RequestHandler } from 'express';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Logger } from 'pino';
import { within } from '../fhir/deadline.js';
import { notFound, outcome } from '../fhir/outcome.js';
import { fhirVersions } from '../fhir/version.js';
import { fhirJson } from '../rest/answer.js';
import { ofTenants } from '../compose/of-tenants.js';
import { storedAuditLog } from '../interactions/audit.js';
import type { FhirServer } from '../interactions/server.js';
import { createRestApp } from '../rest/app.js';
import { logUnexpected } from '../rest/errors.js';
import { refusedByExpress } from '../rest/refused-by-express.js';
import { mountPaths } from '../rest/tenant.js';
import { withSecurityHeaders } from '../rest/security-headers.js';
import { refuseUnreadable } from '../rest/unreadable.js';
import { type RealtimeEndpoints, serveRealtime, WebSocketAwareRequest } from './appsync/realtime/upgrade.js';
import { aheadOfRouter } from './ahead-of-router.js';
import { createAuthentication } from './authentication.js';
import type { EmbeddedServers } from './compose.js';
import { serveConsole } from './console.js';
import { createGraphqlFace, type GraphqlFace } from './graphql.js';
import { isFromLoopback, loopbackOnly } from './loopback-only.js';
import { openStores } from './open-stores.js';
import { projectFolder } from './project-folder.js';
import { rateLimited } from './rate-limit.js';
import type { Settings } from './settings.js';
import { readPublicKeys } from './sign-in/public-keys.js';
import type { SmartSignIn } from './sign-in/smart.js';
import { createSignIn, signInPath } from './sign-in/sign-in.js';
import { renderStartPage } from './start-page.js';
import { withStrictTransport } from './strict-transport.js';

/** A server that answers. */
export interface RunningServer {
  /** The URL by which clients know it, no slash at the end. */
  readonly url: string;
  /** The port it listens on. */
  readonly port: number;
  /** Answers what is under way, then closes the store. */
  close(): Promise<void>;
}

/** How long requests under way may take to end when the server closes, in milliseconds. */
const patience = 5000;

/** What is served: requests, and the GraphQL faces, whose subscriptions come by WebSocket. */
interface App {
  readonly listener: RequestListener;
  readonly faces: readonly GraphqlFace[];
}

function createApp(settings: Settings, url: string, { servers }: EmbeddedServers, log: Logger): App {
  const app = express();
  app.disable('x-powered-by');
  app.enable('case sensitive routing'); // one base URL: links and references under /R4 would be foreign to /r4
  const before: RequestHandler[] = [withSecurityHeaders]; // pages say what else they may do
  if (url.startsWith('https:')) before.push(withStrictTransport);
  if (settings.auth === 'off') before.push(loopbackOnly);
  const { engines } = settings;
  if (engines.kind === 'aws') {
    before.push((request, _response, next) => {
      // What a client takes to send its body is not the server's time.
      within(engines.requestTimeout, next, (anew) => request.once('end', anew));
    });
  }
  app.use(before);
  const signIn = createSignIn({
    publicUrl: url,
    isUrlFixed: settings.isPublicUrlSet,
    dataFolder: settings.dataFolder,
    ...(settings.signInPassword === undefined ? {} : { password: settings.signInPassword }),
    ...(isSmart(settings) ? { smart: smartSignIn(settings) } : {}),
    ...(settings.tenancy === undefined ? {} : { tenantClaim: settings.tenancy.claim }),
    ...(settings.trustedProxies === undefined ? {} : { trustedProxies: settings.trustedProxies }),
    onError: (error) => {
      logUnexpected(error, log, 'sign-in failed');
    },
  });
  const authenticate = rateLimited(createAuthentication(settings.auth, signIn), settings.rateLimit);
  const onUnrecorded = (error: unknown): void => {
    log.error({ name: error instanceof Error ? error.name : typeof error }, 'a request is not in the audit trail');
  };
  const folders = {
    schema: pathToFileURL(join(projectFolder(), 'schema/')),
    resolvers: join(projectFolder(), 'dist/resolvers'),
  };
  const graphqlCors = cors({
    exposedHeaders: ['ETag', 'Location', 'Content-Location', 'X-Consistency', 'x-amzn-RequestId'],
    methods: ['POST'],
    maxAge: 3600,
  });
  const faces: GraphqlFace[] = [];
  const restFaces = new Map<string, RequestHandler>();
  for (const version of fhirVersions) {
    const asked = <Server extends FhirServer>(server: Server): Server => ({
      ...server,
      ...(signIn.smart === undefined ? {} : { smart: signIn.smart }),
      ...(settings.audit === 'on' ? { audit: storedAuditLog(server, onUnrecorded) } : {}),
    });
    const server = asked(servers[version]);
    const { authorization, tenancy: shared } = settings;
    const ofTenant = ofTenants((tenant) => asked(server.ofTenant(tenant)));
    const tenancy = shared === undefined ? {} : { tenancy: { ...shared, ofTenant } };
    const base = settings.isPublicUrlSet ? { baseUrl: (request: Request) => `${url}${request.baseUrl}` } : {};
    const face = createGraphqlFace({
      server,
      ...tenancy,
      authenticate,
      authorization,
      folders,
      log,
      ...(settings.appsync === undefined ? {} : { settings: settings.appsync }),
      ...(settings.isPublicUrlSet ? { baseUrl: `${url}/${version}` } : {}),
    });
    faces.push(face);
    app.all(`/${version}/graphql`, graphqlCors, face.handlers);
    const rest = createRestApp({ server, ...tenancy, authenticate, log, ...base });
    restFaces.set(`/${version}`, rest);
    app.use(mountPaths(version, shared), rest);
  }
  if (settings.auth === 'on') {
    app.use(signInPath, (request, response) => {
      response.set('Content-Security-Policy', signInPolicy);
      signIn.handler(request, response);
    });
  }
  const fallback = renderStartPage({ baseUrl: url, auth: settings.auth, versions: fhirVersions });
  app.use(serveConsole({ auth: settings.auth, fallback }));
  app.use((_, response) => {
    const { status, issues } = notFound(`Nothing is here; ${url}/ says what is where. This path`);
    response
      .status(status)
      .type(fhirJson)
      .send(JSON.stringify(outcome(issues)));
  });
  const refused = refusedByExpress(log);
  app.use(refused);
  const listener = aheadOfRouter(app, {
    faces: restFaces,
    before,
    isOther: (path) => path.startsWith('/graphql'),
    onError: async (error, request, response) => {
      await refused(error, request, response, () => undefined);
    },
  });
  return { listener, faces };
}

/** OpenID's answer by a form sends itself, by a script in its page. */
const signInPolicy = "base-uri 'none'; object-src 'none'; frame-ancestors 'none'";

const isSmart = ({ auth, authorization }: Settings): boolean => auth === 'on' && authorization !== 'roles';

const smartSignIn = ({ applicationSecret, applicationKeys }: Settings): SmartSignIn => ({
  ...(applicationSecret === undefined ? {} : { applicationSecret }),
  ...(applicationKeys === undefined ? {} : { applicationKeys: readPublicKeys(applicationKeys) }),
});

/** An HTTP server, or an HTTPS server with the certificate of the data folder. */
async function createListener(settings: Settings): Promise<Server> {
  // Longer than the idle time of proxies and clients in front, so that none of them reuses a connection just closed here.
  // Page links of a search by POST hold its whole query, sealed: more than Node's 16 KiB.
  const options: ServerOptions = {
    keepAliveTimeout: 65_000,
    maxHeaderSize: 128 * 1024,
    IncomingMessage: WebSocketAwareRequest,
  };
  if (settings.tls !== true) return createServer(options);
  const { readCertificate } = await import('./certificate.js');
  const hosts = [settings.host, new URL(settings.publicUrl).hostname.replace(/^\[|\]$/g, '')];
  const { key, cert } = await readCertificate(settings.dataFolder, hosts);
  return createTlsServer({ ...options, key, cert });
}

async function listen(server: Server, settings: Settings): Promise<number> {
  server.listen(settings.port, settings.host);
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : settings.port;
}

/**
 * Starts the embedded server: REST, GraphQL, sign-in and the console of both FHIR versions in one process.
 * @param settings where to listen and where the data is.
 * @param log gets unknown errors; never a resource or a query string.
 * @returns the server, listening.
 * @throws StoreError, SettingsError, or the listening socket's error (`EADDRINUSE`, …); nothing is left open.
 */
export async function startServer(settings: Settings, log: Logger): Promise<RunningServer> {
  const stores = await openStores(settings, log);
  let listener: Server | undefined;
  try {
    const server = await createListener(settings);
    listener = server;
    server.on('clientError', refuseUnreadable);
    const port = await listen(server, settings);
    const url = settings.publicUrl.replace(/:0$/, `:${String(port)}`);
    const { listener: answer, faces } = createApp(settings, url, stores, log);
    server.on('request', answer);
    const endpoints = serveRealtime(
      server,
      faces.map(({ realtime }) => realtime),
      (request) => (settings.auth === 'off' && !isFromLoopback(request) ? '403 Forbidden' : undefined),
    );
    return { url, port, close: () => closeAll(stores, faces, server, endpoints) };
  } catch (error) {
    listener?.close();
    await stores.close();
    throw error;
  }
}

async function closeAll(
  stores: EmbeddedServers,
  faces: readonly GraphqlFace[],
  server: Server,
  endpoints: RealtimeEndpoints,
): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  endpoints.close();
  const timer = setTimeout(() => {
    server.closeAllConnections();
  }, patience);
  await closed;
  clearTimeout(timer);
  await Promise.all(faces.map((face) => face.close()));
  await stores.close();
}
