import {
  type DocumentNode,
  execute,
  executeSync,
  GraphQLError,
  type GraphQLFieldResolver,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type OperationDefinitionNode,
  OperationTypeNode,
} from 'graphql';
import { stringifyJson } from '../../fhir/json.js';
import { isIntrospection } from '../../graphql/introspection-limit.js';
import { writeIntrospection } from '../../graphql/write-introspection.js';
import type { ApiResolver, AppSyncApi } from '../../schema/api.js';
import { guardFields } from './authorization/guard-fields.js';
import type { AppSyncCaller, AuthModes } from './authorization/modes.js';
import { createBudget, type Budget } from './budget.js';
import { buildSchema } from './build-schema.js';
import type { DataSource } from './data-source.js';
import { type ErrorJson, fieldErrorJson, limitErrorJson, requestErrorJson } from './error-json.js';
import { greatestBatch, maxFunctions, type OperationLimits, standardLimits } from './limits.js';
import { operationPreparer } from './prepare-operation.js';
import { startedSubscription } from './realtime/started-subscription.js';
import { createSubscriptions } from './realtime/subscriptions.js';
import { ResolverError, type ResolverStep, type RunnableResolver, runResolver } from './run-resolver.js';
import { createSandbox, type FieldError, type Sandbox, type SandboxOptions } from './sandbox.js';
import { selectedData, selectionSetGraphQL, selectionSetListText, type QueryParts } from './selection-set.js';
import type { Effect } from './util/effects.js';
import type { SubscriptionFilter } from './util/subscription-filter.js';
import { inputVariables } from './variables.js';

/** What an API is made of. */
export interface AppSyncOptions {
  readonly api: AppSyncApi;
  /** The text of a bundle by its name; read once, at first use. */
  readonly code: (name: string) => string;
  /** An implementation for each data source the API names. */
  readonly dataSources: Readonly<Record<string, DataSource>>;
  readonly limits?: Partial<OperationLimits>;
  /** The API's environment variables: `ctx.env`. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The API's authorization modes, by which the schema's directives are read; without them every caller may ask all. */
  readonly authorization?: AuthModes;
  /** Whether the schema is checked when it is read; left out for one that was checked when it was made. */
  readonly checksSchema?: boolean;
  /** Whether the schema may be asked for; it may without it. */
  readonly introspection?: boolean;
  readonly sandbox?: SandboxOptions;
  /** Told of failing resolver code, with its stack; callers see it masked. */
  readonly onFailure?: (failure: { readonly step: string; readonly message: string; readonly stack?: string }) => void;
}

/** A GraphQL request, authenticated. */
export interface AppSyncRequest extends AppSyncCaller {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly operationName?: string;
  readonly headers: Readonly<Record<string, unknown>>;
  /** What Lambda functions in this process are given beside the event. */
  readonly lambdaContext?: unknown;
  /** Takes what resolver code asks of the request as a whole: response headers, subscription filters. */
  readonly onEffect?: (effect: Effect) => void;
}

/** What AppSync answers. */
export interface AppSyncAnswer {
  readonly data?: unknown;
  readonly errors?: readonly object[];
  /** The whole answer as JSON, where it was made as text. */
  readonly text?: string;
}

/** What came of opening a subscription: how to end it, or why it is not open. */
export type SubscribeAnswer = { readonly end: () => void } | { readonly errors: readonly object[] };

/** An AppSync API that runs in this process. */
export interface AppSyncRuntime {
  execute(request: AppSyncRequest): Promise<AppSyncAnswer>;
  /**
   * Opens a subscription: its resolver runs once, and may set a filter.
   * @param deliver is given an answer for each event, in the order of the mutations.
   * @param invalidated is called when a mutation has ended it by `extensions.invalidateSubscriptions`.
   */
  subscribe(
    request: AppSyncRequest,
    deliver: (answer: AppSyncAnswer) => void,
    invalidated?: () => void,
  ): Promise<SubscribeAnswer>;
  /** Whether a subscription is open. */
  isHeard(): boolean;
}

