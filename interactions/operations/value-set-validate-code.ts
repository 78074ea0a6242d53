import { validateInValueSet } from '../../fhir/terminology/validate-code.js';
import { terminologyFinder } from '../terminology.js';
import { codingsOf, validationAnswer } from './coding-input.js';
import { inputFlag, inputText } from './input.js';
import type { Operation } from './operation.js';
import { codeParameters, valueSetOf, valueSetParameters } from './terminology-input.js';

/** `ValueSet/$validate-code`: whether a code is in a value set. https://hl7.org/fhir/R4/valueset-operation-validate-code.html */
export const valueSetValidateCode: Operation = {
  name: 'validate-code',
  definition: 'http://hl7.org/fhir/OperationDefinition/ValueSet-validate-code',
  levels: ['type', 'instance'],
  types: ['ValueSet'],
  affectsState: false,
  needs: 'read',
  bodyParameter: 'valueSet',
  parameters: [
    ...valueSetParameters,
    ...codeParameters,
    { name: 'system', type: 'uri' },
    { name: 'systemVersion', type: 'string', versions: ['r4'] },
    { name: 'version', type: 'string', versions: ['stu3'] },
  ],
  async run(server, caller, invocation) {
    const { input } = invocation;
    const codings = codingsOf(input, server.definitions.version === 'stu3' ? 'version' : 'systemVersion');
    const finder = terminologyFinder(server, caller);
    const valueSet = await valueSetOf(server, caller, invocation, finder);
    const options = {
      abstract: inputFlag(input, 'abstract') ?? false,
      displayLanguage: inputText(input, 'displayLanguage'),
    };
    const validations = [];
    for (const coding of codings) validations.push(await validateInValueSet(finder, valueSet, coding, options));
    return validationAnswer(validations);
  },
};
