import type { SearchParameterSource } from '../definitions.js';

const parameter = (base: string, code: string, type: string, path?: string): SearchParameterSource => ({
  url: `http://hl7.org/fhir/SearchParameter/${base}-${code.slice(1)}`,
  code,
  base: [base],
  type,
  ...(path === undefined ? {} : { expression: `${base}.${path}` }),
  target: [],
  component: [],
});

/**
 * The search parameters of every type, which no annotation has.
 * http://hl7.org/fhir/STU3/resource.html#search, http://hl7.org/fhir/STU3/domainresource.html#search
 */
export const resourceParameters: readonly SearchParameterSource[] = [
  parameter('DomainResource', '_text', 'string'),
  parameter('Resource', '_content', 'string'),
  parameter('Resource', '_id', 'token', 'id'),
  parameter('Resource', '_lastUpdated', 'date', 'meta.lastUpdated'),
  parameter('Resource', '_profile', 'uri', 'meta.profile'),
  parameter('Resource', '_query', 'token'),
  parameter('Resource', '_security', 'token', 'meta.security'),
  parameter('Resource', '_tag', 'token', 'meta.tag'),
];