/** What all fields of one request share. */
interface Execution {
  readonly request: AppSyncRequest;
  /** The request's identity and headers as JSON text, made once. */
  readonly identityText: () => string;
  readonly headersText: () => string;
  readonly appended: ErrorJson[];
  readonly budget: Budget;
  /** The event that a subscription is told of: its fields are members of it, and no resolver runs. */
  readonly event?: unknown;
}

/** An operation that may be executed. */
interface Begun {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variableValues: Readonly<Record<string, unknown>>;
  readonly execution: Execution;
}

/**
 * Runs an AppSync API: its schema, its bundled APPSYNC_JS and its data sources. Schema and bundles are read at first use.
 * @returns the runtime.
 * @throws Error at the first request, when a resolver names a field, function or data source that is not there.
 */
export function createAppSyncApi(options: AppSyncOptions): AppSyncRuntime {
  const { api } = options;
  const limits = { ...standardLimits, ...options.limits };
  const prepare = operationPreparer(limits, options.introspection ?? true);
  const sandboxes = new Map<string, Sandbox>();
  const sandboxOf = (name: string) => (): Sandbox => {
    const made = sandboxes.get(name) ?? createSandbox(name, options.code(name), options.sandbox);
    sandboxes.set(name, made);
    return made;
  };
  const stepOf = (name: string, step: { dataSource: string; code: string; maxBatchSize?: number }): ResolverStep => {
    const dataSource = options.dataSources[step.dataSource];
    if (dataSource === undefined)
      throw new Error(`${name} names the data source ${step.dataSource}, which is not there`);
    const { maxBatchSize = 0 } = step;
    if (maxBatchSize > greatestBatch) {
      throw new Error(`${name} has the batch size ${String(maxBatchSize)}, AppSync takes ${String(greatestBatch)}`);
    }
    return { name, sandbox: sandboxOf(step.code), dataSource, maxBatchSize };
  };
  const functions = new Map(api.functions.map((each) => [each.name, stepOf(each.name, each)]));
  const runnable = (resolver: ApiResolver): RunnableResolver => {
    const place = `${resolver.typeName}.${resolver.fieldName}`;
    if (resolver.kind === 'UNIT') return { kind: 'UNIT', step: stepOf(place, resolver) };
    if (resolver.functions.length > maxFunctions) {
      throw new Error(
        `${place} has ${String(resolver.functions.length)} functions, AppSync takes ${String(maxFunctions)}`,
      );
    }
    const steps = resolver.functions.map((name) => {
      const step = functions.get(name);
      if (step === undefined) throw new Error(`${place} names the function ${name}, which is not there`);
      return step;
    });
    return { kind: 'PIPELINE', sandbox: sandboxOf(resolver.code), steps };
  };
  const environment = JSON.stringify(options.environment ?? {});
  const fieldResolver =
    (resolver: RunnableResolver): GraphQLFieldResolver<unknown, Execution, Record<string, unknown>> =>
    (source, args, execution, info) => {
      if (execution.event !== undefined) return memberOf(source, info.fieldName);
      execution.budget.run();
      return runField(resolver, { source, args, execution, info, environment, onFailure: options.onFailure });
    };
  let built: GraphQLSchema | undefined;
  const build = async (): Promise<void> => {
    const made = await buildSchema(
      api.schema,
      new Map(
        api.resolvers.map((each) => [`${each.typeName}.${each.fieldName}`, fieldResolver(runnable(each)) as never]),
      ),
      options.checksSchema ?? false,
    );
    const { authorization } = options;
    if (authorization !== undefined) {
      await guardFields(made, authorization, (execution) => (execution as Execution).request);
    }
    built = made;
  };
  let building: Promise<void> | undefined;
  const ready = (): Promise<void> => (building ??= build());
  const schema = (): GraphQLSchema => {
    if (built === undefined) throw new Error('The schema is not there yet');
    return built;
  };

  const subscriptions = createSubscriptions(schema);
  const begin = (request: AppSyncRequest): Begun | { readonly errors: readonly object[] } => {
    const prepared = prepare(schema(), request.query, request.operationName);
    if ('errors' in prepared) return prepared;
    const { document, operation } = prepared;
    const execution: Execution = {
      request,
      identityText: once(() => JSON.stringify(request.identity ?? null)),
      headersText: once(() => JSON.stringify(request.headers)),
      appended: [],
      budget: createBudget(limits),
    };
    try {
      const variableValues = inputVariables(schema(), operation, request.variables ?? {});
      return { document, operation, variableValues, execution };
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      return { errors: [requestErrorJson(error, 'WrongType')] };
    }
  };
  const argumentsOf = (begun: Begun): Parameters<typeof execute>[0] => ({
    schema: schema(),
    document: begun.document,
    operationName: begun.operation.name?.value ?? null,
    variableValues: begun.variableValues,
    contextValue: begun.execution,
  });
  const finish = async (begun: Begun): Promise<AppSyncAnswer> => {
    const { execution } = begun;
    const result = await execute(argumentsOf(begun));
    const passed = execution.budget.exceeded();
    if (passed !== undefined) return { data: null, errors: [limitErrorJson(passed)] };
    const errors = [...(result.errors ?? []).map(errorJson), ...execution.appended];
    return { data: result.data ?? null, ...(errors.length === 0 ? {} : { errors }) };
  };

  return {
    async execute(request) {
      if (built === undefined) await ready();
      const invalidations: Extract<Effect, { kind: 'invalidateSubscriptions' }>[] = [];
      const onEffect = (effect: Effect): void => {
        if (effect.kind === 'invalidateSubscriptions') invalidations.push(effect);
        request.onEffect?.(effect);
      };
      const begun = begin({ ...request, onEffect });
      if ('errors' in begun) return { data: null, errors: begun.errors };
      const { document, operation } = begun;
      if (operation.operation === OperationTypeNode.SUBSCRIPTION) return { data: null, errors: [notOverHttp] };
      if (isIntrospection(document, operation)) return introspected(schema(), begun);
      const answer = await finish(begun);
      if (operation.operation === OperationTypeNode.MUTATION) {
        for (const { subscriptionField, payload } of invalidations)
          subscriptions.invalidate(subscriptionField, payload);
        subscriptions.publish(document, operation, answer.data);
      }
      return answer;
    },
    async subscribe(request, deliver, invalidated = () => undefined) {
      if (built === undefined) await ready();
      const set: { filter: SubscriptionFilter | null; invalidation: SubscriptionFilter | null } = {
        filter: null,
        invalidation: null,
      };
      const onEffect = (effect: Effect): void => {
        if (effect.kind === 'subscriptionFilter') set.filter = effect.filter;
        if (effect.kind === 'subscriptionInvalidationFilter') set.invalidation = effect.filter;
        request.onEffect?.(effect);
      };
      const begun = begin({ ...request, onEffect });
      if ('errors' in begun) return begun;
      const { operation, execution } = begun;
      if (operation.operation !== OperationTypeNode.SUBSCRIPTION)
        return { errors: [notOverRealtime(operation.operation)] };
      const { errors } = await finish(begun);
      if (errors !== undefined) return { errors };
      const started = startedSubscription(schema(), begun, set);
      if ('errors' in started) return started;
      const end = subscriptions.open({
        ...started,
        invalidated,
        deliver(event) {
          const told = argumentsOf({ ...begun, execution: { ...execution, event } });
          const result = executeSync({ ...told, rootValue: { [started.fieldName]: event } });
          const wrong = (result.errors ?? []).map(errorJson);
          deliver({ data: result.data ?? null, ...(wrong.length === 0 ? {} : { errors: wrong }) });
        },
      });
      return { end };
    },
    isHeard: () => subscriptions.count() > 0,
  };
}

