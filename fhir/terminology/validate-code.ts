import { OperationOutcomeError } from '../outcome.js';
import { displayIn, isDisplayOf } from './display.js';
import { codesOf, type ValueSetCode } from './expand.js';
import type { TerminologyFinder } from './finder.js';
import type { ValueSet } from './value-set.js';

/** A code that is to be validated. */
export interface Coding {
  readonly system?: string;
  readonly version?: string;
  readonly code?: string;
  readonly display?: string;
}

/** Whether a code is valid; `message` says why not, or what else is to be said. */
export interface CodeValidation {
  readonly result: boolean;
  readonly message?: string;
  /** What the concept is called. */
  readonly display?: string;
}

/** How codes are validated. */
export interface ValidationOptions {
  /** Whether concepts that only group others are valid. */
  readonly abstract: boolean;
  readonly displayLanguage?: string | undefined;
}

const named = ({ system, code }: Coding): string => (system === undefined ? (code ?? '') : `${system}|${code ?? ''}`);

/**
 * Whether a code is in a value set. https://hl7.org/fhir/R4/valueset-operation-validate-code.html
 * @param coding without a system it is valid when the value set has the code of one system only.
 * @returns never an error for a value set that cannot be worked out: the code is then not known to be valid.
 */
export async function validateInValueSet(
  finder: TerminologyFinder,
  valueSet: ValueSet,
  coding: Coding,
  options: ValidationOptions,
): Promise<CodeValidation> {
  const { system, code } = coding;
  if (code === undefined) return { result: false, message: 'There is no code to validate' };
  const name = valueSet.url ?? 'the value set';
  try {
    const { codes } = await codesOf(finder, valueSet, { code, ...(system === undefined ? {} : { system }) });
    const [found, other] = codes;
    if (found === undefined) return { result: false, message: `${named(coding)} is not in ${name}` };
    if (other !== undefined) {
      const systems = codes.map((each) => each.system).join(', ');
      return { result: false, message: `${code} is in ${name} by several systems (${systems}): name one` };
    }
    return validateConcept(found, coding, options);
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error;
    return { result: false, message: `${named(coding)} cannot be validated: ${error.message}` };
  }
}

/** What remains to be validated of a code that is there: its version, its display, whether it may be used. */
export function validateConcept(
  found: ValueSetCode,
  { version, display, ...coding }: Coding,
  { abstract, displayLanguage }: ValidationOptions,
): CodeValidation {
  const shown = displayIn(found, displayLanguage);
  const answer = (result: boolean, message?: string): CodeValidation => ({
    result,
    ...(message === undefined ? {} : { message }),
    ...(shown === undefined ? {} : { display: shown }),
  });
  if (version !== undefined && found.version !== undefined && version !== found.version) {
    return answer(false, `${found.system} is known in version ${found.version}, not in ${version}`);
  }
  if (found.abstract && !abstract) return answer(false, `${named(coding)} is abstract: it only groups other codes`);
  if (display !== undefined && !isDisplayOf(display, found)) {
    return answer(
      false,
      `"${display}" is no display of ${named(coding)}${shown === undefined ? '' : `; it is "${shown}"`}`,
    );
  }
  return found.inactive ? answer(true, `${named(coding)} is no longer in use`) : answer(true);
}
