import { LimitError } from './budget.js';
import { maxEvaluated } from './limits.js';
import { DataSourceError, RequestError } from './data-source.js';
import type { DataSource } from './data-source.js';
import { jsonOfText, jsonOfValue, type PassedJson } from './passed-json.js';
import type { Effect } from './util/effects.js';
import type { ContextPart, FieldError, HandlerRun, Sandbox } from './sandbox.js';

/** One step with a data source: a unit resolver, or a function of a pipeline. */
export interface ResolverStep {
  /** Names it among the steps of the API, for batching and messages. */
  readonly name: string;
  /** Its bundle, compiled at first use. */
  readonly sandbox: () => Sandbox;
  readonly dataSource: DataSource;
  readonly maxBatchSize: number;
}

/** A resolver ready to run. */
export type RunnableResolver =
  | { readonly kind: 'UNIT'; readonly step: ResolverStep }
  | { readonly kind: 'PIPELINE'; readonly sandbox: () => Sandbox; readonly steps: readonly ResolverStep[] };

/** What is the same for all handlers of one resolver's run. */
export interface ResolverCall {
  readonly fieldName: string;
  readonly parentTypeName: string;
  readonly identity: unknown;
  /** The object that stands for the GraphQL request. */
  readonly execution: object;
  /** What the request has for Lambda functions in this process. */
  readonly lambdaContext: unknown;
  /** The pieces of ctx that do not change during the run, as JSON text. */
  text(part: ContextPart): string | undefined;
  /** Takes what util.appendError was given. */
  append(error: FieldError): void;
  /** Takes what the code asks of the request as a whole, such as a response header. */
  effect(effect: Effect): void;
  /** Told how many characters of JSON the resolver gave, before they are read; may throw. */
  took(characters: number): void;
  /** Told of failing code, with its stack. */
  failed(step: string, message: string, stack?: string): void;
}

/** The failure of a field, as AppSync reports it. */
export class ResolverError extends Error {
  override readonly name = 'ResolverError';
  readonly field: FieldError;
  constructor(field: FieldError) {
    super(field.message);
    this.field = field;
  }
}

const resolverError = (errorType: string | null, message: string): ResolverError =>
  new ResolverError({ message, errorType, data: null, errorInfo: null });

/** What a handler gave, and where it wants to go on. */
interface Given {
  readonly value: PassedJson;
  readonly early: false | 'NEXT' | 'END';
}

/** One run of a resolver: its stash and what the step before gave. */
interface Run {
  readonly call: ResolverCall;
  stash: string;
  prev: PassedJson;
}

/**
 * Runs a resolver: a unit's request handler, data source and response handler; or a pipeline's request handler, its
 * functions one after another, and its response handler.
 * @returns the field's value, plain data.
 * @throws ResolverError
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/resolver-reference-overview-js.html
 */
export async function runResolver(resolver: RunnableResolver, call: ResolverCall): Promise<unknown> {
  const run: Run = { call, stash: '{}', prev: nothing };
  if (resolver.kind === 'UNIT') return valueOf(await runStep(resolver.step, run), call);
  const sandbox = open(resolver.sandbox, call);
  const before = runHandler(sandbox, 'request', run, {});
  run.prev = before.value;
  if (before.early === false) {
    for (const step of resolver.steps) {
      const given = await runStep(step, run);
      run.prev = given.value;
      if (given.early === 'END') break;
    }
  }
  return valueOf(runHandler(sandbox, 'response', run, { result: { whole: run.prev } }), call);
}

function valueOf({ value }: Given, call: ResolverCall): unknown {
  call.took(value.length());
  return value.read();
}

async function runStep(step: ResolverStep, run: Run): Promise<Given> {
  const sandbox = open(step.sandbox, run.call);
  const request = runHandler(sandbox, 'request', run, {});
  if (request.early !== false) return request;
  return runHandler(sandbox, 'response', run, await invoke(step, run.call, request.value.read()));
}

/** JSON as a whole or, of an object, its members: most of them go on unread. */
type Told = { readonly whole: PassedJson } | { readonly members: ReadonlyMap<string, PassedJson> };

const nothing = jsonOfText('null');

/** What came of a data source. */
interface Outcome {
  readonly result?: Told;
  readonly error?: string;
}

