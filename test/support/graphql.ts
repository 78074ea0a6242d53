import type { OperationOutcome } from '../../fhir/outcome.js';
import type { TestResponse, TestServer } from './server.js';

/** An answer of `$graphql`, as far as tests look at it. */
export interface GraphqlJson {
  readonly data?: unknown;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly (string | number)[];
    readonly locations?: readonly unknown[];
    readonly extensions: { readonly resource: OperationOutcome };
  }[];
}

/** A request to `$graphql`. */
export interface GraphqlAsked {
  readonly as?: string;
  readonly variables?: unknown;
  readonly operationName?: string;
  readonly accept?: string;
}

/** Asks `$graphql` by POST. `place` is what stands before it: `/r4`, `/r4/Patient/p1`. */
export async function ask(
  server: TestServer,
  place: string,
  query: string,
  { as = 'practitioner', accept, ...rest }: GraphqlAsked = {},
): Promise<TestResponse & { readonly answer: GraphqlJson }> {
  const response = await server.send('POST', `${place}/$graphql`, {
    as,
    body: JSON.stringify({ query, ...rest }),
    headers: { 'content-type': 'application/json', ...(accept === undefined ? {} : { accept }) },
  });
  return { ...response, answer: response.json as unknown as GraphqlJson };
}

/** The data of a query that succeeds. */
export async function dataOf(
  server: TestServer,
  place: string,
  query: string,
  asked: GraphqlAsked = {},
): Promise<unknown> {
  const { status, text, answer } = await ask(server, place, query, asked);
  if (status !== 200 || answer.errors !== undefined) throw new Error(`${String(status)}: ${text}`);
  return answer.data;
}

/** What is wrong with a query that fails: the status, and per error its path and message. */
export async function mistakesOf(
  server: TestServer,
  place: string,
  query: string,
  asked: GraphqlAsked = {},
): Promise<readonly [number, ...(readonly [string, string])[]]> {
  const { status, answer } = await ask(server, place, query, asked);
  return [status, ...(answer.errors ?? []).map(({ path, message }) => [(path ?? []).join('.'), message] as const)];
}
