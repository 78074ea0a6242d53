import { DataSourceError, RequestError, requestMembers } from '../data-source.js';
import type { DataSource, DataSourceCall } from '../data-source.js';

/** A Lambda function called in process: it gets the payload, or the list of payloads of a batch, and what the request has for it. */
export type LambdaHandler = (event: unknown, context?: unknown) => unknown;

interface Waiting {
  readonly payload: unknown;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** The batch AppSync makes of BatchInvoke when the resolver sets no size. */
const defaultBatchSize = 5;

/**
 * A Lambda data source over a function in this process. `BatchInvoke` calls of one resolver or function that come while
 * a level of the query is being resolved go out together, in lists of at most the resolver's batch size, in order.
 * @param handler the function; its result must be a list as long as the batch for BatchInvoke. An exception becomes
 *   `Lambda:Unhandled` for every call of the batch.
 * @param givesJson whether the function's answers are JSON that nobody changes any more.
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/resolver-reference-lambda-js.html
 */
export function lambdaDataSource(handler: LambdaHandler, givesJson = false): DataSource {
  const batches = new WeakMap<object, Map<string, Waiting[]>>();
  const turns = new WeakMap<object, Promise<void>>();
  /** Invocations of one request start one after another, each in a turn of the event loop, so that others get theirs. */
  const inTurn = async (execution: object): Promise<void> => {
    const before = turns.get(execution);
    const mine = (before ?? Promise.resolve()).then(() => (before === undefined ? undefined : nextTurn()));
    turns.set(execution, mine);
    await mine;
  };

  const invokeBatch = async (waiting: readonly Waiting[], context: unknown): Promise<void> => {
    try {
      const results = await run(
        handler,
        waiting.map((one) => one.payload),
        context,
      );
      if (!Array.isArray(results) || results.length !== waiting.length) {
        const length = Array.isArray(results) ? `${String(results.length)} results` : 'no list';
        throw new DataSourceError(
          'Lambda:IllegalArgument',
          `A batch of ${String(waiting.length)} was answered with ${length}.`,
        );
      }
      waiting.forEach((one, index) => {
        one.resolve(results[index]);
      });
    } catch (error) {
      for (const one of waiting) one.reject(error);
    }
  };
  const gather = (call: DataSourceCall, payload: unknown): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const steps = batches.get(call.execution) ?? new Map<string, Waiting[]>();
      batches.set(call.execution, steps);
      const waiting = steps.get(call.step);
      if (waiting !== undefined) {
        waiting.push({ payload, resolve, reject });
        return;
      }
      steps.set(call.step, [{ payload, resolve, reject }]);
      setImmediate(() => {
        const all = steps.get(call.step) ?? [];
        steps.delete(call.step);
        const size = call.maxBatchSize > 0 ? call.maxBatchSize : defaultBatchSize;
        for (let from = 0; from < all.length; from += size)
          void invokeBatch(all.slice(from, from + size), call.lambdaContext);
      });
    });

  return {
    kind: 'AWS_LAMBDA',
    givesJson,
    async invoke(call) {
      const { operation, payload = null, invocationType = 'RequestResponse' } = requestMembers(call.request);
      if (operation !== 'Invoke' && operation !== 'BatchInvoke') {
        throw new RequestError(`Unsupported operation '${String(operation)}': Lambda has Invoke and BatchInvoke.`);
      }
      if (operation === 'BatchInvoke') return gather(call, payload);
      if (invocationType === 'Event') {
        void run(handler, payload, call.lambdaContext).catch(() => undefined);
        return null;
      }
      await inTurn(call.execution);
      call.goOn();
      return run(handler, payload, call.lambdaContext);
    },
  };
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Calls the function as Lambda does: with JSON, and its exceptions become `Lambda:Unhandled`. */
async function run(handler: LambdaHandler, event: unknown, context: unknown): Promise<unknown> {
  try {
    return (await handler(event, context)) ?? null;
  } catch (error) {
    throw new DataSourceError('Lambda:Unhandled', error instanceof Error ? error.message : String(error));
  }
}