/** The outcome of the data source as the response handler's `ctx.result` and `ctx.error`. */
async function invoke(step: ResolverStep, call: ResolverCall, request: unknown): Promise<Outcome> {
  try {
    const { execution, lambdaContext } = call;
    const result = await step.dataSource.invoke({
      request,
      execution,
      lambdaContext,
      step: step.name,
      maxBatchSize: step.maxBatchSize,
      goOn: () => {
        call.took(0);
      },
    });
    return { result: told(result, step.dataSource.givesJson === true) };
  } catch (error) {
    if (error instanceof LimitError) throw error;
    if (error instanceof RequestError) throw resolverError('MappingTemplate', error.message);
    if (!(error instanceof DataSourceError)) {
      const { message, stack } = error instanceof Error ? error : new Error(String(error));
      call.failed(step.name, message, stack);
      throw resolverError('InternalFailure', 'An internal failure occurred.');
    }
    return { result: told(error.result, false), error: jsonText({ message: error.message, type: error.type }) };
  }
}

/** @param isJson whether the value is JSON that nobody changes: it goes on as it is. */
function told(value: unknown, isJson: boolean): Told {
  const isPlain = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  if (!isPlain || 'toJSON' in value) return { whole: jsonOfText(jsonText(value)) };
  const members = new Map<string, PassedJson>();
  for (const [name, member] of Object.entries(value) as [string, unknown][]) {
    if (isJson) {
      if (member !== undefined) members.set(name, jsonOfValue(member));
      continue;
    }
    const text = JSON.stringify(member) as string | undefined;
    if (text !== undefined) members.set(name, jsonOfText(text));
  }
  return { members };
}

const textOf = (json: Told): string =>
  'whole' in json
    ? json.whole.text()
    : `{${Array.from(json.members, ([name, member]) => `${JSON.stringify(name)}:${member.text()}`).join()}}`;

const jsonText = (value: unknown): string => (value === undefined ? 'null' : JSON.stringify(value));

function open(sandbox: () => Sandbox, call: ResolverCall): Sandbox {
  try {
    return sandbox();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    call.failed('load', message);
    throw resolverError('Code', 'Code contains errors');
  }
}

function runHandler(sandbox: Sandbox, handler: 'request' | 'response', run: Run, own: Outcome): Given {
  const { call } = run;
  const text = (part: ContextPart): string | undefined => {
    if (part === 'stash') return run.stash;
    if (part === 'prev') return isNothing(run.prev) ? 'null' : `{"result":${run.prev.text()}}`;
    if (part === 'result') return own.result && textOf(own.result);
    return part === 'error' ? own.error : call.text(part);
  };
  const members = (part: ContextPart): ReadonlyMap<string, PassedJson> | undefined => {
    if (part === 'prev') return isNothing(run.prev) ? undefined : new Map([['result', run.prev]]);
    return part === 'result' && own.result !== undefined && 'members' in own.result ? own.result.members : undefined;
  };
  const { fieldName, parentTypeName } = call;
  const parts = { fieldName, parentTypeName, failed: own.error !== undefined, text, members };
  const ran = sandbox.run(handler, parts, {
    identity: call.identity,
    effect: (effect) => {
      call.effect(effect);
    },
  });
  run.stash = ran.stash ?? run.stash;
  ran.appended.forEach((error) => {
    call.append(error);
  });
  return givenBy(ran, call);
}

const isNothing = (json: PassedJson): boolean => json === nothing || (json.kind === 'value' && json.text() === 'null');

/** @throws ResolverError for more than AppSync takes. */
function handed({ value, passed }: { readonly value: string | undefined; readonly passed?: PassedJson }): PassedJson {
  const json = passed ?? (value === undefined ? nothing : jsonOfText(value));
  if (json.length() > maxEvaluated) throw resolverError('MappingTemplate', 'Transformation too large.');
  return json;
}

function givenBy({ ending }: HandlerRun, call: ResolverCall): Given {
  switch (ending.kind) {
    case 'value':
      return { value: handed(ending), early: false };
    case 'earlyReturn':
      return { value: handed(ending), early: ending.skipTo };
    case 'error':
      throw new ResolverError(ending.error);
    case 'unauthorized':
      throw resolverError('Unauthorized', `Not Authorized to access ${call.fieldName} on type ${call.parentTypeName}`);
    case 'failure':
      call.failed('run', ending.message, ending.stack);
      throw resolverError('Code', 'Runtime Error');
  }
}
