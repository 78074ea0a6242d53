import { parseJson } from '../../fhir/json.js';
import { invalidRequest, notFound } from '../../fhir/outcome.js';
import { type ConceptMap, type OtherElement, valueSetOfMap } from '../../fhir/terminology/concept-map.js';
import { canonicalText, parseCanonical } from '../../fhir/terminology/finder.js';
import { type Dependency, translate, type Translation } from '../../fhir/terminology/translate.js';
import type { Coding } from '../../fhir/terminology/validate-code.js';
import { findConceptMap, findConceptMaps } from '../concept-maps.js';
import { read } from '../read.js';
import { clip } from '../resource-type.js';
import type { Caller, FhirServer } from '../server.js';
import { codingsOf } from './coding-input.js';
import { inputFlag, inputResource, type OperationInput, inputText } from './input.js';
import type { Invocation, Operation } from './operation.js';
import { type OutputParameter, parametersOf } from './parameters.js';

/**
 * `ConceptMap/$translate`: what a code is in another code system, by the maps that are stored.
 * https://hl7.org/fhir/R4/conceptmap-operation-translate.html
 */
export const conceptMapTranslate: Operation = {
  name: 'translate',
  definition: 'http://hl7.org/fhir/OperationDefinition/ConceptMap-translate',
  levels: ['type', 'instance'],
  types: ['ConceptMap'],
  affectsState: false,
  needs: 'read',
  parameters: [
    { name: 'url', type: 'uri', versions: ['r4'] },
    { name: 'conceptMap', type: 'ConceptMap', versions: ['r4'] },
    { name: 'conceptMapVersion', type: 'string', versions: ['r4'] },
    { name: 'code', type: 'code' },
    { name: 'system', type: 'uri' },
    { name: 'version', type: 'string' },
    { name: 'source', type: 'uri' },
    { name: 'coding', type: 'Coding' },
    { name: 'codeableConcept', type: 'CodeableConcept' },
    { name: 'target', type: 'uri' },
    { name: 'targetsystem', type: 'uri' },
    { name: 'dependency', type: 'part', repeats: true },
    { name: 'reverse', type: 'boolean' },
  ],
  async run(server, caller, invocation) {
    const { input } = invocation;
    const codings = codingsOf(input, 'version');
    if (input.has('code') && !input.has('system')) throw invalidRequest('A code needs the system it is of', 'system');
    const reverse = inputFlag(input, 'reverse') ?? false;
    const options = {
      targetSystem: inputText(input, 'targetsystem'),
      reverse,
      dependencies: (input.get('dependency') ?? []).map(({ value }) => dependencyOf(value)),
      otherMap: (canonical: string) => findConceptMap(server, caller, parseCanonical(canonical)),
    };
    const found: Translation[] = [];
    const missing = new Set<string>();
    const maps = new Set<ConceptMap>();
    for (const coding of codings) {
      for (const map of await mapsFor(server, caller, invocation, coding, reverse)) {
        maps.add(map);
        const translations = await translate(map, coding, options);
        found.push(...translations.found);
        for (const property of translations.missing) missing.add(property);
      }
    }
    return { kind: 'resource', resource: parametersOf(answer(found, missing, maps.size)) };
  },
};

interface Part {
  readonly name?: unknown;
  readonly valueUri?: unknown;
  readonly valueCodeableConcept?: { readonly coding?: readonly Coding[] };
}

function dependencyOf(value: unknown): Dependency {
  const parts = value as readonly Part[];
  const element = parts.find(({ name }) => name === 'element')?.valueUri;
  const concept = parts.find(({ name }) => name === 'concept')?.valueCodeableConcept;
  return { ...(typeof element === 'string' ? { element } : {}), codings: concept?.coding ?? [] };
}

/**
 * The maps a code is translated by: the instance, the one that is sent or named, or all that are about its system and
 * the value sets named. `reverse` turns source and target round.
 * @throws OperationOutcomeError 404 for a map that is named and not known, 400 when it is named twice.
 */
