import { expect, test } from '@jest/globals';
import { loadDefinitions } from '../../../fhir/load-definitions.js';
import type { Resource } from '../../../fhir/resource.js';
import { documentTerms, guarded } from '../../../search/document.js';
import { documentOf } from '../../../search/opensearch/document.js';
import { defaultTenant } from '../../../persistence/keys.js';

test('both indexes know which Binaries have a security context, and of nothing else', async () => {
  const definitions = await loadDefinitions('r4');
  const knows = (resource: Resource): readonly boolean[] => {
    const envelope = {
      tenant: defaultTenant,
      type: resource.resourceType,
      id: 'a',
      versionId: 1,
      lastUpdated: '2026-01-01T00:00:00.000Z',
    };
    const { present } = documentOf('-', definitions, { ...envelope, compartments: [], resource });
    return [(present as readonly string[]).includes(guarded), guarded in documentTerms(definitions, resource)];
  };
  const securityContext = { reference: 'Patient/1' };
  expect(knows({ resourceType: 'Binary', id: 'a', securityContext })).toEqual([true, true]);
  expect(knows({ resourceType: 'Binary', id: 'a' })).toEqual([false, false]);
  expect(knows({ resourceType: 'Basic', id: 'a', securityContext })).toEqual([false, false]);
});
