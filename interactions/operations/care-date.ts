import type { FhirDefinitions } from '../../fhir/definitions.js';
import { parseJson } from '../../fhir/json.js';
import type { Resource } from '../../fhir/resource.js';
import type { StoredVersion } from '../../persistence/resource-store.js';
import { match } from '../../search/match.js';
import { parseSearch } from '../../search/parse.js';
import { requireUnchained, type SearchRequest } from '../../search/request.js';

/**
 * The search parameters that say when care was given, by resource type; those a version does not have do not count.
 * Types that are not here, such as Condition, Coverage and AllergyIntolerance, hold for longer than a day of care.
 */
const careDates: Readonly<Record<string, string>> = {
  Appointment: 'date',
  AuditEvent: 'date',
  ChargeItem: 'occurrence',
  Claim: 'created',
  ClaimResponse: 'created',
  ClinicalImpression: 'date',
  Communication: 'sent',
  CommunicationRequest: 'authored',
  Composition: 'date',
  DeviceRequest: 'authored-on',
  DiagnosticReport: 'date',
  DocumentManifest: 'created',
  Encounter: 'date',
  EpisodeOfCare: 'date',
  ExplanationOfBenefit: 'created',
  ImagingStudy: 'started',
  Immunization: 'date',
  Invoice: 'date',
  MeasureReport: 'date',
  Media: 'created',
  MedicationAdministration: 'effective-time',
  MedicationDispense: 'whenhandedover',
  MedicationRequest: 'authoredon',
  MedicationStatement: 'effective',
  NutritionOrder: 'datetime',
  Observation: 'date',
  Procedure: 'date',
  ProcedureRequest: 'authored',
  QuestionnaireResponse: 'authored',
  ReferralRequest: 'authored-on',
  RequestGroup: 'authored',
  RiskAssessment: 'date',
  ServiceRequest: 'authored',
  Specimen: 'collected',
  SupplyDelivery: 'date',
  SupplyRequest: 'date',
  VisionPrescription: 'datewritten',
};

/** Dates of care, as `$everything` has them: each is a date of any precision, both belong to the range. */
export interface CareDates {
  readonly start?: string | undefined;
  readonly end?: string | undefined;
}

/**
 * Whether care was given in a range of dates. Resources that hold for longer, or do not say when, are not left out:
 * a record with a gap nobody sees is worse than a long one.
 * @returns the test; undefined when all dates are asked for.
 */
export function careDateTest(
  definitions: FhirDefinitions,
  { start, end }: CareDates,
): ((version: StoredVersion) => boolean) | undefined {
  if (start === undefined && end === undefined) return undefined;
  const requests = new Map<string, SearchRequest | undefined>();
  return (version) => {
    const { type } = version;
    const code = Object.hasOwn(careDates, type) ? careDates[type] : undefined;
    const parameter = code === undefined ? undefined : definitions.searchParameters.find(type, code);
    if (code === undefined || parameter === undefined) return true;
    const resource = parseJson(version.body) as Resource;
    if (parameter.extract(resource).length === 0) return true;
    const request = requests.get(type) ?? rangeRequest(definitions, type, code, { start, end });
    requests.set(type, request);
    return match(request, resource);
  };
}

const rangeRequest = (
  definitions: FhirDefinitions,
  type: string,
  code: string,
  { start, end }: CareDates,
): SearchRequest =>
  requireUnchained(
    parseSearch(
      definitions,
      type,
      [
        ...(start === undefined ? [] : [[code, `ge${start}`] as const]),
        ...(end === undefined ? [] : [[code, `le${end}`] as const]),
      ],
      { handling: 'strict', defaultCount: 1, maxCount: 1, now: 0 },
    ),
  );
