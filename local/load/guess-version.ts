import type { FhirVersion } from '../../fhir/version.js';
import { type InputFile, readLines, readText } from './input-file.js';

type Json = Readonly<Record<string, unknown>>;

const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Types that only one version has; STU3's are all of its own, R4's those one meets in practice. */
const onlyStu3 = new Set(
  `BodySite DataElement DeviceComponent EligibilityRequest EligibilityResponse ExpansionProfile ImagingManifest
  ProcedureRequest ProcessRequest ProcessResponse ReferralRequest Sequence ServiceDefinition`.split(/\s+/),
);
const onlyR4 = new Set(
  `BiologicallyDerivedProduct BodyStructure ChargeItemDefinition CoverageEligibilityRequest CoverageEligibilityResponse
  DeviceDefinition EventDefinition Evidence EvidenceVariable ExampleScenario ImmunizationEvaluation InsurancePlan Invoice
  MedicationKnowledge MolecularSequence ObservationDefinition OrganizationAffiliation ResearchDefinition ServiceRequest
  ResearchElementDefinition RiskEvidenceSynthesis SpecimenDefinition SubstanceSpecification TerminologyCapabilities
  VerificationResult`.split(/\s+/),
);

/** Elements that tell the versions apart, in types of which real data is full. */
const elementsOfStu3: Readonly<Record<string, readonly string[]>> = {
  CarePlan: ['context', 'definition'],
  Claim: ['organization', 'information', 'employmentImpacted', 'hospitalization'],
  Composition: ['class'],
  Condition: ['context', 'assertedDate'],
  DiagnosticReport: ['context', 'image', 'codedDiagnosis'],
  DocumentReference: ['indexed', 'class'],
  Encounter: ['reason'],
  ExplanationOfBenefit: ['organization', 'information'],
  ImagingStudy: ['context', 'availability', 'uid', 'accession'],
  Immunization: ['notGiven', 'date', 'practitioner', 'explanation'],
  MedicationRequest: ['context', 'definition'],
  Observation: ['context', 'related', 'comment'],
  Patient: ['animal'],
  Procedure: ['context', 'notDone', 'definition'],
  Provenance: ['period'],
  QuestionnaireResponse: ['parent', 'context'],
  Goal: ['status'],
  Device: ['model', 'udi'],
  MedicationStatement: ['taken', 'reasonNotTaken'],
  Appointment: ['indication', 'incomingReferral'],
};
const elementsOfR4: Readonly<Record<string, readonly string[]>> = {
  CarePlan: ['encounter', 'instantiatesCanonical'],
  CareTeam: ['encounter'],
  Claim: ['supportingInfo'],
  Condition: ['encounter', 'recordedDate'],
  Coverage: ['class'],
  DiagnosticReport: ['encounter', 'media', 'resultsInterpreter'],
  DocumentReference: ['category', 'date'],
  Encounter: ['reasonCode', 'reasonReference'],
  ExplanationOfBenefit: ['supportingInfo', 'total', 'use'],
  ImagingStudy: ['encounter', 'modality'],
  Immunization: ['occurrenceDateTime', 'occurrenceString'],
  MedicationRequest: ['encounter', 'doNotPerform', 'statusReason'],
  Observation: ['encounter', 'hasMember', 'derivedFrom', 'note'],
  Procedure: ['encounter', 'asserter', 'recorder'],
  Provenance: ['occurredPeriod', 'occurredDateTime'],
  QuestionnaireResponse: ['partOf', 'encounter'],
  Goal: ['lifecycleStatus', 'achievementStatus'],
  Device: ['udiCarrier', 'deviceName', 'distinctIdentifier'],
  Appointment: ['cancelationReason', 'reasonReference'],
};
const has = (resource: Json, elements: readonly string[] | undefined): boolean =>
  elements?.some((element) => resource[element] !== undefined) === true;

/** A statement of the FHIR version itself: `fhirVersion` of conformance resources, profiles of R4-only guides. */
function stated(resource: Json): FhirVersion | undefined {
  const { fhirVersion: number, meta } = resource;
  if (typeof number === 'string')
    return number.startsWith('4.0') ? 'r4' : number.startsWith('3.0') ? 'stu3' : undefined;
  const profiles = isJson(meta) && Array.isArray(meta['profile']) ? meta['profile'].map(String) : [];
  if (profiles.some((profile) => /\/STU3\/|\/DSTU3\//i.test(profile))) return 'stu3';
  return profiles.some((profile) => profile.startsWith('http://hl7.org/fhir/us/core/')) ? 'r4' : undefined;
}

/**
 * Guesses the FHIR version a resource was written in, from what only one version has.
 * @param value a resource; of a bundle the entries are looked at until one tells.
 * @returns undefined when nothing tells.
 */
export function guessVersion(value: unknown): FhirVersion | undefined {
  if (!isJson(value)) return undefined;
  const type = String(value['resourceType']);
  if (type === 'Bundle' && Array.isArray(value['entry'])) {
    for (const entry of value['entry']) {
      const guess = isJson(entry) ? guessVersion(entry['resource']) : undefined;
      if (guess !== undefined) return guess;
    }
    return undefined;
  }
  const said = stated(value);
  if (said !== undefined) return said;
  if (onlyStu3.has(type)) return 'stu3';
  if (onlyR4.has(type)) return 'r4';
  const status = value['clinicalStatus'];
  if (type === 'Condition' || type === 'AllergyIntolerance') {
    if (typeof status === 'string') return 'stu3';
    if (isJson(status)) return 'r4';
  }
  const [ofStu3, ofR4] = [has(value, elementsOfStu3[type]), has(value, elementsOfR4[type])];
  return ofStu3 === ofR4 ? undefined : ofStu3 ? 'stu3' : 'r4';
}

const linesLookedAt = 200;

async function guessOfFile(file: InputFile): Promise<FhirVersion | undefined> {
  try {
    if (file.format === 'json') return guessVersion(JSON.parse(await readText(file)));
    for await (const { number, text } of readLines(file)) {
      const guess = guessVersion(JSON.parse(text));
      if (guess !== undefined || number > linesLookedAt) return guess;
    }
  } catch {
    // What is wrong with the file is said when it is loaded.
  }
  return undefined;
}

/**
 * Guesses the version of each file. A file that does not tell (an Organization looks the same in both) takes the
 * version of the other files in its folder, if they agree.
 * @param files the files.
 * @returns the version of each file by its path; undefined where it has to be told.
 */
export async function guessVersions(files: readonly InputFile[]): Promise<Map<string, FhirVersion | undefined>> {
  const guesses = new Map<string, FhirVersion | undefined>();
  const folders = new Map<string, Set<FhirVersion>>();
  for (const file of files) {
    const guess = await guessOfFile(file);
    guesses.set(file.path, guess);
    const ofFolder = folders.get(file.folder) ?? new Set();
    if (guess !== undefined) ofFolder.add(guess);
    folders.set(file.folder, ofFolder);
  }
  for (const file of files) {
    const [only, ...others] = folders.get(file.folder) ?? [];
    if (guesses.get(file.path) === undefined && others.length === 0) guesses.set(file.path, only);
  }
  return guesses;
}
