import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { FhirVersion } from '../../fhir/version.js';
import { projectFolder } from '../../local/project-folder.js';
import { bucket, clientId, type Engines, userPool } from './engines.js';

/** A request of the practitioner. */
export interface AskedFor {
  readonly method?: string;
  /** From the version on: `/r4/Patient/1`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
}

/** What an event was answered; after it the processor's time since the process began to import, in milliseconds, and resident memory in MiB. */
export interface FunctionAnswer {
  readonly status: number;
  readonly body: string;
  readonly milliseconds: number;
  readonly processor: number;
  readonly memory: number;
}

/** What a process took: Node until it runs a line, the bundle until it is imported, then each event; milliseconds. */
export interface FunctionRun {
  readonly node: number;
  readonly init: number;
  readonly answers: readonly FunctionAnswer[];
}

/** The bundle of a function in a folder of its own, where no other module is found, as Lambda has it. */
export interface BundledFunction {
  /** Starts a process, which answers the requests one after the other, and ends. */
  run(asked: readonly AskedFor[]): Promise<FunctionRun>;
  remove(): void;
}

/** The REST function as `npm run build:lambda` has made it. */
export function restFunction(version: FhirVersion, engines: Engines): BundledFunction {
  const folder = mkdtempSync(join(tmpdir(), 'fhir-rest-'));
  cpSync(join(projectFolder(), 'dist/lambda/rest'), folder, { recursive: true });
  const program = join(projectFolder(), 'bench/cold-start/function-process.mjs');
  const environment = {
    FHIR_VERSION: version,
    TABLE_NAME: 'fhir',
    INDEX_ALIAS: 'fhir',
    DYNAMODB_ENDPOINT: engines.url,
    OPENSEARCH_ENDPOINT: engines.url,
    BODIES_BUCKET: bucket,
    S3_ENDPOINT: engines.url,
    COGNITO_ENDPOINT: engines.url,
    USER_POOL_ID: userPool,
    CLIENT_IDS: clientId,
    AWS_REGION: 'eu-west-1',
    NODE_NO_WARNINGS: '1', // the SDK's, on Node 20
  };
  return {
    async run(asked) {
      const child = spawn(process.execPath, [program, join(folder, 'index.mjs')], {
        env: environment,
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      child.stdin.end(JSON.stringify(asked.map((request) => eventOf(request, engines.token))));
      const [printed, told] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
      if (told !== '' || printed === '') throw new Error(`The function failed: ${told}${printed.slice(0, 500)}`);
      return JSON.parse(printed) as FunctionRun;
    },
    remove() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** An event as API Gateway makes it. */
function eventOf({ method = 'GET', path, query = {}, body }: AskedFor, token: string): object {
  const headers = {
    Host: 'abc.execute-api.eu-west-1.amazonaws.com',
    Authorization: `Bearer ${token}`,
    ...(body === undefined ? {} : { 'Content-Type': 'application/fhir+json' }),
  };
  const listed = (values: object): object =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value]]));
  return {
    httpMethod: method,
    path,
    headers,
    multiValueHeaders: listed(headers),
    queryStringParameters: query,
    multiValueQueryStringParameters: listed(query),
    body: body === undefined ? null : JSON.stringify(body),
    isBase64Encoded: false,
    requestContext: {
      stage: 'v1',
      path: `/v1${path}`,
      domainName: 'abc.execute-api.eu-west-1.amazonaws.com',
      identity: { sourceIp: '192.0.2.1' },
    },
  };
}
