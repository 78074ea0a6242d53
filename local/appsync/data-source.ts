import type { ApiDataSource } from '../../schema/api.js';

/** What a data source is asked: the request handler's result, and what batching and errors need. */
export interface DataSourceCall {
  /** What the request handler gave, as plain data. */
  readonly request: unknown;
  /** The same object for every resolver of one GraphQL request. */
  readonly execution: object;
  /** Names the resolver or function; calls of the same one may be gathered. */
  readonly step: string;
  /** The greatest batch set on the resolver or function, 0 for none. */
  readonly maxBatchSize: number;
  /** What a Lambda function in this process is given beside the event. */
  readonly lambdaContext?: unknown;
  /** To be called before work that had to wait; throws when the request has passed a limit meanwhile. */
  goOn(): void;
}

/** An implementation behind a data source's name. */
export interface DataSource {
  readonly kind: ApiDataSource['kind'];
  /** Whether members of what it gives are JSON that nobody changes any more: they are handed on as they are, not as copies. */
  readonly givesJson?: boolean;
  /**
   * @returns what the response handler finds as `ctx.result`: JSON-like.
   * @throws DataSourceError, which the response handler finds as `ctx.error`; RequestError, which fails the field at once.
   */
  invoke(call: DataSourceCall): Promise<unknown>;
}

/** An error of a data source: `ctx.error` of the response handler. */
export class DataSourceError extends Error {
  override readonly name = 'DataSourceError';
  readonly type: string;
  /** What `ctx.result` is beside the error, if anything. */
  readonly result: unknown;
  constructor(type: string, message: string, result: unknown = null) {
    super(message);
    this.type = type;
    this.result = result;
  }
}

/** A request object that the data source cannot take; AppSync calls its type MappingTemplate. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
}

/** Members of a request object; a RequestError when it is no object. */
export function requestMembers(request: unknown): Readonly<Record<string, unknown>> {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    throw new RequestError('The request handler must return an object.');
  }
  return request as Readonly<Record<string, unknown>>;
}
