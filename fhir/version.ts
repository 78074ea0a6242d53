/** The FHIR versions served, by the first segment of their base path. */
export const fhirVersions = ['r4', 'stu3'] as const;

/** A FHIR version served: `r4` is 4.0.1, `stu3` is 3.0.2. */
export type FhirVersion = (typeof fhirVersions)[number];

/** The `fhirVersion` a capability statement of the version states. */
export const fhirVersionNumbers: Readonly<Record<FhirVersion, string>> = { r4: '4.0.1', stu3: '3.0.2' };
