import { invalidRequest } from '../../fhir/outcome.js';
import { keyText } from '../../fhir/resource.js';
import { escapedValue } from '../../search/escape.js';
import { clip } from '../resource-type.js';
import type { Caller } from '../server.js';
import { allMatches, wholePage } from './all-matches.js';
import {
  asQuery,
  inputElement,
  inputFlag,
  inputText,
  type InputElement,
  type OperationInput,
  requireInput,
} from './input.js';
import { namedKey } from './named-key.js';
import type { Operation } from './operation.js';

const mostDocuments = 10_000;

/** LOINC's code of a Continuity of Care Document: the summary of a patient's record. */
const summary = { system: 'http://loinc.org', code: '34133-9' };

/**
 * US Core's `DocumentReference/$docref`: a patient's documents. Documents are not made on demand here: those there are count.
 * https://hl7.org/fhir/us/core/OperationDefinition-docref.html
 */
export const docref: Operation = {
  name: 'docref',
  definition: 'http://hl7.org/fhir/us/core/OperationDefinition/docref',
  versions: ['r4'],
  levels: ['type'],
  types: ['DocumentReference'],
  affectsState: false,
  needs: 'search',
  parameters: [
    { name: 'patient', type: 'string' },
    { name: 'start', type: 'dateTime' },
    { name: 'end', type: 'dateTime' },
    { name: 'type', type: 'CodeableConcept' },
    { name: 'on-demand', type: 'boolean' },
  ],
  async run(server, caller, { input }) {
    const [start, end] = [inputText(input, 'start'), inputText(input, 'end')];
    const isLastOnly = start === undefined && end === undefined;
    const parameters: (readonly [string, string])[] = [
      ['patient', patientOf(caller, input)],
      ['type', typesOf(inputElement(input, 'type'))],
      // A document that another one took the place of is not the most recent one, whatever time it is about.
      isLastOnly ? ['status', 'current'] : ['status:not', 'entered-in-error'],
      ...(start === undefined ? [] : [['period', `ge${start}`] as const]),
      ...(end === undefined ? [] : [['period', `le${end}`] as const]),
      ['_sort', '-period,-date,-_lastUpdated'],
    ];
    const found =
      inputFlag(input, 'on-demand') === true
        ? { matches: [] }
        : await allMatches(server, caller, 'DocumentReference', parameters, mostDocuments);
    const matches = isLastOnly ? found.matches.slice(0, 1) : found.matches;
    return { kind: 'searchset', path: 'DocumentReference/$docref', page: wholePage({ matches }, asQuery(input)) };
  },
};

/** The patient as a reference; clients write the id that the definition wants, or a reference. @throws OperationOutcomeError 400. */
function patientOf(caller: Caller, input: OperationInput): string {
  const text = requireInput(inputText(input, 'patient'), 'patient');
  const named = namedKey(caller, 'Patient', text);
  if (named !== undefined) return keyText(named);
  throw invalidRequest(`patient is the id of a patient of this server, not "${clip(text)}"`, 'patient');
}

interface TypeCoding {
  readonly system?: string;
  readonly code?: string;
}

/** The tokens of a concept, any of which a document may have. @throws OperationOutcomeError 400 for words alone. */
function typesOf(type: InputElement | undefined): string {
  const stated = type?.['coding'] as readonly TypeCoding[] | undefined;
  const coding: readonly TypeCoding[] = type === undefined ? [summary] : (stated ?? []);
  const coded = coding.flatMap(({ system, code }) => (code === undefined ? [] : [{ system, code }]));
  if (coded.length === 0) throw invalidRequest('type needs a coding with a code', 'type');
  return coded
    .map(({ system, code }) =>
      system === undefined ? escapedValue(code) : `${escapedValue(system)}|${escapedValue(code)}`,
    )
    .join(',');
}
