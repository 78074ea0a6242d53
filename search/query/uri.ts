import { type UriQuery, uriType } from '../values/uri.js';
import type { ParameterQuery } from './parameter-query.js';
import { byTerms } from './terms.js';

/** URIs by their text. */
export const uriQuery: ParameterQuery<string, UriQuery> = byTerms('uri', uriType);
