import { termPart } from '../term.js';
import type { QuantityQuery, QuantityValue } from '../values/quantity.js';
import { bySpans } from './by-spans.js';
import type { Span, SpanType } from './spans.js';

// A unit as it is written, and the unit in which values of different units are compared.
const written = (unit: string): string => `~${termPart(unit)}`;
const compared = (unit: string): string => `=${termPart(unit)}`;

/** Quantities as spans: in the unit they are written in, and in the one their kind is compared in. */
export const quantitySpans: SpanType<QuantityValue, QuantityQuery> = {
  spans({ own, canonical, comparedIn, code, unit }) {
    const units = [code, unit].filter((each) => each !== '').map(written);
    const inOwn: Span = { ...own, units: ['', ...units] };
    return comparedIn === undefined ? [inOwn] : [inOwn, { ...canonical, units: [compared(comparedIn)] }];
  },
  query(query) {
    switch (query.kind) {
      case 'any':
        return { unit: '', interval: query.own, exact: true };
      case 'unit':
        return { unit: written(query.unit), interval: query.own, exact: true };
      case 'system':
        return { unit: '', interval: query.own, exact: false };
      case 'coded':
        return { unit: compared(query.comparedIn), interval: query.canonical, exact: true };
    }
  },
};

/** Quantities by number and unit. */
export const quantityQuery = bySpans(quantitySpans);
