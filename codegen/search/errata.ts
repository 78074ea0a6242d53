import type { CompartmentSource, SearchParameterSource, SourceDefinitions } from '../definitions.js';

/** A definition whose text finds the wrong resources, and what is compiled instead. */
interface Erratum {
  readonly version: SourceDefinitions['version'];
  readonly url: string;
  readonly reason: string;
  correct(parameter: SearchParameterSource): SearchParameterSource;
}

const base = 'http://hl7.org/fhir/SearchParameter';

/** `relatesto` stands for `target` and `relation` for `code`; R4 and STU3 have them the other way round. */
const crossedComponents = (parameter: SearchParameterSource): SearchParameterSource => ({
  ...parameter,
  component: parameter.component.map(({ definition }) => ({
    definition,
    expression: definition.endsWith('relatesto') ? 'target' : 'code',
  })),
});

/** The corrections of the specification's search parameters; each is one that HL7 made or confirmed later. */
export const errata: readonly Erratum[] = [
  {
    version: 'stu3',
    url: `${base}/Patient-deceased`,
    reason: 'Patient.deceased.exists() calls a patient dead whose record says deceasedBoolean: false; R4 corrected it',
    correct: (parameter) => ({
      ...parameter,
      expression: 'Patient.deceased.exists() and Patient.deceased != false',
    }),
  },
  {
    version: 'stu3',
    url: `${base}/Condition-abatement-boolean`,
    reason: 'a union of is() gives true and false for every abated condition; meant is "true, or not a boolean"',
    correct: (parameter) => ({ ...parameter, expression: 'Condition.abatement != false' }),
  },
  {
    version: 'stu3',
    url: `${base}/Location-near`,
    reason: 'it is called a token, but is a place that near-distance is measured from; R4 calls it special',
    correct: (parameter) => ({ ...parameter, type: 'special' }),
  },
  {
    version: 'r4',
    url: `${base}/DocumentReference-relationship`,
    reason: "the components' expressions are crossed, so that a reference was compared with a code",
    correct: crossedComponents,
  },
];

/**
 * Applies the errata of a version.
 * @param source the definitions as published.
 * @returns its search parameters, corrected.
 * @throws Error when a parameter to correct is not there.
 */
export function correctedSearchParameters(source: SourceDefinitions): SearchParameterSource[] {
  const due = errata.filter(({ version }) => version === source.version);
  for (const { url } of due) {
    if (!source.searchParameters.some((parameter) => parameter.url === url)) throw new Error(`${url} is not there`);
  }
  return source.searchParameters.map(
    (parameter) => due.find(({ url }) => url === parameter.url)?.correct(parameter) ?? parameter,
  );
}

/**
 * STU3's Patient compartment goes through chains there (`agent.patient`), which one resource alone cannot answer.
 * R4 names `patient` instead: the patients that the resource itself refers to.
 */
const chainedParameter = /[.]/;

/**
 * Applies the erratum on the compartments.
 * @param source the definitions as published.
 * @returns its compartments; `patient` stands for each chained parameter.
 */
export const correctedCompartments = (source: SourceDefinitions): CompartmentSource[] =>
  source.compartments.map(({ name, resources }) => ({
    name,
    resources: resources.map(({ type, parameters }) => ({
      type,
      parameters: [...new Set(parameters.map((code) => (chainedParameter.test(code) ? 'patient' : code)))],
    })),
  }));
