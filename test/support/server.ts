import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import type { Principal } from '../../auth/principal.js';
import type { Claims } from '../../auth/principal-from-claims.js';
import { ofTenants } from '../../compose/of-tenants.js';
import type { Tenancy } from '../../interactions/tenancy.js';
import { mountPaths } from '../../rest/tenant.js';
import { type OutcomeIssue, unauthenticated } from '../../fhir/outcome.js';
import { fhirVersions, type FhirVersion } from '../../fhir/version.js';
import type { Caller, FhirServer } from '../../interactions/server.js';
import { type EmbeddedServer, openServers, type EmbeddedServers } from '../../local/compose.js';
import { createRestApp } from '../../rest/app.js';
import type { DefinitionOptions } from '../../compose/serve.js';
import type { ErrorLog } from '../../rest/errors.js';
import { withSecurityHeaders } from '../../rest/security-headers.js';

/** What a write that names a stale version is answered with. */
export const staleStatus: Readonly<Record<FhirVersion, number>> = { r4: 412, stu3: 409 };

/** The code of an issue in a version: STU3 lacks two of R4's. */
export const issueCode = (version: FhirVersion, code: string): string =>
  (version === 'stu3' ? { deleted: 'not-found', 'multiple-matches': 'processing' }[code] : undefined) ?? code;

/** Whether the suites run on DynamoDB Local and OpenSearch, which take their time. */
export const isOnDynamoDb = process.env['TEST_ENGINES'] === 'aws';

/** Whether large bodies and the files of jobs are in an S3 there: then files have signed URLs. */
export const isOnS3 = isOnDynamoDb && process.env['S3_ENDPOINT'] !== undefined;

/** The principals of the tests, by the token that stands for them. */
export const principals: Readonly<Record<string, Principal>> = {
  practitioner: principal('practitioner'),
  'non-practitioner': principal('non-practitioner'),
  auditor: principal('auditor'),
  operator: principal('operator'),
  nobody: { ...principal('nobody'), groups: [] },
  'patient-1': { ...principal('patient'), fhirUser: 'Patient/p1' },
  'patient-2': { ...principal('patient'), fhirUser: 'Patient/p2' },
};

function principal(group: string): Principal {
  return {
    subject: `sub-${group}`,
    username: group,
    groups: [group],
    scopes: ['openid', 'profile'],
    clientId: 'test',
  };
}

/** A caller for tests that call interactions without HTTP. */
export const callerOf = (name: string): Caller => {
  const found = principals[name];
  if (found === undefined) throw new Error(`no principal ${name}`);
  return { principal: found, baseUrl: 'http://localhost/r4' };
};

type Some<Item> = [Item, ...Item[]];

/** The members of answers that tests look at; which of them are there depends on what was asked. */
export interface AnswerJson {
  readonly resourceType: string;
  readonly id: string;
  readonly meta: { readonly versionId: string; readonly lastUpdated: string };
  readonly type: string;
  readonly total: number;
  readonly acceptUnknown?: string;
  readonly name: Some<{ readonly family: string }>;
  readonly subject: { readonly reference: string };
  readonly issue: Some<OutcomeIssue>;
  readonly link: Some<{ readonly relation: string; readonly url: string }>;
  readonly entry: {
    readonly fullUrl?: string;
    readonly resource?: AnswerJson;
    readonly search?: { readonly mode: string };
    readonly request?: { readonly method: string; readonly url: string };
    readonly response?: {
      readonly status: string;
      readonly location?: string;
      readonly etag?: string;
      readonly lastModified?: string;
      readonly outcome?: AnswerJson;
    };
  }[];
}

/** The entries of a bundle; FHIR has no empty arrays, so a bundle without any has no such member. */
export const entriesOf = ({ entry }: { readonly entry?: AnswerJson['entry'] }): AnswerJson['entry'] => entry ?? [];

/** What came back over HTTP; `json` is the parsed body. */
export interface TestResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  readonly json: AnswerJson;
}

