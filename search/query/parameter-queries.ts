import type { Queries, ServedType, Values } from '../parameter-types.js';
import { compositeQuery } from './composite.js';
import { dateQuery } from './date.js';
import { nearQuery } from './near.js';
import { numberQuery } from './number.js';
import type { ParameterQuery } from './parameter-query.js';
import { quantityQuery } from './quantity.js';
import { referenceQuery } from './reference.js';
import { stringQuery } from './string.js';
import { tokenQuery } from './token.js';
import { uriQuery } from './uri.js';

/** How OpenSearch finds the values of each parameter type served. */
export const parameterQueries: { readonly [T in ServedType]: ParameterQuery<Values[T], Queries[T]> } = {
  string: stringQuery,
  token: tokenQuery,
  reference: referenceQuery,
  date: dateQuery,
  number: numberQuery,
  quantity: quantityQuery,
  uri: uriQuery,
  composite: compositeQuery,
  special: nearQuery,
};
