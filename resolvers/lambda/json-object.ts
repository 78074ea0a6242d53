import { Decimal } from '../../fhir/json.js';

/** A JSON object, as parsed. */
export type JsonObject = Record<string, unknown>;

/** Whether a parsed JSON value is an object: not an array, not null, and not a number that kept its digits. */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Decimal);
