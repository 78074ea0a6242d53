import type { FhirVersion } from '../../fhir/version.js';

const r4bType = 'SubscriptionStatus is of R4B; fhirpath.js does not know it in R4, so that Resource.… selects nothing';
const noType = "fhirpath.js's model lacks this element: the same value, but its type is given as Object";

/** The pairs where the extractors and fhirpath.js 5.2.2 differ, and why the extractors stay as they are. */
export const acceptedDifferences: Readonly<Record<FhirVersion, Readonly<Record<string, string>>>> = {
  r4: {
    'Patient.deceased':
      'a deceasedBoolean without a value (data-absent-reason) is compared with false: FHIRPath says {}, fhirpath.js true',
    'DeviceDefinition.classification': noType,
    'SubscriptionStatus._id': r4bType,
    'SubscriptionStatus._lastUpdated': r4bType,
    'SubscriptionStatus._profile': r4bType,
    'SubscriptionStatus._security': r4bType,
    'SubscriptionStatus._source': r4bType,
    'SubscriptionStatus._tag': r4bType,
  },
  stu3: {
    'Claim.payee': noType,
    'ExplanationOfBenefit.payee': noType,
  },
};
