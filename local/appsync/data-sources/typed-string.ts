import { RequestError } from '../data-source.js';

/**
 * The text of a value in DynamoDB's typed JSON.
 * @param value `{ S: text }`.
 * @param place where it stands in the request, for the message.
 * @throws RequestError when it is anything else.
 */
export function typedString(value: unknown, place: string): string {
  const text: unknown = typeof value === 'object' && value !== null && 'S' in value ? value.S : undefined;
  if (typeof text !== 'string') throw new RequestError(`Value for field '$[${place}]' is not of the form { S: text }.`);
  return text;
}
