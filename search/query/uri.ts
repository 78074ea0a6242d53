import { type UriQuery, uriType, type UriValue } from '../values/uri.js';
import type { ParameterQuery } from './parameter-query.js';
import { byTerms } from './terms.js';

/** URIs by their text. */
export const uriQuery: ParameterQuery<UriValue, UriQuery> = byTerms('uri', uriType);
