import type { Resource } from '../../fhir/resource.js';

/** One parameter of an answer: `{ name, valueString: … }`, `{ name, resource }` or `{ name, part: […] }`. */
export interface OutputParameter {
  readonly name: string;
  readonly part?: readonly OutputParameter[];
  readonly [value: string]: unknown;
}

/** A Parameters resource, as operations answer it. https://hl7.org/fhir/R4/parameters.html */
export const parametersOf = (parameter: readonly OutputParameter[]): Resource => ({
  resourceType: 'Parameters',
  ...(parameter.length === 0 ? {} : { parameter }),
});
