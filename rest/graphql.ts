import { parseJson, stringifyJson } from '../fhir/json.js';
import {
  invalidRequest,
  notAcceptable,
  notImplemented,
  OperationOutcomeError,
  outcome,
  unsupportedMediaType,
} from '../fhir/outcome.js';
import type { Resource } from '../fhir/resource.js';
import type { FhirVersion } from '../fhir/version.js';
import type { GraphqlAnswer, GraphqlCall } from '../interactions/graphql-call.js';
import type { FoundOperation } from '../interactions/operations/find-operation.js';
import { graphql } from '../interactions/operations/graphql.js';
import { inputText, type OperationInput } from '../interactions/operations/input.js';
import { parseJsonParameter } from '../interactions/operations/json-parameter.js';
import { authorizeOperation } from '../interactions/operations/operate.js';
import { readInput } from '../interactions/operations/read-input.js';
import { readQuery } from '../interactions/read-query.js';
import { clip, requireKey } from '../interactions/resource-type.js';
import type { Caller } from '../interactions/server.js';
import type { RestAnswer } from './answer.js';
import { parseBody } from './body.js';
import { type ErrorLog, failureOf } from './errors.js';
import { isJsonType, requireJsonBody } from './negotiate.js';
import type { RestContext, RestRequest } from './request.js';
import type { NoRoute, Route } from './routes.js';

/** GraphQL's own media type, in which what has no value is null. https://graphql.github.io/graphql-over-http/draft/#sec-Media-Types */
const graphqlJson = 'application/graphql-response+json';

type GraphqlSource = Pick<GraphqlCall, 'query' | 'operationName' | 'variables'>;

/** Whether a request is one of GraphQL, whose requests, answers and errors have forms of their own. */
export const isGraphql = (route: Route | NoRoute): route is Route & FoundOperation =>
  route.kind === 'operation' && route.operation === graphql;

/**
 * `$graphql` over HTTP. https://hl7.org/fhir/R4/graphql.html#invoking
 * @returns an answer in every case: errors are GraphQL's, each with an OperationOutcome.
 */
export function graphqlAnswer(
  context: RestContext,
  request: RestRequest,
  caller: Caller,
  called: FoundOperation,
): Promise<RestAnswer> {
  const { server } = context;
  const { http } = request;
  return answering(context, request, async (mediaType, masked) => {
    const target = authorizeOperation(server, caller, called);
    if (target.level === 'instance') requireKey(server, target);
    if (server.graphql === undefined) throw notImplemented('$graphql is not served here');
    const source = await readSource(context, request);
    return server.graphql(server, caller, {
      target:
        target.level === 'instance'
          ? { kind: 'instance', key: { type: target.type, id: target.id } }
          : { kind: 'system' },
      nulls: mediaType === graphqlJson,
      mayMutate: http.method === 'POST',
      onUnexpected: masked,
      ...source,
    });
  });
}

/**
 * `_graphql`: what a query selects of another operation's answer. https://hl7.org/fhir/R4/graphql.html#operations
 * @param asked the operation's answer, and the query.
 */
export function graphqlOfAnswer(
  context: RestContext,
  request: RestRequest,
  caller: Caller,
  asked: { readonly text: string; readonly query: string },
): Promise<RestAnswer> {
  const { server } = context;
  return answering(context, request, (mediaType, masked) => {
    if (server.graphql === undefined) throw notImplemented('_graphql is not served here');
    return server.graphql(server, caller, {
      query: asked.query,
      target: { kind: 'resource', resource: parseJson(asked.text) as Resource },
      nulls: mediaType === graphqlJson,
      mayMutate: false,
      onUnexpected: masked,
    });
  });
}

type Mask = (error: unknown) => OperationOutcomeError;

/** Answers in the media type the client wants; what is thrown is GraphQL's error. */
async function answering(
  { log, server }: RestContext,
  { http, parameters }: RestRequest,
  work: (mediaType: string, masked: Mask) => Promise<GraphqlAnswer>,
): Promise<RestAnswer> {
  let mediaType = 'application/json';
  const masked: Mask = (error) => maskedBy(log, error);
  try {
    mediaType = acceptedType(parameters.get('_format') ?? http.get('accept'));
    return rendered(await work(mediaType, masked), mediaType);
  } catch (error) {
    return failed(masked(error), mediaType, server.definitions.version);
  }
}

/** The answer to a request that failed before GraphQL had it: without a token that counts. */
export function graphqlErrorAnswer(error: unknown, log: ErrorLog, version: FhirVersion): RestAnswer {
  const answer = failed(maskedBy(log, error), 'application/json', version);
  return answer.status === 401 ? { ...answer, headers: { ...answer.headers, 'WWW-Authenticate': 'Bearer' } } : answer;
}

/** What a client may know of a failure. */
function maskedBy(log: ErrorLog, error: unknown): OperationOutcomeError {
  if (error instanceof OperationOutcomeError) return error;
  const failure = failureOf(error, log);
  return new OperationOutcomeError(failure.status, failure.outcome.issue);
}

/** A failure of the whole request. */
function failed(
  { status, issues, message, retryAfter }: OperationOutcomeError,
  mediaType: string,
  version: FhirVersion,
): RestAnswer {
  const errors = [{ message, extensions: { resource: outcome(issues, version) } }];
  const answer = rendered({ status, errors }, mediaType);
  return retryAfter === undefined
    ? answer
    : { ...answer, headers: { ...answer.headers, 'Retry-After': String(retryAfter) } };
}

