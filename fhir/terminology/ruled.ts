import { ucumSystem, unitName } from '../ucum.js';
import type { CodeSystem, ConceptDefinition } from './code-system.js';

/** A code by the rules of its code system; undefined for what is none. */
export type CodeRule = (code: string) => ConceptDefinition | undefined;

/** UCUM, whose codes are put together by a grammar. https://hl7.org/fhir/R4/ucum.html */
const ucum: CodeSystem = {
  resourceType: 'CodeSystem',
  url: ucumSystem,
  name: 'UCUM',
  title: 'Unified Code for Units of Measure (UCUM)',
  status: 'active',
  caseSensitive: true,
  content: 'not-present',
};

const rules: ReadonlyMap<CodeSystem, CodeRule> = new Map([
  [
    ucum,
    (code) => {
      const display = unitName(code);
      return display === undefined ? undefined : { code, display };
    },
  ],
]);

/** A code system whose codes are made by rules, without end: each can be told, all of them cannot be listed. */
export const ruledSystem = (url: string): CodeSystem | undefined => (url === ucumSystem ? ucum : undefined);

/** The rule that makes the codes of a code system; undefined when it lists them. */
export const ruleOf = (codeSystem: CodeSystem): CodeRule | undefined => rules.get(codeSystem);

/** The URLs of all of these. */
export const ruledSystems: readonly string[] = [ucumSystem];
