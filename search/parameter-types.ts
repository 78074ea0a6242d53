import type { Interval, IntervalQuery } from './interval.js';
import type { ParameterType } from './parameter-type.js';
import type { Position } from './sphere.js';
import { type CompositeQuery, compositeType, type CompositeValue } from './values/composite.js';
import { dateType } from './values/date.js';
import { type NearQuery, nearType } from './values/near.js';
import { numberType } from './values/number.js';
import { type QuantityQuery, quantityType, type QuantityValue } from './values/quantity.js';
import { type ReferenceQuery, referenceType, type ReferenceValue } from './values/reference.js';
import { type StringQuery, stringType, type StringValue } from './values/string.js';
import { type TokenQuery, tokenType, type TokenValue } from './values/token.js';
import { type UriQuery, uriType, type UriValue } from './values/uri.js';

/** The values of each parameter type served. */
export interface Values {
  string: StringValue;
  token: TokenValue;
  reference: ReferenceValue;
  date: Interval;
  number: Interval;
  quantity: QuantityValue;
  uri: UriValue;
  composite: CompositeValue;
  /** Of special parameters there is one: `near`. */
  special: Position;
}

/** What is asked for with each parameter type served. */
export interface Queries {
  string: StringQuery;
  token: TokenQuery;
  reference: ReferenceQuery;
  date: IntervalQuery;
  number: IntervalQuery;
  quantity: QuantityQuery;
  uri: UriQuery;
  composite: CompositeQuery;
  special: NearQuery;
}

/** The search parameter types served so far. */
export type ServedType = keyof Queries;

type ParameterTypes = { readonly [T in ServedType]: ParameterType<Values[T], Queries[T]> };

const simple: Omit<ParameterTypes, 'composite' | 'special'> = {
  string: stringType,
  token: tokenType,
  reference: referenceType,
  date: dateType,
  number: numberType,
  quantity: quantityType,
  uri: uriType,
};

/** The meaning of each parameter type served. */
export const parameterTypes: ParameterTypes = { ...simple, composite: compositeType(simple), special: nearType };
