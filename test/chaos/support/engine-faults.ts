import type { IncomingHttpHeaders } from 'node:http';
import type { EngineAnswer, EngineCall, Fault } from './fault-proxy.js';
import { chanceOf } from './seed.js';

// What DynamoDB, OpenSearch and S3 answer when they are in trouble, as they word it, and what networks do.

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** An engine: how its calls are called, and what goes wrong with them. */
export interface Engine {
  readonly name: 'DynamoDB' | 'OpenSearch' | 'S3';
  readonly operationOf: (asked: Asked) => string;
  readonly answersOf: (call: EngineCall) => readonly EngineAnswer[];
}

const json = (status: number, body: object, headers: Readonly<Record<string, string>> = {}): EngineAnswer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});
/** What a load balancer answers in the place of an engine. */
const page = (status: number): EngineAnswer => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: `<html><body><h1>${String(status)}</h1></body></html>`,
});

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html */
const dynamoDbError = (status: number, name: string, more: object = {}): EngineAnswer =>
  json(
    status,
    { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: 'Try again later', ...more },
    { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': 'CHAOS' },
  );

const cancelled = (body: Buffer, code: string): EngineAnswer => {
  const { TransactItems = [] } = JSON.parse(body.toString()) as { TransactItems?: readonly unknown[] };
  return dynamoDbError(400, 'TransactionCanceledException', {
    Message: `Transaction cancelled, please refer cancellation reasons for specific reasons [${code}]`,
    CancellationReasons: TransactItems.map((_, at) => (at === 0 ? { Code: code, Message: 'x' } : { Code: 'None' })),
  });
};

/** All keys are left out, as under throttling. */
const unprocessed = (body: Buffer): EngineAnswer => {
  const { RequestItems } = JSON.parse(body.toString()) as { RequestItems: object };
  return json(200, { Responses: {}, UnprocessedKeys: RequestItems }, { 'content-type': 'application/x-amz-json-1.0' });
};

export const dynamoDb: Engine = {
  name: 'DynamoDB',
  operationOf: ({ headers }) => String(headers['x-amz-target']).replace(/^.*\./, ''),
  answersOf: ({ operation, body }) => [
    dynamoDbError(400, 'ProvisionedThroughputExceededException'),
    dynamoDbError(400, 'ThrottlingException'),
    dynamoDbError(400, 'RequestLimitExceeded'),
    dynamoDbError(500, 'InternalServerError'),
    dynamoDbError(503, 'ServiceUnavailable'),
    page(502),
    ...(operation === 'BatchGetItem' ? [unprocessed(body)] : []),
    ...(operation === 'TransactWriteItems'
      ? [
          cancelled(body, 'ThrottlingError'),
          cancelled(body, 'ProvisionedThroughputExceeded'),
          cancelled(body, 'TransactionConflict'),
          dynamoDbError(400, 'TransactionInProgressException'),
        ]
      : []),
  ],
};

const openSearchError = (status: number, type: string): EngineAnswer =>
  json(status, { error: { root_cause: [], type, reason: 'busy' }, status });

/** A bulk request that is taken, and each of its documents refused for now. */
const busyItems = (body: Buffer, status: number): EngineAnswer => {
  const actions = body
    .toString()
    .split('\n')
    .filter((line) => line.startsWith('{"index":{'));
  const items = actions.map((line) => {
    const { _id } = (JSON.parse(line) as { index: { _id: string } }).index;
    return { index: { _id, status, error: { type: 'es_rejected_execution_exception', reason: 'busy' } } };
  });
  return json(200, { took: 1, errors: true, items });
};

export const openSearch: Engine = {
  name: 'OpenSearch',
  operationOf: ({ method, path }) => `${method} ${/\/(_[a-z_]+)/.exec(path)?.[1] ?? 'index'}`,
  answersOf: ({ operation, body }) => [
    openSearchError(429, 'rejected_execution_exception'),
    openSearchError(429, 'circuit_breaking_exception'),
    openSearchError(503, 'search_phase_execution_exception'),
    openSearchError(500, 'node_not_connected_exception'),
    page(502),
    page(504),
    ...(operation.endsWith('_bulk') ? [busyItems(body, 429), busyItems(body, 503), busyItems(body, 500)] : []),
  ],
};

const s3Error = (status: number, code: string): EngineAnswer => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>Try again later</Message></Error>`,
});

export const s3: Engine = {
  name: 'S3',
  operationOf: ({ method, path }) => `${method} ${path.includes('list-type') ? 'list' : 'object'}`,
  answersOf: () => [
    s3Error(503, 'SlowDown'),
    s3Error(503, 'ServiceUnavailable'),
    s3Error(500, 'InternalError'),
    s3Error(400, 'RequestTimeout'),
    page(502),
  ],
};

/** A fault of an engine or its network: which one, the seed says. */
export function someFault(engine: Engine, call: EngineCall, silent = false): Fault {
  const chance = chanceOf(`fault of ${engine.name} ${call.operation}`, call.at);
  switch (chance.below(silent ? 9 : 8)) {
    case 0:
      return { kind: 'dropped' };
    case 1:
      return { kind: 'unanswered' };
    case 2:
      return { kind: 'cut off' };
    case 3:
      return { kind: 'slow', milliseconds: 50 + chance.below(500) };
    case 8:
      return { kind: 'silent' };
    default:
      return { kind: 'answered', answer: chance.pick(engine.answersOf(call)) };
  }
}
