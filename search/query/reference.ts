import { type ReferenceQuery, referenceType, type ReferenceValue } from '../values/reference.js';
import type { ParameterQuery } from './parameter-query.js';
import { byTerms } from './terms.js';

/** References by their terms: id, type and base, or a URL; the identifiers in them as tokens. */
export const referenceQuery: ParameterQuery<ReferenceValue, ReferenceQuery> = byTerms('ref', referenceType);
