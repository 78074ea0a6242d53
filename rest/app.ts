import { randomUUID } from 'node:crypto';
import cors from 'cors';
import type { Request, RequestHandler, Response } from 'express';
import type { Principal } from '../auth/principal.js';
import type { Claims } from '../auth/principal-from-claims.js';
import { audited } from '../interactions/audit.js';
import type { FhirServer } from '../interactions/server.js';
import type { TenantServers } from '../interactions/tenancy.js';
import type { RestAnswer } from './answer.js';
import { auditSubject, auditOutcome } from './audit-subject.js';
import { authorizationOf } from './authorization-header.js';
import { baseUrlOf } from './base-url.js';
import { negotiateBinary, isBinaryRead } from './binary.js';
import { createBytesReader, textOf } from './body.js';
import { isOfContent, serveContent, servedContents } from './content.js';
import { respondConsistently } from './consistency.js';
import { errorAnswer, type ErrorLog } from './errors.js';
import { graphqlErrorAnswer, isGraphql } from './graphql.js';
import { negotiateAnswer } from './negotiate.js';
import { prettyJson } from './pretty.js';
import { isOfJobs } from './jobs.js';
import type { RestContext } from './request.js';
import { capabilitiesAnswer, smartConfigurationAnswer } from './respond.js';
import { type NoRoute, type Route, routeOf } from './routes.js';
import { send } from './send.js';
import { admit, tenantInPath } from './tenant.js';

/** What a REST face is made of. */
export interface RestOptions {
  readonly server: FhirServer;
  /** Where tenants share the deployment: whose the resources are. `server` tells what the server is then, and no more. */
  readonly tenancy?: TenantServers;
  /** Verifies the Authorization header; throws 401. */
  readonly authenticate: (
    authorization: string | undefined,
  ) => Promise<{ readonly principal: Principal; readonly claims?: Claims }>;
  readonly log: ErrorLog;
  /** The base URL in every link, no slash at the end, or what tells it; what the request and its proxy say without it. */
  readonly baseUrl?: string | ((request: Request) => string);
  /** The most bytes of a request's body, decompressed; 50 MiB unless given. */
  readonly bodyLimit?: number;
}

/** What tells clients how far a job is. */
const ofJobs = ['Expires', 'Retry-After', 'X-Progress'];
const mebibyte = 2 ** 20;

/**
 * The REST face of one FHIR version, to be mounted at its base path, behind what sets the headers of all answers
 * (`app.use(withSecurityHeaders); app.use('/r4', createRestApp(…))`).
 * https://hl7.org/fhir/R4/http.html
 * @returns an Express handler that answers everything below its path.
 */
export function createRestApp(options: RestOptions): RequestHandler {
  const { log, bodyLimit = 50 * mebibyte } = options;
  const server = toldOf(options);
  const readBytes = createBytesReader(bodyLimit);
  const context: RestContext = {
    server,
    log,
    readBytes,
    readBody: async (http, response) => textOf(await readBytes(http, response)),
  };
  const served = servedContents(server);
  const allowOrigins = cors({
    exposedHeaders: [
      'ETag',
      'Location',
      'Content-Location',
      'Last-Modified',
      'X-Consistency',
      'X-Security-Context',
      'Content-Range',
      'X-Request-Id',
      ...ofJobs,
    ].join(),
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    maxAge: 3600,
  });
  const answer = async (http: Request, response: Response): Promise<void> => {
    response.removeHeader('X-Powered-By');
    response.setHeader('X-Request-Id', requestIdOf(http));
    if (served !== undefined && isOfContent(http.url)) {
      await serveContent(served, log, http, response);
      return;
    }
    const answered = await answerOf(context, options, http, response);
    await send(response, answered, { method: http.method, acceptEncoding: http.get('accept-encoding') });
  };
  return (http, response, next) => {
    const act = (): void => void answer(http, response).catch(next);
    // Others than browsers' pages do not say where they come from, and need not be told what these may read.
    if (http.headers.origin === undefined && http.method !== 'OPTIONS') act();
    else allowOrigins(http, response, act);
  };
}

