import type { RE2JS } from 're2js';
import { unprocessable } from '../outcome.js';
import { type Concept, type Concepts, propertyValues } from './concepts.js';
import { type Steps, stepsOf } from './steps.js';
import type { ValueSetFilter } from './value-set.js';

/** Whether a concept passes a filter. */
export type ConceptTest = (concept: Concept) => boolean;

/** Properties every code system has. https://hl7.org/fhir/R4/codesystem.html#defined-props */
const definedProperties = new Set([
  'concept',
  'code',
  'display',
  'definition',
  'parent',
  'child',
  'inactive',
  'status',
  'notSelectable',
]);

/**
 * Reads a filter of a value set on the concepts of a code system.
 * https://hl7.org/fhir/R4/valueset-filter-operator.html
 * @param steps what a filter takes beyond a look at each concept is spent of them.
 * @throws OperationOutcomeError 422 for an operator, a property or a code that the code system does not have.
 */
export async function conceptTest(concepts: Concepts, filter: ValueSetFilter, steps: Steps): Promise<ConceptTest> {
  const { property, op, value } = filter;
  requireProperty(concepts, property);
  const values = valuesOf(concepts, property);
  const among = (some: readonly Concept[]): ConceptTest => {
    steps.spend(some.length * stepsOf.shared);
    const set = new Set(some);
    return (concept) => set.has(concept);
  };
  switch (op) {
    case 'is-a':
      return among(concepts.subsumedBy(named(concepts, value)));
    case 'descendent-of': {
      const ancestor = named(concepts, value);
      return among(concepts.subsumedBy(ancestor).filter((concept) => concept !== ancestor));
    }
    case 'is-not-a': {
      const isA = among(concepts.subsumedBy(named(concepts, value)));
      return (concept) => !isA(concept);
    }
    case 'generalizes':
      return among(concepts.subsumes(named(concepts, value)));
    case '=':
      return equals(concepts, property, value, values);
    case 'in':
    case 'not-in': {
      const listed = value.split(',').map((each) => equals(concepts, property, each.trim(), values));
      return (concept) => {
        steps.spend(listed.length * stepsOf.test);
        return listed.some((test) => test(concept)) === (op === 'in');
      };
    }
    case 'exists':
      if (value !== 'true' && value !== 'false')
        throw unprocessable('value', `exists is true or false, not "${value}"`);
      return (concept) => values(concept).length > 0 === (value === 'true');
    case 'regex': {
      const matches = await pattern(value, steps);
      return (concept) => values(concept).some((each) => matches(String(each)));
    }
    default:
      throw unprocessable('not-supported', `The filter operator "${op}" is not known`);
  }
}

function requireProperty({ codeSystem }: Concepts, property: string): void {
  if (definedProperties.has(property) || codeSystem.property?.some(({ code }) => code === property) === true) return;
  throw unprocessable('not-supported', `${codeSystem.url ?? 'The code system'} has no property "${property}"`);
}

/** The concept a filter names: without it nobody knows what was meant. */
function named(concepts: Concepts, code: string): Concept {
  const found = concepts.find(code);
  if (found !== undefined) return found;
  throw unprocessable('not-found', `${concepts.codeSystem.url ?? 'The code system'} has no code "${code}"`);
}

type Values = (concept: Concept) => readonly unknown[];

/** What a property of a concept is: of its hierarchy where that says it, and else of its own. */
function valuesOf({ codeSystem }: Concepts, property: string): Values {
  switch (property) {
    case 'concept':
    case 'code':
      return ({ code }) => [code];
    case 'display':
    case 'definition':
      return ({ definition }) => (definition[property] === undefined ? [] : [definition[property]]);
    case 'parent':
      return ({ parents }) => parents.map(({ code }) => code);
    case 'child':
      return ({ children }) => children.map(({ code }) => code);
    case 'inactive':
      return (concept) => [concept.inactive];
    case 'notSelectable':
      return (concept) => [concept.abstract];
    default: {
      const isBoolean = codeSystem.property?.some(({ code, type }) => code === property && type === 'boolean') === true;
      return (concept) => {
        const values = propertyValues(concept, property);
        return isBoolean ? values.map((value) => value === true || value === 'true') : values;
      };
    }
  }
}

function equals(concepts: Concepts, property: string, wanted: string, values: Values): ConceptTest {
  const isCode = ['concept', 'code', 'parent', 'child'].includes(property);
  const code = (isCode ? concepts.find(wanted)?.code : undefined) ?? wanted;
  return (concept) => values(concept).some((value) => String(value) === code);
}

/** In characters; longer ones take long to be read. */
const longestPattern = 2_000;

/**
 * A regular expression that must match the whole text. Whoever writes a value set writes it, so it must not take
 * exponential time, as JavaScript's own may.
 */
async function pattern(text: string, steps: Steps): Promise<(value: string) => boolean> {
  if (text.length > longestPattern) {
    const most = String(longestPattern);
    throw unprocessable(
      'too-costly',
      `A regular expression has at most ${most} characters, not ${String(text.length)}`,
    );
  }
  const compiled = await compiledPattern(text);
  const size = compiled.programSize();
  steps.spend(size * stepsOf.instruction);
  return (value) => {
    steps.spend(size * value.length);
    return compiled.matches(value);
  };
}

async function compiledPattern(text: string): Promise<RE2JS> {
  const { RE2JS } = await import('re2js');
  try {
    return RE2JS.compile(text);
  } catch {
    throw unprocessable('value', `"${text}" is no regular expression this server understands`);
  }
}
