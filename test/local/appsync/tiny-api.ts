import {
  type AppSyncAnswer,
  type AppSyncOptions,
  type AppSyncRuntime,
  createAppSyncApi,
} from '../../../local/appsync/create-api.js';
import type { DataSource } from '../../../local/appsync/data-source.js';
import { noneDataSource } from '../../../local/appsync/data-sources/none.js';
import { createSandbox, type HandlerRun, type SandboxOptions } from '../../../local/appsync/sandbox.js';
import type { ApiFunction, ApiResolver } from '../../../schema/api.js';

/** An identity as AppSync has it for user pools. */
export const userPoolIdentity = {
  sub: 'sub-1',
  issuer: 'https://issuer.example',
  username: 'ann',
  groups: ['practitioner'],
  claims: { sub: 'sub-1', 'cognito:groups': ['practitioner'] },
  sourceIp: ['127.0.0.1'],
  defaultAuthStrategy: 'ALLOW',
};

const imports = "import { util, runtime } from '@aws-appsync/utils';\n";

/** The code of a bundle by the bodies of its two handlers. */
export const handlers = (request: string, response = 'return ctx.result;'): string =>
  `${imports}export function request(ctx) { ${request} }\nexport function response(ctx) { ${response} }\n`;

/** A bundle whose request handler gives the expression to the data source NONE. */
export const giving = (expression: string): string => handlers(`return { payload: ${expression} };`);

/** A resolver of `Query.<field>` over NONE unless it says otherwise, its bundle of the same name. */
export const unit = (
  place: string,
  more: { dataSource?: string; code?: string; maxBatchSize?: number } = {},
): ApiResolver => {
  const [typeName = '', fieldName = ''] = place.split('.');
  return { kind: 'UNIT', typeName, fieldName, dataSource: 'none', code: place, ...more };
};

/** What a tiny API is made of. */
export interface TinyApi {
  readonly schema: string;
  readonly resolvers: readonly ApiResolver[];
  readonly functions?: readonly ApiFunction[];
  /** The bundles by name. */
  readonly code: Readonly<Record<string, string>>;
  readonly dataSources?: Readonly<Record<string, DataSource>>;
  readonly options?: Partial<AppSyncOptions>;
}

/** What the API tells of failing code. */
export type Failure = { readonly step: string; readonly message: string; readonly stack?: string };

/** An error as AppSync writes it. */
export interface TinyError {
  readonly path?: readonly (string | number)[] | null;
  readonly data?: unknown;
  readonly errorType?: string | null;
  readonly errorInfo?: unknown;
  readonly message: string;
}

/** What a request of a test may have beside its query. */
export interface TinyRequest {
  readonly variables?: Record<string, unknown>;
  readonly operationName?: string;
  readonly identity?: unknown;
}

/** A running API, how to ask it, and what it told of failing code. */
export interface RunningTinyApi {
  readonly failures: Failure[];
  readonly runtime: AppSyncRuntime;
  readonly ask: (
    query: string,
    more?: TinyRequest,
  ) => Promise<{ data: unknown; errors: readonly TinyError[] | undefined; answer: AppSyncAnswer }>;
}

/** An AppSync API for a test; the data source `none` is there. */
export function tinyApi({ schema, resolvers, functions = [], code, dataSources, options }: TinyApi): RunningTinyApi {
  const failures: Failure[] = [];
  const runtime = createAppSyncApi({
    api: { schema, dataSources: [], functions, resolvers },
    code: (name) => {
      const text = code[name];
      if (text === undefined) throw new Error(`there is no bundle ${name}`);
      return text;
    },
    dataSources: { none: noneDataSource, ...dataSources },
    onFailure: (failure) => void failures.push(failure),
    ...options,
  });
  return {
    failures,
    runtime,
    async ask(query, { variables, operationName, identity = userPoolIdentity } = {}) {
      const answer = await runtime.execute({
        query,
        ...(variables === undefined ? {} : { variables }),
        ...(operationName === undefined ? {} : { operationName }),
        identity,
        headers: { 'x-tried': 'yes' },
      });
      return { data: answer.data, errors: answer.errors as readonly TinyError[] | undefined, answer };
    },
  };
}

/** Runs a request handler's body in a sandbox of its own, with parts of ctx given as JSON text. */
export function runRequest(
  body: string,
  parts: Readonly<Record<string, string>> = {},
  options: SandboxOptions & { readonly top?: string; readonly identity?: unknown } = {},
): HandlerRun {
  const { top = '', identity = userPoolIdentity, ...limits } = options;
  const sandbox = createSandbox('tried', `${handlers(body)}${top}`, limits);
  return sandbox.run(
    'request',
    {
      fieldName: 'field',
      parentTypeName: 'Query',
      failed: 'error' in parts,
      text: (part) => (part === 'stash' ? (parts['stash'] ?? '{}') : parts[part]),
    },
    { identity },
  );
}

/** The plain value a request handler's body returns; fails when it ended otherwise. */
export function valueOf(body: string, parts: Readonly<Record<string, string>> = {}, identity?: unknown): unknown {
  const { ending } = runRequest(body, parts, { identity });
  if (ending.kind !== 'value') throw new Error(JSON.stringify(ending));
  return ending.value === undefined ? undefined : (JSON.parse(ending.value) as unknown);
}