async function mapsFor(
  server: FhirServer,
  caller: Caller,
  { target, input }: Invocation,
  coding: Coding,
  reverse: boolean,
): Promise<readonly ConceptMap[]> {
  const sent = inputResource(input, 'conceptMap') as ConceptMap | undefined;
  const url = inputText(input, 'url');
  const named = [...(sent === undefined ? [] : ['conceptMap']), ...(url === undefined ? [] : ['url'])];
  const tooMany = target.level === 'instance' ? named[0] : named[1];
  if (tooMany !== undefined) throw invalidRequest(`${tooMany} cannot be given: the map is named already`, tooMany);
  if (target.level === 'instance') return [parseJson((await read(server, caller, target)).body) as ConceptMap];
  if (sent !== undefined) return [sent];
  if (url !== undefined) return [await requireConceptMap(server, caller, url, inputText(input, 'conceptMapVersion'))];
  if (coding.system === undefined) return [];
  const maps = await findConceptMaps(server, caller, reverse ? 'target-system' : 'source-system', coding.system);
  return maps.filter((map) => isBetween(server, map, input, reverse));
}

async function requireConceptMap(
  server: FhirServer,
  caller: Caller,
  url: string,
  version: string | undefined,
): Promise<ConceptMap> {
  const canonical = { ...parseCanonical(url), ...(version === undefined ? {} : { version }) };
  const found = await findConceptMap(server, caller, canonical);
  if (found === undefined) throw notFound(`The concept map ${clip(canonicalText(canonical))}`);
  return found;
}

/** Whether a map is between the value sets that were named. */
function isBetween({ definitions }: FhirServer, map: ConceptMap, input: OperationInput, reverse: boolean): boolean {
  const isOf = (end: 'source' | 'target', wanted: string | undefined): boolean => {
    const valueSet = valueSetOfMap(map, end, definitions.version);
    return wanted === undefined || valueSet === wanted || parseCanonical(valueSet ?? '').url === wanted;
  };
  const [source, target] = [inputText(input, 'source'), inputText(input, 'target')];
  return isOf('source', reverse ? target : source) && isOf('target', reverse ? source : target);
}

/** Codes of http://hl7.org/fhir/ValueSet/concept-map-equivalence that say there is no translation. */
const none = new Set(['unmatched', 'disjoint']);

function answer(found: readonly Translation[], missing: ReadonlySet<string>, maps: number): OutputParameter[] {
  const result = found.some(({ equivalence, concept }) => concept !== undefined && !none.has(equivalence ?? ''));
  const messages = [
    ...(maps === 0 ? ['No concept map that is known here is about this code system'] : []),
    ...(maps > 0 && found.length === 0 ? ['The code has no mapping'] : []),
    ...(missing.size > 0 ? [`There are mappings that depend on ${[...missing].join(', ')}`] : []),
  ];
  return [
    { name: 'result', valueBoolean: result },
    ...(messages.length === 0 ? [] : [{ name: 'message', valueString: messages.join('; ') }]),
    ...found.map(matchOf),
  ];
}

const matchOf = ({ equivalence, concept, products, source }: Translation): OutputParameter => ({
  name: 'match',
  part: [
    ...(equivalence === undefined ? [] : [{ name: 'equivalence', valueCode: equivalence }]),
    ...(concept === undefined ? [] : [{ name: 'concept', valueCoding: concept }]),
    ...products.map(productOf),
    ...(source === undefined ? [] : [{ name: 'source', valueUri: source }]),
  ],
});

const productOf = ({ property, system, value, code = value, display }: OtherElement): OutputParameter => ({
  name: 'product',
  part: [
    ...(property === undefined ? [] : [{ name: 'element', valueUri: property }]),
    {
      name: 'concept',
      valueCoding: {
        ...(system === undefined ? {} : { system }),
        ...(code === undefined ? {} : { code }),
        ...(display === undefined ? {} : { display }),
      },
    },
  ],
});
