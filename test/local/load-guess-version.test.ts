import { describe, expect, test } from '@jest/globals';
import { guessVersion } from '../../local/load/guess-version.js';

describe('the version a resource was written in is guessed from', () => {
  test.each([
    ['a type only R4 has', { resourceType: 'ServiceRequest' }, 'r4'],
    ['a type only STU3 has', { resourceType: 'ProcedureRequest' }, 'stu3'],
    ['an element only R4 has', { resourceType: 'Observation', encounter: {} }, 'r4'],
    ['an element only STU3 has', { resourceType: 'Observation', context: {} }, 'stu3'],
    ['a coded clinicalStatus', { resourceType: 'Condition', clinicalStatus: {} }, 'r4'],
    ['a clinicalStatus in a word', { resourceType: 'Condition', clinicalStatus: 'active' }, 'stu3'],
    ['the version it states', { resourceType: 'StructureDefinition', fhirVersion: '3.0.1' }, 'stu3'],
    [
      'its profile',
      {
        resourceType: 'Patient',
        meta: { profile: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient'] },
      },
      'r4',
    ],
    [
      'the first entry that tells',
      {
        resourceType: 'Bundle',
        entry: [{ resource: { resourceType: 'Patient' } }, { resource: { resourceType: 'Sequence' } }],
      },
      'stu3',
    ],
    ['nothing, when both have it', { resourceType: 'Organization', name: 'x' }, undefined],
    ['nothing, when it says both', { resourceType: 'Observation', context: {}, encounter: {} }, undefined],
    ['nothing, of R5', { resourceType: 'StructureDefinition', fhirVersion: '5.0.0' }, undefined],
    ['nothing, when it is no resource', ['Patient'], undefined],
  ])('%s', (_from, resource, version) => {
    expect(guessVersion(resource)).toBe(version);
  });
});
