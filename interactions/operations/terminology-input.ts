import { parseJson } from '../../fhir/json.js';
import { loadBindings } from '../../fhir/check-bindings.js';
import { parseDateTime } from '../../fhir/datetime.js';
import { invalidRequest, notFound, unprocessable } from '../../fhir/outcome.js';
import { bindingAt } from '../../fhir/profile/binding-at.js';
import { canonicalText, parseCanonical, type TerminologyFinder } from '../../fhir/terminology/finder.js';
import type { CodeSystem } from '../../fhir/terminology/code-system.js';
import type { ValueSet } from '../../fhir/terminology/value-set.js';
import { read } from '../read.js';
import { clip } from '../resource-type.js';
import type { Caller, FhirServer } from '../server.js';
import { inputResource, type OperationInput, inputText } from './input.js';
import type { Invocation, OperationParameter } from './operation.js';

/** The parameters by which operations find the value set they are about, and how they show it. */
export const valueSetParameters: readonly OperationParameter[] = [
  { name: 'url', type: 'uri' },
  { name: 'valueSet', type: 'ValueSet' },
  { name: 'valueSetVersion', type: 'string', versions: ['r4'] },
  { name: 'context', type: 'uri' },
  { name: 'date', type: 'dateTime' },
  { name: 'displayLanguage', type: 'code' },
];

/** The parameters by which operations are told the code that they validate, beside the version of its system. */
export const codeParameters: readonly OperationParameter[] = [
  { name: 'code', type: 'code' },
  { name: 'display', type: 'string' },
  { name: 'coding', type: 'Coding' },
  { name: 'codeableConcept', type: 'CodeableConcept' },
  { name: 'abstract', type: 'boolean' },
];

/**
 * Refuses a date in the past: what definitions said then is not known.
 * @throws OperationOutcomeError 422.
 */
export function requireNow(server: FhirServer, input: OperationInput): void {
  const date = inputText(input, 'date');
  const span = date === undefined ? undefined : parseDateTime(date);
  if (span === undefined || span.high >= server.now()) return;
  throw unprocessable(
    'not-supported',
    `Only what definitions say now is known, not what they said on ${date ?? ''}`,
    'date',
  );
}

/**
 * The value set an operation is about: the instance, the `valueSet` in the body, the one with the `url`, or the one that
 * the element of the `context` is bound to.
 * @throws OperationOutcomeError 404 when it is not known, 400 when none or several are named, 422 for a date that is past.
 */
export const valueSetOf = (
  server: FhirServer,
  caller: Caller,
  invocation: Invocation,
  finder: TerminologyFinder,
): Promise<ValueSet> =>
  resourceOf(server, caller, invocation, { name: 'valueSet', version: 'valueSetVersion' }, (canonical) =>
    finder.valueSet(canonical),
  ) as Promise<ValueSet>;

/**
 * The code system an operation is about: the instance, the `codeSystem` in the body, or the one with the `url`.
 * @throws OperationOutcomeError as `valueSetOf`.
 */
export const codeSystemOf = (
  server: FhirServer,
  caller: Caller,
  invocation: Invocation,
  finder: TerminologyFinder,
): Promise<CodeSystem> =>
  resourceOf(server, caller, invocation, { name: 'codeSystem', version: 'version' }, (canonical) =>
    finder.codeSystem(canonical),
  ) as Promise<CodeSystem>;

type Canonical = ReturnType<typeof parseCanonical>;

/** The `url`, or that of the value set an element is bound to: `…/StructureDefinition/Patient#Patient.gender`. */
async function urlOf(server: FhirServer, input: OperationInput): Promise<string | undefined> {
  const url = inputText(input, 'url');
  const context = inputText(input, 'context');
  if (context === undefined) return url;
  if (url !== undefined) throw invalidRequest('url and context cannot both be given', 'context');
  const bound = bindingAt(await loadBindings(server.definitions.version), server.guides, context);
  if (bound !== undefined) return bound;
  throw notFound(
    `A value set bound at ${clip(context)} (a context is the URL of a StructureDefinition, "#" and a path in it)`,
  );
}

async function resourceOf(
  server: FhirServer,
  caller: Caller,
  { target, input }: Invocation,
  names: { readonly name: string; readonly version: string },
  find: (canonical: Canonical) => Promise<object | undefined>,
): Promise<object> {
  requireNow(server, input);
  const url = await urlOf(server, input);
  const given = inputResource(input, names.name);
  if (target.level === 'instance') {
    const other = url === undefined ? (given === undefined ? undefined : names.name) : 'url';
    if (other !== undefined)
      throw invalidRequest(`${other} cannot be given: the URL names the resource already`, other);
    return parseJson((await read(server, caller, target)).body) as object;
  }
  if (given !== undefined && url !== undefined)
    throw invalidRequest(`${names.name} and url cannot both be given`, 'url');
  if (given !== undefined) return given;
  if (url === undefined) throw invalidRequest(`One of url and ${names.name} is needed`, 'url');
  const version = inputText(input, names.version);
  const canonical = { ...parseCanonical(url), ...(version === undefined ? {} : { version }) };
  const found = await find(canonical);
  if (found === undefined) {
    throw notFound(`The ${names.name === 'valueSet' ? 'value set' : 'code system'} ${clip(canonicalText(canonical))}`);
  }
  return found;
}
