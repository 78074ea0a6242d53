import { RequestError } from '../../data-source.js';
import type { DynamoDbApi, WireItem, WireMembers } from './api.js';
import { wireItem } from './values.js';

/** Members of a request object. */
export type RequestMembers = Readonly<Record<string, unknown>>;

/** One call of a DynamoDB data source. */
export interface OperationCall {
  readonly api: DynamoDbApi;
  readonly tableName: string;
  readonly request: RequestMembers;
}

/** An operation of AppSync: its result is plain JSON. */
export type Operation = (call: OperationCall) => Promise<unknown>;

/** A member that must be an object. @throws RequestError */
export function membersOf(value: unknown, place: string): RequestMembers {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as RequestMembers;
  throw new RequestError(`Value for field '$[${place}]' not found.`);
}

/** A member that must be a list of something. @throws RequestError */
export function listOf(value: unknown, place: string, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length === 0) throw new RequestError(`Value for field '$[${place}]' not found.`);
  if (value.length > most)
    throw new RequestError(`'$[${place}]' has ${String(value.length)} members, at most ${String(most)} are taken.`);
  return value;
}

/** Whether a member was given. */
export const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

/** A request's key. @throws RequestError */
export const keyIn = (members: RequestMembers, place = 'key'): WireItem => wireItem(members['key'], place);

/** The expressions of an operation, gathered: each under its own name, their names and values together. */
export class Expressions {
  readonly #input: Record<string, unknown> = {};
  #names: Readonly<Record<string, unknown>> = {};
  #values: WireItem = {};

  /**
   * Adds an expression when it was given.
   * @param as its name in DynamoDB's input, such as `FilterExpression`.
   * @param given `{ expression, expressionNames, expressionValues }`.
   * @throws RequestError when it has another form.
   */
  add(as: string, given: unknown, place: string): this {
    if (!isGiven(given)) return this;
    const members = membersOf(given, place);
    const { expression, expressionNames, expressionValues } = members;
    if (typeof expression !== 'string') throw new RequestError(`Value for field '$[${place}.expression]' not found.`);
    this.#input[as] = expression;
    if (isGiven(expressionNames))
      this.#names = { ...this.#names, ...membersOf(expressionNames, `${place}.expressionNames`) };
    if (isGiven(expressionValues)) {
      this.#values = { ...this.#values, ...wireItem(expressionValues, `${place}.expressionValues`) };
    }
    return this;
  }

  /** The members of DynamoDB's input. */
  get input(): WireMembers {
    return {
      ...this.#input,
      ...(Object.keys(this.#names).length === 0 ? {} : { ExpressionAttributeNames: this.#names }),
      ...(Object.keys(this.#values).length === 0 ? {} : { ExpressionAttributeValues: this.#values }),
    };
  }
}