/** What an operation asks about the schema: megabytes, written in slices. */
async function introspected(
  schema: GraphQLSchema,
  { document, operation, variableValues: variables }: Begun,
): Promise<AppSyncAnswer> {
  try {
    const text = `{"data":${await writeIntrospection(schema, { document, operation, variables })}}`;
    return {
      text,
      get data() {
        return (JSON.parse(text) as { readonly data: unknown }).data;
      },
    };
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return { data: null, errors: [requestErrorJson(error, 'WrongType')] };
  }
}

const notOverHttp = {
  errorType: 'UnsupportedOperation',
  message: 'Subscriptions are served over the WebSocket of the real-time endpoint only.',
};

/** What AppSync says to a query or mutation over the WebSocket. */
const notOverRealtime = (operation: string): object => ({
  errorType: 'UnsupportedOperation',
  message: `${operation} not supported through the realtime channel`,
});

const memberOf = (source: unknown, name: string): unknown =>
  typeof source === 'object' && source !== null ? Reflect.get(source, name) : undefined;

function once(make: () => string): () => string {
  let made: string | undefined;
  return () => (made ??= make());
}

const errorJson = (error: GraphQLError): ErrorJson =>
  fieldErrorJson(error, error.originalError instanceof ResolverError ? error.originalError.field : undefined);

