import { GraphQLError, type SourceLocation } from 'graphql';
import type { FieldError } from './sandbox.js';

/** One of `errors`, as AppSync writes it. https://docs.aws.amazon.com/appsync/latest/devguide/troubleshooting-and-common-mistakes.html */
export interface ErrorJson {
  readonly path: readonly (string | number)[] | null;
  readonly data: unknown;
  readonly errorType: string | null;
  readonly errorInfo: unknown;
  readonly locations: readonly { line: number; column: number; sourceName: null }[];
  readonly message: string;
}

const locationsOf = (locations: readonly SourceLocation[] | undefined): ErrorJson['locations'] =>
  (locations ?? []).map(({ line, column }) => ({ line, column, sourceName: null }));

/** GraphQL's own messages repeat a wrong value, which may be as long as the request. */
const longestMessage = 1_000;
const clipped = (text: string): string => (text.length <= longestMessage ? text : `${text.slice(0, longestMessage)}…`);

/** What a failure is called by its HTTP status, on HTTP and on a WebSocket, where it has a name of its own. */
export const errorTypes: Readonly<Partial<Record<number, string>>> = {
  401: 'UnauthorizedException',
  429: 'TooManyRequestsException',
};

/** A request that cannot be executed: it does not parse, or breaks a rule of GraphQL or a limit. */
export const requestErrorJson = (error: GraphQLError, kind: string): object => ({
  path: null,
  locations: locationsOf(error.locations),
  message: `Validation error of type ${kind}: ${clipped(error.message)}`,
});

/** An operation that passed a limit while it ran: its data is null, whatever fields were resolved. */
export const limitErrorJson = (error: GraphQLError): object => ({
  path: null,
  locations: null,
  errorType: 'ExecutionLimitExceeded',
  message: error.message,
});

/** An error of a field: what its resolver said, or what GraphQL says of its value. */
export function fieldErrorJson(error: GraphQLError, field: FieldError | undefined): ErrorJson {
  return {
    path: error.path ?? null,
    data: field?.data ?? null,
    errorType: field?.errorType ?? null,
    errorInfo: field?.errorInfo ?? null,
    locations: locationsOf(error.locations),
    message: field?.message ?? clipped(error.message),
  };
}
