/** Resource types by what they are about, for people; a type that stands nowhere here is among the others. */
const groups: readonly (readonly [name: string, types: string])[] = [
  [
    'People and places',
    'Patient RelatedPerson Person Practitioner PractitionerRole Organization OrganizationAffiliation Location HealthcareService Endpoint Group',
  ],
  [
    'Care',
    'Encounter EpisodeOfCare Condition Procedure AllergyIntolerance CarePlan CareTeam Goal FamilyMemberHistory ClinicalImpression AdverseEvent DetectedIssue RiskAssessment Flag List NutritionOrder VisionPrescription',
  ],
  [
    'Findings',
    'Observation DiagnosticReport Specimen ImagingStudy ImagingManifest Media BodyStructure BodySite MolecularSequence Sequence QuestionnaireResponse',
  ],
  [
    'Medications',
    'Medication MedicationRequest MedicationStatement MedicationAdministration MedicationDispense MedicationKnowledge Immunization ImmunizationEvaluation ImmunizationRecommendation',
  ],
  [
    'Orders and appointments',
    'ServiceRequest ProcedureRequest ReferralRequest RequestGroup DeviceRequest DeviceUseStatement SupplyRequest SupplyDelivery Task Appointment AppointmentResponse Schedule Slot Communication CommunicationRequest',
  ],
  ['Documents and audit', 'DocumentReference DocumentManifest Composition Consent Provenance AuditEvent Binary Bundle'],
  [
    'Money',
    'Claim ClaimResponse Coverage CoverageEligibilityRequest CoverageEligibilityResponse EligibilityRequest EligibilityResponse EnrollmentRequest EnrollmentResponse ExplanationOfBenefit Account ChargeItem ChargeItemDefinition Contract Invoice InsurancePlan PaymentNotice PaymentReconciliation',
  ],
  [
    'Devices and substances',
    'Device DeviceComponent DeviceDefinition DeviceMetric Substance BiologicallyDerivedProduct',
  ],
];

const groupOf = new Map(groups.flatMap(([name, types]) => types.split(' ').map((type) => [type, name] as const)));
const others = 'Definitions and others';
const order = new Map([...groupOf.keys()].map((type, place) => [type, place] as const));

/** What a resource type is about, for people. */
export const groupNameOf = (type: string): string => groupOf.get(type) ?? others;

/** Types in groups, each group in the order above, nothing lost. */
export function inGroups(types: readonly string[]): readonly (readonly [name: string, types: readonly string[]])[] {
  const found = new Map<string, string[]>([...groups.map(([name]) => [name, []] as [string, string[]]), [others, []]]);
  const rank = (type: string): number => order.get(type) ?? order.size;
  for (const type of types.toSorted((a, b) => rank(a) - rank(b) || a.localeCompare(b)))
    found.get(groupNameOf(type))?.push(type);
  return [...found].filter(([, each]) => each.length > 0);
}