/** One run of a field's resolver. */
interface FieldRun {
  readonly source: unknown;
  readonly args: Record<string, unknown>;
  readonly execution: Execution;
  readonly info: GraphQLResolveInfo;
  readonly environment: string;
  readonly onFailure: AppSyncOptions['onFailure'];
}

async function runField(resolver: RunnableResolver, run: FieldRun): Promise<unknown> {
  const { execution, info } = run;
  const query: QueryParts = { fragments: info.fragments, variables: info.variableValues };
  const selected = (error: FieldError): FieldError => ({
    ...error,
    data: selectedData(error.data, info.fieldNodes, query),
  });
  try {
    return await runResolver(resolver, {
      fieldName: info.fieldName,
      parentTypeName: info.parentType.name,
      identity: execution.request.identity,
      execution,
      lambdaContext: execution.request.lambdaContext,
      text: contextText(run, query),
      append(error) {
        const at = new GraphQLError(error.message, { nodes: info.fieldNodes, path: pathOf(info) });
        execution.appended.push(fieldErrorJson(at, selected(error)));
      },
      effect(effect) {
        execution.request.onEffect?.(effect);
      },
      took(characters) {
        execution.budget.took(characters);
      },
      failed(step, message, stack) {
        run.onFailure?.({
          step: `${info.parentType.name}.${info.fieldName} (${step})`,
          message,
          ...(stack === undefined ? {} : { stack }),
        });
      },
    });
  } catch (error) {
    throw error instanceof ResolverError ? new ResolverError(selected(error.field)) : error;
  }
}

function pathOf(info: GraphQLResolveInfo): (string | number)[] {
  const path: (string | number)[] = [];
  for (let at: GraphQLResolveInfo['path'] | undefined = info.path; at !== undefined; at = at.prev) path.unshift(at.key);
  return path;
}

/** The pieces of ctx that stay the same during a run, as JSON text, made once each and only when asked for. */
function contextText(run: FieldRun, query: QueryParts): (part: string) => string | undefined {
  const { source, args, execution, info } = run;
  const texts: Readonly<Record<string, () => string>> = {
    arguments: once(() => stringifyJson(args)),
    source: once(() => JSON.stringify(source ?? null)),
    variables: once(() => stringifyJson(info.variableValues)),
    selectionSetList: once(() => selectionSetListText(info.fieldNodes, namedTypeOf(info), query)),
    selectionSetGraphQL: () => selectionSetGraphQL(info.fieldNodes),
    identity: execution.identityText,
    headers: execution.headersText,
    env: () => run.environment,
  };
  return (part) => texts[part]?.();
}

const namedTypeOf = (info: GraphQLResolveInfo): string => String(info.returnType).replaceAll(/[[\]!]/g, '');
