import type { Position } from '../sphere.js';
import { type NearQuery, nearType } from '../values/near.js';
import type { ParameterQuery } from './parameter-query.js';
import { byTerms } from './terms.js';

/** Positions by the cells they are in; `match` measures the distance. */
export const nearQuery: ParameterQuery<Position, NearQuery> = byTerms('tok', nearType);
