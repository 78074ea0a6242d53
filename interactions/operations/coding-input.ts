import { invalidRequest } from '../../fhir/outcome.js';
import type { Coding, CodeValidation } from '../../fhir/terminology/validate-code.js';
import { inputElement, type OperationInput, inputText } from './input.js';
import type { OperationAnswer } from './operation.js';
import { parametersOf } from './parameters.js';

/**
 * The codes that `$validate-code` is asked about: `code` and what goes with it, `coding`, or `codeableConcept`.
 * @param versionName the parameter with the version of `system`.
 * @throws OperationOutcomeError 400 unless exactly one of the three is there.
 */
export function codingsOf(input: OperationInput, versionName: 'version' | 'systemVersion'): readonly Coding[] {
  const given = ['code', 'coding', 'codeableConcept'].filter((name) => input.has(name));
  if (given.length !== 1) {
    throw invalidRequest(
      `One of code, coding and codeableConcept is needed${given.length > 1 ? ', and only one' : ''}`,
      given[1] ?? 'code',
    );
  }
  const coding: Coding | undefined = inputElement(input, 'coding');
  if (coding !== undefined) return [{ ...coding, ...systemBeside(input, coding, versionName) }];
  const concept = inputElement(input, 'codeableConcept');
  if (concept !== undefined) return (concept['coding'] as readonly Coding[] | undefined) ?? [];
  return [
    {
      ...element('code', inputText(input, 'code')),
      ...systemBeside(input, undefined, versionName),
      ...element('display', inputText(input, 'display')),
    },
  ];
}

const element = (name: string, text: string | undefined): object => (text === undefined ? {} : { [name]: text });

/**
 * The system and version that are given beside a code, or for a coding that has none.
 * @throws OperationOutcomeError 400 when the coding has others.
 */
export function systemBeside(
  input: OperationInput,
  coding: Coding | undefined,
  versionName: 'version' | 'systemVersion',
): Coding {
  const system = inputText(input, 'system');
  const version = inputText(input, versionName);
  const isOther = (given: string | undefined, own: string | undefined): boolean =>
    given !== undefined && own !== undefined && given !== own;
  if (isOther(system, coding?.system)) throw invalidRequest('The coding is of another system', 'system');
  if (isOther(version, coding?.version)) throw invalidRequest('The coding is of another version', versionName);
  return { ...element('system', system), ...element('version', version) };
}

/** The answer of `$validate-code`: valid when one of the codings is. */
export function validationAnswer(validations: readonly CodeValidation[]): OperationAnswer {
  const valid = validations.find(({ result }) => result);
  const display = (valid ?? validations.find((each) => each.display !== undefined))?.display;
  const messages = validations.flatMap(({ message }) => (message === undefined ? [] : [message]));
  if (validations.length === 0) messages.push('There is no coding to validate');
  return {
    kind: 'resource',
    resource: parametersOf([
      { name: 'result', valueBoolean: valid !== undefined },
      ...(messages.length === 0 ? [] : [{ name: 'message', valueString: messages.join('; ') }]),
      ...(display === undefined ? [] : [{ name: 'display', valueString: display }]),
    ]),
  };
}
