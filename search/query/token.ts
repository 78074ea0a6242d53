import { type TokenQuery, tokenType, type TokenValue } from '../values/token.js';
import type { ParameterQuery } from './parameter-query.js';
import { byTerms } from './terms.js';

/** Codes by their terms: the code with its system, and the system alone. */
export const tokenQuery: ParameterQuery<TokenValue, TokenQuery> = byTerms('tok', tokenType);
