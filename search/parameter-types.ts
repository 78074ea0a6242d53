import type { Interval, IntervalQuery } from './interval.js';
import type { ParameterType } from './parameter-type.js';
import { dateType } from './values/date.js';
import { numberType } from './values/number.js';
import { type ReferenceQuery, referenceType, type ReferenceValue } from './values/reference.js';
import { type StringQuery, stringType, type StringValue } from './values/string.js';
import { type TokenQuery, tokenType, type TokenValue } from './values/token.js';
import { type UriQuery, uriType } from './values/uri.js';

/** The values of each parameter type served. */
export interface Values {
  string: StringValue;
  token: TokenValue;
  reference: ReferenceValue;
  date: Interval;
  number: Interval;
  uri: string;
}

/** What is asked for with each parameter type served. */
export interface Queries {
  string: StringQuery;
  token: TokenQuery;
  reference: ReferenceQuery;
  date: IntervalQuery;
  number: IntervalQuery;
  uri: UriQuery;
}

/** The search parameter types served so far. */
export type ServedType = keyof Queries;

/** The meaning of each parameter type served. */
export const parameterTypes: { readonly [T in ServedType]: ParameterType<Values[T], Queries[T]> } = {
  string: stringType,
  token: tokenType,
  reference: referenceType,
  date: dateType,
  number: numberType,
  uri: uriType,
};
