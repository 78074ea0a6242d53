/**
 * STU3 defines some parameters once for several types. Their URLs end with these words instead of `<type>-<code>`;
 * the annotations do not say so. http://hl7.org/fhir/STU3/searchparameter-registry.html
 */
const sharedParameters: Readonly<Record<string, string>> = {
  'clinical-code':
    'AllergyIntolerance Condition DeviceRequest DiagnosticReport FamilyMemberHistory List Observation Procedure ' +
    'ProcedureRequest',
  'clinical-date':
    'AllergyIntolerance CarePlan CareTeam ClinicalImpression Composition Consent DetectedIssue DiagnosticReport ' +
    'Encounter EpisodeOfCare FamilyMemberHistory Flag Immunization List Observation Procedure RiskAssessment ' +
    'SupplyRequest',
  'clinical-encounter':
    'Composition DeviceRequest DiagnosticReport DocumentReference Flag List NutritionOrder Observation Procedure ' +
    'ProcedureRequest RiskAssessment VisionPrescription',
  'clinical-identifier':
    'AllergyIntolerance CarePlan CareTeam Composition Condition Consent DetectedIssue DeviceRequest DiagnosticReport ' +
    'DocumentManifest DocumentReference Encounter EpisodeOfCare FamilyMemberHistory Goal ImagingStudy Immunization ' +
    'List NutritionOrder Observation Procedure ProcedureRequest RiskAssessment SupplyDelivery SupplyRequest ' +
    'VisionPrescription',
  'clinical-patient':
    'AllergyIntolerance CarePlan CareTeam ClinicalImpression Composition Condition Consent DetectedIssue ' +
    'DeviceRequest DeviceUseStatement DiagnosticReport DocumentManifest DocumentReference Encounter EpisodeOfCare ' +
    'FamilyMemberHistory Flag Goal ImagingManifest ImagingStudy Immunization List NutritionOrder Observation ' +
    'Procedure ProcedureRequest ReferralRequest RiskAssessment SupplyDelivery VisionPrescription',
  'clinical-type':
    'AllergyIntolerance Composition DocumentManifest DocumentReference Encounter EpisodeOfCare ReferralRequest',
  'individual-address': 'Patient Person Practitioner RelatedPerson',
  'individual-address-city': 'Patient Person Practitioner RelatedPerson',
  'individual-address-country': 'Patient Person Practitioner RelatedPerson',
  'individual-address-postalcode': 'Patient Person Practitioner RelatedPerson',
  'individual-address-state': 'Patient Person Practitioner RelatedPerson',
  'individual-address-use': 'Patient Person Practitioner RelatedPerson',
  'individual-birthdate': 'Patient Person RelatedPerson',
  'individual-email': 'Patient Person Practitioner PractitionerRole RelatedPerson',
  'individual-family': 'Patient Practitioner',
  'individual-gender': 'Patient Person Practitioner RelatedPerson',
  'individual-given': 'Patient Practitioner',
  'individual-phone': 'Patient Person Practitioner PractitionerRole RelatedPerson',
  'individual-phonetic': 'Patient Person Practitioner RelatedPerson',
  'individual-telecom': 'Patient Person Practitioner PractitionerRole RelatedPerson',
  'medications-code': 'Medication MedicationAdministration MedicationDispense MedicationRequest MedicationStatement',
  'medications-date': 'MedicationRequest',
  'medications-identifier': 'MedicationAdministration MedicationDispense MedicationRequest MedicationStatement',
  'medications-medication': 'MedicationAdministration MedicationDispense MedicationRequest MedicationStatement',
  'medications-patient': 'MedicationAdministration MedicationDispense MedicationRequest MedicationStatement',
  'medications-prescription': 'MedicationAdministration MedicationDispense',
  'medications-status': 'MedicationAdministration MedicationDispense MedicationRequest MedicationStatement',
};

const names: ReadonlyMap<string, string> = new Map(
  Object.entries(sharedParameters).flatMap(([name, types]) =>
    types.split(' ').map((type) => [`${type}-${name.slice(name.indexOf('-') + 1)}`, name]),
  ),
);

/**
 * The canonical URL of an STU3 search parameter.
 * @param type the resource type it is for.
 * @param code its code.
 * @returns `http://hl7.org/fhir/SearchParameter/` and the definition's id.
 */
export function searchParameterUrl(type: string, code: string): string {
  const own = `${type}-${code}`;
  return `http://hl7.org/fhir/SearchParameter/${names.get(own) ?? own}`;
}
