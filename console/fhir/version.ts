/** The FHIR versions there are, by the names that stand in URLs. */
export const fhirVersions = ['r4', 'stu3'] as const;
export type FhirVersion = (typeof fhirVersions)[number];

/** As people write it. */
export const versionName = (version: FhirVersion): string => version.toUpperCase();

/** Whether a text names a version. */
export const isFhirVersion = (text: string): text is FhirVersion => (fhirVersions as readonly string[]).includes(text);
