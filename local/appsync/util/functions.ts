import { base64Decode, base64Encode, escapeJavaScript, urlDecode, urlEncode } from './encoding.js';
import { autoId, autoKsuid, autoUlid } from './identifier.js';
import { dynamoDbModule } from './dynamodb-module.js';
import { filterExpression } from './dynamodb-expression.js';
import { type Effect, extensionFunctions, responseHeader } from './effects.js';
import { javaPattern } from './java-pattern.js';
import { toElasticsearchQueryDSL } from './opensearch-query.js';
import { toSubscriptionFilter } from './subscription-filter.js';
import * as xml from './xml.js';
import * as dynamodb from './dynamodb.js';
import * as time from './time.js';

/** What util functions know of the request they are called in. */
export interface UtilCall {
  readonly identity: unknown;
  /** Takes what the code asks of the request as a whole. */
  effect?(effect: Effect): void;
}

type UtilFunction = (call: UtilCall, ...values: never[]) => unknown;

const plain =
  (implementation: (...values: never[]) => unknown): UtilFunction =>
  (_call, ...values) =>
    implementation(...values);

/** Every function of `util` by its path, but for those that end a run. Arguments and results are JSON-like. */
export const utilFunctions: Readonly<Record<string, UtilFunction | undefined>> = {
  escapeJavaScript: plain(escapeJavaScript),
  urlEncode: plain(urlEncode),
  urlDecode: plain(urlDecode),
  base64Encode: plain(base64Encode),
  base64Decode: plain(base64Decode),
  autoId: plain(autoId),
  autoUlid: plain(autoUlid),
  autoKsuid: plain(autoKsuid),
  matches: plain((pattern: string, value: string) => javaPattern(pattern).test(value)),
  authType: (call) => authType(call.identity),
  'str.normalize': plain((value: string, form: string) => value.normalize(form.toUpperCase())),
  'math.roundNum': plain((value: number) => Math.round(value)),
  'math.minVal': plain((a: number, b: number) => Math.min(a, b)),
  'math.maxVal': plain((a: number, b: number) => Math.max(a, b)),
  'math.randomDouble': plain(() => Math.random()),
  'math.randomWithinRange': plain((start: number, end: number) => start + Math.floor(Math.random() * (end - start))),
  'http.copyHeaders': plain(copyHeaders),
  'http.addResponseHeader': (call, name: unknown, value: unknown) => {
    call.effect?.(responseHeader(name, value));
  },
  'http.addResponseHeaders': (call, headers: Readonly<Record<string, unknown>>) => {
    for (const [name, value] of Object.entries(headers)) call.effect?.(responseHeader(name, value));
  },
  'transform.toDynamoDBFilterExpression': plain((filter: unknown) => JSON.stringify(filterExpression(filter))),
  'transform.toDynamoDBConditionExpression': plain((filter: unknown) => JSON.stringify(filterExpression(filter))),
  'transform.toElasticsearchQueryDSL': plain(toElasticsearchQueryDSL),
  'transform.toSubscriptionFilter': plain(toSubscriptionFilter),
  ...under('time', time),
  ...under('dynamodb', dynamodb),
  ...under('xml', xml),
};

/** The functions beside `util` by namespace and path: `extensions`, and the modules that code may import. */
export const moduleFunctions: Readonly<Record<'extensions' | 'dynamodb', Readonly<Record<string, UtilFunction>>>> = {
  extensions: Object.fromEntries(
    Object.entries(extensionFunctions).map(([name, effectOf]): [string, UtilFunction] => [
      name,
      (call, ...values) => {
        call.effect?.(effectOf(...values));
      },
    ]),
  ),
  dynamodb: Object.fromEntries(Object.entries(dynamoDbModule).map(([name, one]) => [name, plain(one)])),
};

function under(
  namespace: string,
  functions: Readonly<Record<string, (...values: never[]) => unknown>>,
): Record<string, UtilFunction> {
  return Object.fromEntries(Object.entries(functions).map(([name, one]) => [`${namespace}.${name}`, plain(one)]));
}

/** https://docs.aws.amazon.com/appsync/latest/devguide/built-in-util-js.html */
function authType(identity: unknown): string {
  if (typeof identity !== 'object' || identity === null) return 'API Key Authorization';
  if ('defaultAuthStrategy' in identity) return 'User Pool Authorization';
  if ('resolverContext' in identity) return 'Lambda Authorization';
  return 'accountId' in identity ? 'IAM Authorization' : 'Open ID Connect Authorization';
}

/** Headers that are not passed on. https://docs.aws.amazon.com/appsync/latest/devguide/http-helpers-in-util-http-js.html */
const restrictedHeaders = new Set([
  ...[
    'transfer-encoding',
    'connection',
    'host',
    'expect',
    'keep-alive',
    'upgrade',
    'proxy-authenticate',
    'proxy-authorization',
  ],
  ...['te', 'content-length'],
]);

function copyHeaders(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !restrictedHeaders.has(name.toLowerCase())));
}
