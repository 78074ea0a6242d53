import { DataSourceError, RequestError, requestMembers } from '../data-source.js';
import type { DataSource } from '../data-source.js';

/** Members of a request object. */
type Members = Readonly<Record<string, unknown>>;

/** An answer of an HTTP endpoint. */
export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const methods: ReadonlySet<string> = new Set(['PUT', 'POST', 'GET', 'DELETE', 'PATCH', 'HEAD']);

/** The most milliseconds a call may take: those of the whole operation. */
const patience = 30_000;

const members = (value: unknown, place: string): Members => {
  if (value === undefined || value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Members;
  throw new RequestError(`Value for field '$[${place}]' must be an object.`);
};

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/**
 * Sends a request to a path of an endpoint.
 * @param endpoint the URL of the data source.
 * @param path begins with `/`; it stays below the endpoint's host, whatever it says.
 * @throws RequestError for a method, path, query or headers that are none; DataSourceError when there is no answer.
 */
export async function sendHttp(
  endpoint: string,
  asked: {
    readonly method: unknown;
    readonly path: unknown;
    readonly query?: unknown;
    readonly headers?: unknown;
    readonly body?: unknown;
  },
): Promise<HttpAnswer> {
  const { method, path, body } = asked;
  if (typeof method !== 'string' || !methods.has(method))
    throw new RequestError(`Unsupported HTTP method '${text(method)}'.`);
  if (typeof path !== 'string' || !path.startsWith('/'))
    throw new RequestError("The path of a request must start with '/'.");
  const base = new URL(endpoint);
  const url = new URL(base.origin + base.pathname.replace(/\/$/, '') + path);
  for (const [name, value] of Object.entries(members(asked.query, 'params.query'))) {
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) url.searchParams.append(name, text(one));
  }
  const headers = new Headers();
  for (const [name, value] of Object.entries(members(asked.headers, 'params.headers'))) {
    if (value !== null && value !== undefined) headers.set(name, text(value));
  }
  const hasBody = body !== undefined && body !== null && method !== 'GET' && method !== 'HEAD';
  if (hasBody && typeof body !== 'string' && !headers.has('content-type'))
    headers.set('content-type', 'application/json');
  try {
    const response = await fetch(url, {
      method,
      headers,
      ...(hasBody ? { body: text(body) } : {}),
      signal: AbortSignal.timeout(patience),
    });
    return {
      statusCode: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
    };
  } catch (error) {
    const { message, cause } = error instanceof Error ? error : new Error(String(error));
    throw new DataSourceError('HttpException', cause instanceof Error ? `${message}: ${cause.message}` : message);
  }
}

/**
 * An HTTP data source. Every answer is a result, whatever its status; only none is an error.
 * @param endpoint its URL. Requests are not signed.
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/resolver-reference-http-js.html
 */
export function httpDataSource(endpoint: string): DataSource {
  return {
    kind: 'HTTP',
    async invoke(call) {
      const { method, resourcePath, params } = requestMembers(call.request);
      const { query, headers, body } = members(params, 'params');
      return await sendHttp(endpoint, { method, path: resourcePath, query, headers, body });
    },
  };
}
