import type { FhirVersion } from '../../fhir/version.js';

const noType = "fhirpath.js's model lacks this element: the same value, but its type is given as Object";

/** The pairs where the extractors and fhirpath.js 5.2.2 differ, and why the extractors stay as they are. */
export const acceptedDifferences: Readonly<Record<FhirVersion, Readonly<Record<string, string>>>> = {
  r4: {
    'Patient.deceased':
      'a deceasedBoolean without a value (data-absent-reason) is compared with false: FHIRPath says {}, fhirpath.js true',
    'DeviceDefinition.classification': noType,
  },
  stu3: {
    'Claim.payee': noType,
    'ExplanationOfBenefit.payee': noType,
  },
};