/** A request of a test. `body` goes as JSON unless it is text or bytes already. */
export interface TestRequest {
  readonly as?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** The embedded server in this process, on a free port, in a folder of its own. */
export interface TestServer {
  readonly servers: EmbeddedServers['servers'];
  readonly port: number;
  base(version: FhirVersion): string;
  /** Unexpected errors the REST faces logged. */
  readonly logged: { readonly fields: Readonly<Record<string, unknown>>; readonly message: string }[];
  /** `target` is the path from the root, such as `/r4/Patient/1`, or a URL a link gave. */
  send(method: string, target: string, request?: TestRequest): Promise<TestResponse>;
  close(): Promise<void>;
}

/** What a test's server is told. */
export interface TestServerOptions extends Pick<
  DefinitionOptions,
  | 'validation'
  | 'conditionalDelete'
  | 'guides'
  | 'authorization'
  | 'graphqlLimits'
  | 'subscriptions'
  | 'notifying'
  | 'onNotifying'
  | 'jobs'
> {
  /**
   * How tenants share the server: the token `practitioner@a` is a practitioner's of the tenant `a`, `practitioner@a+b` of two.
   */
  readonly tenancy?: Tenancy;
  /** More principals, by the token that stands for them. */
  readonly principals?: Readonly<Record<string, Principal>>;
  /** Bytes that the disk of the embedded server has left. */
  readonly freeSpace?: () => number;
  /** Where its data is, kept at the end: for a start after another. A new one, which is removed, without it. */
  readonly folder?: string;
  /** In bytes. */
  readonly bodyLimit?: number;
  /** What the REST faces get instead of the embedded server. */
  readonly wrap?: (server: EmbeddedServer) => FhirServer;
  /** What the REST faces get instead of what the embedded server has for a tenant. */
  readonly wrapTenant?: (server: FhirServer) => FhirServer;
}

/** The same suites run on DynamoDB and OpenSearch by `npm run test:engines`; only there are their clients loaded. */
async function onEngines(folder: string, log: ErrorLog, options: DefinitionOptions): Promise<EmbeddedServers> {
  const { openOnEngines } = await import('../engines/support/servers.js');
  return openOnEngines(folder, log, 'strong', options);
}

/** Starts a server for a test file. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const {
    wrap = (server: EmbeddedServer): FhirServer => server,
    wrapTenant = (server: FhirServer): FhirServer => server,
    tenancy,
    bodyLimit,
    principals: more = {},
    folder: kept,
    ...definitionOptions
  } = options;
  const folder = kept ?? mkdtempSync(join(tmpdir(), 'fhir-test-'));
  const logged: TestServer['logged'] = [];
  const log: ErrorLog = {
    error: (fields, message): void => void logged.push({ fields, message }),
  };
  const stores = isOnDynamoDb
    ? await onEngines(folder, log, definitionOptions)
    : await openServers(folder, definitionOptions);
  const { servers } = stores;
  const authenticate = (authorization: string | undefined): Promise<{ principal: Principal; claims: Claims }> => {
    const [name = '', tenants] = authorization?.replace(/^Bearer /, '').split('@') ?? [];
    const found = { ...principals, ...more }[name];
    return found === undefined
      ? Promise.reject(unauthenticated('Authorization is missing or names no principal of the tests'))
      : Promise.resolve({ principal: found, claims: { ...(tenants && { tenantId: tenants.split('+') }) } });
  };
  const app = express();
  app.use(withSecurityHeaders);
  for (const version of fhirVersions) {
    const ofTenant = ofTenants((tenant) => wrapTenant(servers[version].ofTenant(tenant)));
    app.use(
      mountPaths(version, tenancy),
      createRestApp({
        server: wrap(servers[version]),
        ...(tenancy === undefined ? {} : { tenancy: { ...tenancy, ofTenant } }),
        authenticate,
        log,
        ...(bodyLimit === undefined ? {} : { bodyLimit }),
      }),
    );
  }
  const http = createServer(app);
  http.keepAliveTimeout = 0; // a connection that rested for long is not closed while it is used again
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const address = http.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    servers,
    port,
    logged,
    base: (version) => `http://127.0.0.1:${String(port)}/${version}`,
    send: (method, target, request) => send(port, method, target, request),
    async close() {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
      await stores.close();
      if (kept === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function send(port: number, method: string, target: string, request: TestRequest = {}): Promise<TestResponse> {
  const { as = 'practitioner', body } = request;
  const path = target.startsWith('http') ? target.replace(/^https?:\/\/[^/]+/, '') : target;
  const isRaw = typeof body === 'string' || Buffer.isBuffer(body) || body === undefined;
  const payload = isRaw ? body : JSON.stringify(body);
  const headers: Record<string, string> = {
    ...(as === null ? {} : { authorization: `Bearer ${as}` }),
    ...(isRaw ? {} : { 'content-type': 'application/fhir+json' }),
    ...(payload === undefined ? {} : { 'content-length': String(Buffer.byteLength(payload)) }),
    ...request.headers,
  };
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host: '127.0.0.1', port, method, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        const text = bytes.toString('utf8');
        const isJson = /[/+]json/.test(response.headers['content-type'] ?? '');
        const isPlain = response.headers['content-encoding'] === undefined;
        const json: unknown = isJson && isPlain && text !== '' ? JSON.parse(text) : undefined;
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes, text, json: json as AnswerJson });
      });
    });
    sent.on('error', reject);
    sent.end(payload);
  });
}
