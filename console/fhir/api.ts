import { parseFhir } from './json.js';
import { issuesOf, RequestError } from './outcome.js';
import type { FhirVersion } from './version.js';

/** What came back. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; undefined when there is none or it is no JSON. */
  readonly json: unknown;
}

/** A request below the base of an API. */
export interface ApiRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
  /** Whether an answer of 400 and more is given back instead of thrown. */
  readonly takesErrors?: boolean;
}

/** One FHIR version as the signed-in person reaches it. */
export interface Api {
  readonly version: FhirVersion;
  /** The base URL, no slash at the end. */
  readonly base: string;
  readonly graphql: string;
  /** Where subscriptions connect to, with `ws:` or `wss:`. */
  readonly realtime: string;
  /** The access token, a new one when it has run out; undefined where nobody signs in. */
  token(): Promise<string | undefined>;
  /**
   * @param path below the base, such as `Patient?name=x`, or a URL below it that the server gave.
   * @throws RequestError when the server refuses, unless errors are taken.
   */
  send(path: string, request?: ApiRequest): Promise<Reply>;
  /**
   * A file, such as a job's.
   * @param url below the base, or elsewhere where no token is wanted: it is sent to this server only.
   * @throws RequestError when the server refuses.
   */
  file(url: string): Promise<Blob>;
  /**
   * Asks the AppSync API.
   * @param body the request as JSON: query and variables.
   * @param headers beside what is always sent.
   * @returns the answer, with its `errors` if it has some.
   */
  graphqlSend(body: string, headers?: Readonly<Record<string, string>>): Promise<Reply>;
}

/** Tokens of the signed-in person. */
export interface Tokens {
  /** The API key that REST asks for beside the token; undefined where it asks for none. */
  key(): string | undefined;
  current(): string | undefined;
  /** A new one; undefined when the person must sign in again. */
  renew(): Promise<string | undefined>;
}

const parsed = (text: string): unknown => {
  try {
    return text === '' ? undefined : parseFhir(text);
  } catch {
    return undefined;
  }
};

/** The path of a link of the server below the base. Links may name the server by another of its names. */
export const pathBelow = (version: FhirVersion, link: string): string => {
  const mark = `/${version}`;
  const place = link.indexOf(`${mark}/`) < 0 ? link.indexOf(`${mark}?`) : link.indexOf(`${mark}/`);
  return place < 0 ? link : link.slice(place + mark.length).replace(/^\//, '');
};

/**
 * Where AppSync serves the subscriptions of an API: a host of their own beside its own domain, a path below others.
 * https://docs.aws.amazon.com/appsync/latest/devguide/real-time-websocket-client.html
 */
export function realtimeOf(graphql: string): string {
  const url = new URL(graphql);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const host = url.host.replace('.appsync-api.', '.appsync-realtime-api.');
  if (host === url.host) url.pathname += '/realtime';
  else url.host = host;
  return url.href;
}

/** The REST API of one version. */
export function createApi(
  place: {
    readonly version: FhirVersion;
    readonly rest: string;
    readonly graphql: string;
    readonly realtime?: string;
  },
  tokens: Tokens,
): Api {
  const ask = async (url: string, request: ApiRequest, isSecond: boolean): Promise<Response> => {
    const token = tokens.current();
    // The AppSync API knows no such key.
    const key = url === place.graphql ? undefined : tokens.key();
    const { method = 'GET', headers = {}, body, signal } = request;
    let reply: Response;
    try {
      reply = await fetch(url, {
        method,
        headers: {
          ...(body === undefined ? {} : { 'Content-Type': 'application/fhir+json' }),
          ...headers,
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
          ...(key === undefined ? {} : { 'X-Api-Key': key }),
        },
        ...(body === undefined ? {} : { body }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      throw new RequestError(0, [], 'The server cannot be reached. Is it running?');
    }
    return reply.status === 401 && !isSecond && token !== undefined && (await tokens.renew()) !== undefined
      ? ask(url, request, true)
      : reply;
  };
  const refused = (reply: Response, text: string): RequestError => {
    const issues = issuesOf(parsed(text));
    const { status } = reply;
    const why = issues.length > 0 ? undefined : `The server answered ${String(status)} without saying why.`;
    return new RequestError(status, issues, why);
  };
  const send = async (url: string, request: ApiRequest): Promise<Reply> => {
    const reply = await ask(url, request, false);
    const text = await reply.text();
    if (!reply.ok && request.takesErrors !== true) throw refused(reply, text);
    return { status: reply.status, headers: reply.headers, text, json: parsed(text) };
  };
  return {
    version: place.version,
    base: place.rest,
    graphql: place.graphql,
    realtime: place.realtime ?? realtimeOf(place.graphql),
    token: () => Promise.resolve(tokens.current()),
    send: (path, request = {}) => {
      const below = path.startsWith('?') || path === '' ? path : `/${path}`;
      return send(`${place.rest}${below}`, request);
    },
    async file(url) {
      const isOwn = url.includes(`/${place.version}/_jobs/`);
      const reply = isOwn ? await ask(`${place.rest}/${pathBelow(place.version, url)}`, {}, false) : await fetch(url);
      if (!reply.ok) throw refused(reply, await reply.text());
      return reply.blob();
    },
    graphqlSend: (body, headers = {}) =>
      send(place.graphql, {
        method: 'POST',
        body,
        headers: { 'Content-Type': 'application/json', ...headers },
        takesErrors: true,
      }),
  };
}
