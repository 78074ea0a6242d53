import { fhirVersionNumbers } from '../../fhir/version.js';
import type { Operation } from './operation.js';
import { parametersOf } from './parameters.js';

/**
 * `$versions`: the version of FHIR that is served here; each has a base URL of its own.
 * https://hl7.org/fhir/R4/capabilitystatement-operation-versions.html
 */
export const versions: Operation = {
  name: 'versions',
  definition: 'http://hl7.org/fhir/OperationDefinition/CapabilityStatement-versions',
  versions: ['r4'],
  levels: ['system'],
  types: [],
  affectsState: false,
  needs: 'capabilities',
  parameters: [],
  run({ definitions }) {
    const valueCode = fhirVersionNumbers[definitions.version].split('.').slice(0, 2).join('.');
    const resource = parametersOf([
      { name: 'version', valueCode },
      { name: 'default', valueCode },
    ]);
    return Promise.resolve({ kind: 'resource', resource });
  },
};
