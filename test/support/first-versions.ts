import type { Resource } from '../../fhir/resource.js';
import { defaultTenant } from '../../persistence/keys.js';
import type { Indexable } from '../../search/search-index.js';

/** The first versions of resources as an index takes them, in no compartment. */
export const firstVersions = (resources: readonly Resource[]): Indexable[] =>
  resources.map((resource) => ({
    tenant: defaultTenant,
    type: resource.resourceType,
    id: resource.id ?? '',
    versionId: 1,
    lastUpdated: '2020-01-01T00:00:00.000Z',
    compartments: [],
    resource,
  }));