/** What the server tells of itself: where tenants share it, nobody who asks may make the index anew, which is everybody's. */
function toldOf({ server, tenancy }: Pick<RestOptions, 'server' | 'tenancy'>): FhirServer {
  const { nextIndex, ...told } = server;
  return tenancy === undefined || nextIndex === undefined ? server : told;
}

/** The id that the client gave its request, or a new one. https://hl7.org/fhir/R4/http.html#custom */
function requestIdOf(http: Request): string {
  const given = http.get('x-request-id') ?? '';
  return /^[\w.:/+=@-]{1,128}$/.test(given) ? given : randomUUID();
}

async function answerOf(
  base: RestContext,
  { authenticate, tenancy, baseUrl: fixed }: RestOptions,
  http: Request,
  response: Response,
): Promise<RestAnswer> {
  const { log } = base;
  const headers: Record<string, string> = {};
  let { server } = base;
  let route: Route | NoRoute | undefined;
  try {
    const baseUrl = typeof fixed === 'function' ? fixed(http) : (fixed ?? baseUrlOf(http, http.baseUrl));
    const named = tenancy === undefined ? undefined : tenantInPath(tenancy, http);
    const { path, query } = splitTarget(http.url);
    const parameters = new URLSearchParams(query);
    route = routeOf(server.definitions, http.method, path);
    if (route.kind === 'capabilities') {
      const format = negotiateAnswer(server.definitions.version, http.get('accept'), parameters);
      const answer = await capabilitiesAnswer(server, baseUrl, parameters, http.get('if-none-match'));
      return inFormat(answer, format.pretty);
    }
    if (route.kind === 'smart-configuration') return smartConfigurationAnswer(server);
    const { principal, claims } = await authenticate(authorizationOf(http));
    if (tenancy !== undefined) {
      server = await admit(tenancy, { claims: claims ?? {}, named, principal, baseUrl, route });
    }
    if (route.kind === 'none') {
      if (route.allow !== undefined) headers['Allow'] = route.allow;
      throw route.error;
    }
    // GraphQL and jobs have media types of their own, and so has each Binary; the form of a search by POST may say what
    // it wants.
    if (isBinaryRead(route)) negotiateBinary(server.definitions.version, http.get('accept'), parameters);
    const format =
      isGraphql(route) || isOfJobs(route) || isBinaryRead(route) || route.kind === 'search-by-post'
        ? { pretty: parameters.get('_pretty') === 'true' }
        : negotiateAnswer(server.definitions.version, http.get('accept'), parameters);
    const request = { http, response, baseUrl, route, query, parameters, principal };
    const respond = (): Promise<RestAnswer> => respondConsistently({ ...base, server }, request);
    const subject = auditSubject(route);
    const answer =
      subject === undefined
        ? await respond()
        : await audited(server, { principal, baseUrl }, subject, respond, auditOutcome);
    const formatted = inFormat(answer, format.pretty);
    return isGraphql(route) ? afterBody(http, formatted) : formatted;
  } catch (error) {
    const isOfGraphql = route !== undefined && isGraphql(route);
    const { version } = server.definitions;
    return afterBody(
      http,
      isOfGraphql ? graphqlErrorAnswer(error, log, version) : errorAnswer(error, log, headers, version),
    );
  }
}

/** The rest of a body that was not read would be taken for the next request. */
const afterBody = (http: Request, answer: RestAnswer): RestAnswer =>
  http.complete ? answer : { ...answer, headers: { ...answer.headers, Connection: 'close' } };

/** The path and the query of a request's target, which proxies may send with scheme and host (RFC 9112, 3.2.2). */
function splitTarget(url: string): { path: string; query: string } {
  const target = url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?#]*/i, '');
  const mark = target.indexOf('?');
  return mark < 0 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark + 1) };
}

const inFormat = (answer: RestAnswer, pretty: boolean): RestAnswer =>
  pretty && answer.body !== undefined ? { ...answer, body: prettyJson(answer.body) } : answer;
