import { type CodeValidation, type Coding, validateInValueSet } from '../../fhir/terminology/validate-code.js';
import { terminologyFinder } from '../terminology.js';
import { codingsOf, validationAnswer } from './coding-input.js';
import { inputFlag, inputText } from './input.js';
import type { Operation } from './operation.js';
import { codeParameters, codeSystemOf } from './terminology-input.js';

/** `CodeSystem/$validate-code`: whether a code system has a code. https://hl7.org/fhir/R4/codesystem-operation-validate-code.html */
export const codeSystemValidateCode: Operation = {
  name: 'validate-code',
  definition: 'http://hl7.org/fhir/OperationDefinition/CodeSystem-validate-code',
  versions: ['r4'],
  levels: ['type', 'instance'],
  types: ['CodeSystem'],
  affectsState: false,
  needs: 'read',
  bodyParameter: 'codeSystem',
  parameters: [
    { name: 'url', type: 'uri' },
    { name: 'codeSystem', type: 'CodeSystem' },
    { name: 'version', type: 'string' },
    { name: 'date', type: 'dateTime' },
    { name: 'displayLanguage', type: 'code' },
    ...codeParameters,
  ],
  async run(server, caller, invocation) {
    const { input } = invocation;
    const codings = codingsOf(input, 'version');
    const codeSystem = await codeSystemOf(server, caller, invocation, terminologyFinder(server, caller));
    const system = codeSystem.url ?? '';
    // All codes of the code system, which may be one that only this request knows.
    const finder = {
      codeSystem: () => Promise.resolve(codeSystem),
      valueSet: () => Promise.resolve(undefined),
    };
    const all = { resourceType: 'ValueSet', url: system, compose: { include: [{ system }] } } as const;
    const options = {
      abstract: inputFlag(input, 'abstract') ?? false,
      displayLanguage: inputText(input, 'displayLanguage'),
    };
    const validate = async (coding: Coding): Promise<CodeValidation> =>
      coding.system !== undefined && coding.system !== system
        ? { result: false, message: `${coding.system} is another code system than ${system}` }
        : validateInValueSet(finder, all, { ...coding, system }, options);
    return validationAnswer(await Promise.all(codings.map(validate)));
  },
};
