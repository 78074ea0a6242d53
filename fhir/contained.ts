import type { Resource } from './resource.js';

/** The resources that a resource contains. https://hl7.org/fhir/R4/references.html#contained */
export const containedIn = (resource: Resource): Resource[] =>
  Array.isArray(resource['contained'])
    ? (resource['contained'] as (Resource | null)[]).flatMap((each) =>
        typeof each?.resourceType === 'string' ? [each] : [],
      )
    : [];
