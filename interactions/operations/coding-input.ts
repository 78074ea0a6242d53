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
  const coding = inputElement(input, 'coding');
  if (coding !== undefined) return [coding];
  const concept = inputElement(input, 'codeableConcept');
  if (concept !== undefined) return (concept['coding'] as readonly Coding[] | undefined) ?? [];
  const element = (name: string, text: string | undefined): object => (text === undefined ? {} : { [name]: text });
  return [
    {
      ...element('code', inputText(input, 'code')),
      ...element('system', inputText(input, 'system')),
      ...element('version', inputText(input, versionName)),
      ...element('display', inputText(input, 'display')),
    },
  ];
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
