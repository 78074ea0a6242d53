import { parseJson } from '../../fhir/json.js';
import { invalidRequest, notFound } from '../../fhir/outcome.js';
import { canonicalText, parseCanonical, type TerminologyFinder } from '../../fhir/terminology/finder.js';
import type { CodeSystem } from '../../fhir/terminology/code-system.js';
import type { ValueSet } from '../../fhir/terminology/value-set.js';
import { read } from '../read.js';
import { clip } from '../resource-type.js';
import type { Caller, FhirServer } from '../server.js';
import { inputResource, inputText } from './input.js';
import type { Invocation } from './operation.js';

/**
 * The value set an operation is about: the instance, the `valueSet` in the body, or the one with the `url`.
 * @throws OperationOutcomeError 404 when it is not known, 400 when none or several are named.
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

async function resourceOf(
  server: FhirServer,
  caller: Caller,
  { target, input }: Invocation,
  names: { readonly name: string; readonly version: string },
  find: (canonical: Canonical) => Promise<object | undefined>,
): Promise<object> {
  const url = inputText(input, 'url');
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
