import { invalidRequest, notFound } from '../../fhir/outcome.js';
import type { CodeSystem, ConceptDefinition, Designation } from '../../fhir/terminology/code-system.js';
import { type Concept, type Concepts, conceptsOf } from '../../fhir/terminology/concepts.js';
import { displayIn, isLanguage } from '../../fhir/terminology/display.js';
import { canonicalText } from '../../fhir/terminology/finder.js';
import type { Coding } from '../../fhir/terminology/validate-code.js';
import { clip } from '../resource-type.js';
import type { Caller, FhirServer } from '../server.js';
import { terminologyFinder } from '../terminology.js';
import { systemBeside } from './coding-input.js';
import { inputElement, type OperationInput, inputText, inputTexts } from './input.js';
import type { Operation } from './operation.js';
import { type OutputParameter, parametersOf } from './parameters.js';
import { requireNow } from './terminology-input.js';

/** `CodeSystem/$lookup`: what is known of a code. https://hl7.org/fhir/R4/codesystem-operation-lookup.html */
export const lookup: Operation = {
  name: 'lookup',
  definition: 'http://hl7.org/fhir/OperationDefinition/CodeSystem-lookup',
  levels: ['type'],
  types: ['CodeSystem'],
  affectsState: false,
  needs: 'read',
  parameters: [
    { name: 'code', type: 'code' },
    { name: 'system', type: 'uri' },
    { name: 'version', type: 'string' },
    { name: 'coding', type: 'Coding' },
    { name: 'date', type: 'dateTime' },
    { name: 'displayLanguage', type: 'code' },
    { name: 'property', type: 'code', repeats: true },
  ],
  async run(server, caller, { input }) {
    requireNow(server, input);
    const { system = '', code = '', version } = askedFor(input);
    const concepts = await requireCodeSystem(server, caller, system, version);
    const concept = requireConcept(concepts, code);
    const properties = inputTexts(input, 'property');
    return {
      kind: 'resource',
      resource: parametersOf(describe(concepts.codeSystem, concept, properties, inputText(input, 'displayLanguage'))),
    };
  },
};

function askedFor(input: OperationInput): Coding {
  const coding = inputElement(input, 'coding') as Coding | undefined;
  const code = inputText(input, 'code');
  if ((coding === undefined) === (code === undefined)) {
    throw invalidRequest('Either code and system are needed, or coding', 'code');
  }
  const asked: Coding = {
    ...(code === undefined ? coding : { code }),
    ...systemBeside(input, coding, 'version'),
  };
  if (asked.system === undefined) throw invalidRequest('A code needs the system it is of', 'system');
  if (asked.code === undefined) throw invalidRequest('The coding has no code', 'coding');
  return asked;
}

/**
 * The concepts of the code system with a URL.
 * @throws OperationOutcomeError 404 when it is not known.
 */
export async function requireCodeSystem(
  server: FhirServer,
  caller: Caller,
  system: string,
  version: string | undefined,
): Promise<Concepts> {
  const canonical = { url: system, ...(version === undefined ? {} : { version }) };
  const codeSystem = await terminologyFinder(server, caller).codeSystem(canonical);
  if (codeSystem === undefined) throw notFound(`The code system ${clip(canonicalText(canonical))}`);
  return conceptsOf(codeSystem);
}

/**
 * The concept of a code.
 * @throws OperationOutcomeError 404 when the code system does not have it, as far as this server knows.
 */
export function requireConcept(concepts: Concepts, code: string): Concept {
  const concept = concepts.find(code);
  if (concept !== undefined) return concept;
  const { url = '', content } = concepts.codeSystem;
  const isWhole = concepts.ruled === true || content === undefined || content === 'complete';
  const part = isWhole ? '' : ', of which this server has a part only,';
  throw notFound(`The code "${clip(code)}" of ${clip(url)}${part}`);
}

/** @param wanted the properties asked for; everything without. */
function describe(
  codeSystem: CodeSystem,
  concept: Concept,
  wanted: readonly string[],
  language: string | undefined,
): OutputParameter[] {
  const wants = (property: string): boolean => wanted.length === 0 || wanted.includes(property);
  const { name, title, url, version } = codeSystem;
  const languages = wanted.flatMap((each) => (each.startsWith('lang.') ? [each.slice('lang.'.length)] : []));
  const designations = (concept.definition.designation ?? []).filter(
    (designation) => wants('designation') || languages.some((each) => isLanguage(designation.language, each)),
  );
  return [
    { name: 'name', valueString: name ?? title ?? url ?? '' },
    ...(version === undefined ? [] : [{ name: 'version', valueString: version }]),
    // A display must be there: a concept without one is shown by its code.
    { name: 'display', valueString: displayIn(concept.definition, language) ?? concept.code },
    ...designations.map(designationOf),
    ...propertiesOf(concept)
      .filter(({ code }) => wants(code))
      .map(propertyOf),
  ];
}

const designationOf = ({ language, use, value }: Designation): OutputParameter => ({
  name: 'designation',
  part: [
    ...(language === undefined ? [] : [{ name: 'language', valueCode: language }]),
    ...(use === undefined ? [] : [{ name: 'use', valueCoding: use }]),
    { name: 'value', valueString: value },
  ],
});

interface Property {
  readonly code: string;
  readonly value: object;
  readonly description?: string | undefined;
}

/** What is said of a concept beside its names; parents and children are said by the hierarchy, whatever its form. */
function propertiesOf(concept: Concept): Property[] {
  const { definition } = concept;
  const related = (code: string, concepts: readonly Concept[]): Property[] =>
    concepts.map((each) => ({ code, value: { valueCode: each.code }, description: each.definition.display }));
  return [
    ...(definition.definition === undefined
      ? []
      : [{ code: 'definition', value: { valueString: definition.definition } }]),
    { code: 'inactive', value: { valueBoolean: concept.inactive } },
    ...related('parent', concept.parents),
    ...related('child', concept.children),
    ...ownProperties(definition),
  ];
}

const ownProperties = ({ property = [] }: ConceptDefinition): Property[] =>
  property
    .filter(({ code }) => code !== 'parent' && code !== 'child' && code !== 'inactive')
    .map(({ code, ...value }) => ({ code, value }));

const propertyOf = ({ code, value, description }: Property): OutputParameter => ({
  name: 'property',
  part: [
    { name: 'code', valueCode: code },
    { name: 'value', ...value },
    ...(description === undefined ? [] : [{ name: 'description', valueString: description }]),
  ],
});