/** The page of FHIR shows `data: null` beside errors; GraphQL's own media type has no data where nothing was begun. */
function rendered({ status, data, errors }: GraphqlAnswer, mediaType: string): RestAnswer {
  const shown = data ?? (mediaType === graphqlJson ? undefined : 'null');
  const members = [
    ...(shown === undefined ? [] : [`"data":${shown}`]),
    ...(errors.length === 0 ? [] : [`"errors":${stringifyJson(errors)}`]),
  ];
  return {
    status,
    headers: {
      'Content-Type': `${mediaType}; charset=utf-8`,
      ...(status === 405 ? { Allow: 'POST' } : {}),
      ...(status === 503 ? { 'Retry-After': '1' } : {}),
    },
    body: `{${members.join(',')}}`,
  };
}

/**
 * Which of both media types the client wants: the one it weighs most, of equal ones the first it names.
 * @throws OperationOutcomeError 406 when it takes neither.
 */
function acceptedType(accept: string | undefined): string {
  if (accept === undefined || accept.trim() === '') return 'application/json';
  let best = { type: '', weight: 0 };
  for (const range of accept.toLowerCase().split(',')) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim());
    const quality = parameters.find((parameter) => /^q\s*=/.test(parameter))?.replace(/^q\s*=\s*/, '');
    const weight = quality === undefined ? 1 : Number(quality);
    const isPlain = ['application/json', 'application/fhir+json', 'application/*', '*/*', 'json'].includes(name);
    const type = name === graphqlJson ? graphqlJson : isPlain ? 'application/json' : '';
    if (type !== '' && weight > best.weight) best = { type, weight };
  }
  if (best.type !== '') return best.type;
  throw notAcceptable(
    `"${clip(accept)}" is asked for; $graphql answers application/json or ${graphqlJson}`,
    'http.Accept',
  );
}

/** What the request asks: in the URL, as GraphQL's JSON, as GraphQL itself, or as Parameters of the operation. */
async function readSource({ server, readBody }: RestContext, request: RestRequest): Promise<GraphqlSource> {
  const { http, response } = request;
  const inUrl = sourceOfQuery(readQuery(request.query));
  if (http.method !== 'POST') return required(inUrl);
  const text = await readBody(http, response);
  const contentType = http.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (contentType === 'application/graphql') return required({ ...inUrl, query: text });
  if (text.trim() === '' && inUrl.query !== undefined) return required(inUrl);
  if (contentType === undefined) {
    throw unsupportedMediaType('Content-Type is missing; send application/json or application/graphql');
  }
  if (!isJsonType(server.definitions.version, contentType)) {
    const read = 'application/graphql, application/json, or application/fhir+json for Parameters';
    throw unsupportedMediaType(`Content-Type is "${clip(contentType)}"; $graphql reads ${read}`);
  }
  requireJsonBody(server.definitions.version, http.get('content-type'));
  const body = parseBody(text);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalidRequest('The body must be a JSON object with a "query"');
  }
  if ('resourceType' in body)
    return required(sourceOfInput(readInput(server.definitions, graphql, { query: [], body })));
  return required({ ...inUrl, ...sourceOfBody(body) });
}

/** A source as far as it is given. */
type Given = Partial<GraphqlSource>;

function required({ query, ...rest }: Given): GraphqlSource {
  if (query === undefined || query.trim() === '') throw invalidRequest('A GraphQL query is needed', 'query');
  return { query, ...rest };
}

const passedOver = new Set(['_format', '_pretty', 'extensions']);

function sourceOfQuery(pairs: readonly (readonly [string, string])[]): Given {
  const given = new Map<string, string>();
  for (const [name, value] of pairs) {
    if (passedOver.has(name) || value === '') continue;
    if (name !== 'query' && name !== 'operationName' && name !== 'variables') {
      throw invalidRequest(`$graphql has no parameter "${clip(name)}"; it has query, operationName, variables`, name);
    }
    if (given.has(name)) throw invalidRequest(`${name} is given more than once`, name);
    given.set(name, value);
  }
  return sourceOf(given.get('query'), given.get('operationName'), given.get('variables'));
}

const sourceOfInput = (input: OperationInput): Given =>
  sourceOf(inputText(input, 'query'), inputText(input, 'operationName'), inputText(input, 'variables'));

const sourceOf = (query?: string, operationName?: string, variables?: string): Given => ({
  ...(query === undefined ? {} : { query }),
  ...(operationName === undefined ? {} : { operationName }),
  ...(variables === undefined ? {} : { variables: parseJsonParameter(variables, 'variables') }),
});

function sourceOfBody(body: object): Given {
  const { query, operationName, variables } = body as Readonly<Record<string, unknown>>;
  if (query !== undefined && typeof query !== 'string') throw invalidRequest('query must be a text', 'query');
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string') {
    throw invalidRequest('operationName must be a text', 'operationName');
  }
  return {
    ...(query === undefined ? {} : { query }),
    ...(typeof operationName === 'string' && operationName !== '' ? { operationName } : {}),
    ...(variables === undefined || variables === null ? {} : { variables }),
  };
}
