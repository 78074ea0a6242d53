import { invalidRequest, OperationOutcomeError } from '../fhir/outcome.js';
import { parseReference } from '../fhir/reference.js';
import { codesOf } from '../fhir/terminology/expand.js';
import { conceptsOf } from '../fhir/terminology/concepts.js';
import { parseCanonical, type TerminologyFinder } from '../fhir/terminology/finder.js';
import { Steps } from '../fhir/terminology/steps.js';
import type { ValueSet } from '../fhir/terminology/value-set.js';
import { parseJson } from '../fhir/json.js';
import { escapedValue, splitEscaped, unescaped } from '../search/escape.js';
import { parseFilterSyntax, testsOf, withSystem } from '../search/filter-syntax.js';
import type { ParseOptions } from '../search/parse.js';
import type { SystemCode, Terminology } from '../search/terminology.js';
import { readMany } from './read.js';
import { clip } from './resource-type.js';
import type { Caller, FhirServer } from './server.js';
import { terminologyFinder } from './terminology.js';

/** A search by more codes than these is refused. */
const mostCodes = 10_000;

/** And one that names more value sets and codes to be looked up. */
const mostLookedUp = 100;

const modifiers: ReadonlySet<string> = new Set(['in', 'not-in', 'above', 'below']);

/** What stands behind the last colon of a parameter's name. */
const modifierOf = (name: string): string => (name.includes(':') ? name.slice(name.lastIndexOf(':') + 1) : '');

/** A condition that needs a terminology: the parameter's name, the modifier that says what for, and the value. */
interface Need {
  readonly name: string;
  readonly modifier: string;
  readonly value: string;
}

/** What all that a query names is looked up with. */
interface Work {
  readonly server: FhirServer;
  readonly caller: Caller;
  readonly finder: TerminologyFinder;
  readonly steps: Steps;
}

/** The answers that were looked up; a failure is thrown when its answer is asked for. */
type Answers = Map<string, readonly SystemCode[] | Error>;

/**
 * Looks up what the parameters of a query with `:in`, `:not-in`, `:above` and `:below` name, at the end of chains too.
 * Value sets and code systems the caller may not see are not known.
 * @param parameters names and values of the query.
 * @returns the option to read the query with (`parseSearch`); empty when no parameter needs a terminology.
 */
export async function searchTerminology(
  server: FhirServer,
  caller: Caller,
  parameters: readonly (readonly [string, string])[],
): Promise<Pick<ParseOptions, 'terminology'>> {
  const work: Work = { server, caller, finder: terminologyFinder(server, caller), steps: new Steps() };
  const valueSets: Answers = new Map();
  const below: Answers = new Map();
  const above: Answers = new Map();
  const needing = parameters.flatMap(([name, value]): readonly Need[] => {
    if (name === '_filter') return value === '' ? [] : filterNeeds(value);
    const modifier = modifierOf(name);
    return modifiers.has(modifier) ? [{ name, modifier, value }] : [];
  });
  for (const { name, modifier, value } of needing) {
    for (const text of value === '' ? [] : splitEscaped(value, ',')) {
      if (modifier === 'in' || modifier === 'not-in') {
        await answer(valueSets, unescaped(text), name, (key) => expand(work, key));
      } else {
        const [system, code, ...more] = splitEscaped(text, '|').map(unescaped);
        if (system === undefined || system === '' || code === undefined || code === '' || more.length > 0) continue;
        await answer(modifier === 'below' ? below : above, keyOf(system, code), name, () =>
          related(work.finder, system, code, modifier === 'below'),
        );
      }
    }
  }
  if (needing.length === 0) return {};
  const terminology: Terminology = {
    expand: (valueSet) => answered(valueSets, valueSet),
    subsumedBy: (system, code) => answered(below, keyOf(system, code)),
    subsumes: (system, code) => answered(above, keyOf(system, code)),
  };
  return { terminology };
}

/** The tests of a `_filter` that need a terminology, as the parameters that ask the same. */
const filterNeeds = (filter: string): Need[] =>
  testsOf(parseFilterSyntax(filter)).flatMap(({ operator, value }) => {
    const modifier = operator === 'ni' ? 'in' : operator === 'ss' ? 'below' : operator === 'sb' ? 'above' : operator;
    if (!modifiers.has(modifier)) return [];
    return [{ name: '_filter', modifier, value: modifier === 'in' ? escapedValue(value) : withSystem(value) }];
  });

const keyOf = (system: string, code: string): string => `${system}|${code}`;

async function answer(
  answers: Answers,
  key: string,
  name: string,
  find: (key: string) => Promise<readonly SystemCode[]>,
): Promise<void> {
  if (answers.has(key)) return;
  if (answers.size >= mostLookedUp) {
    throw invalidRequest(`${name} names more than ${String(mostLookedUp)} value sets or codes to look up`, name);
  }
  try {
    answers.set(key, await find(key));
  } catch (error) {
    // What does not answer for now is no fault of the query.
    if (!(error instanceof OperationOutcomeError) || error.status === 429 || error.status >= 500) throw error;
    // Whatever is wrong with the value set, it is the query that cannot be answered.
    answers.set(
      key,
      new OperationOutcomeError(
        400,
        error.issues.map((issue) => ({ ...issue, expression: [name] })),
      ),
    );
  }
}

function answered(answers: Answers, key: string): readonly SystemCode[] {
  const found = answers.get(key);
  if (found === undefined) throw new Error('A query was read with the terminology of another one');
  if (found instanceof Error) throw found;
  return found;
}

async function expand({ server, caller, finder, steps }: Work, text: string): Promise<readonly SystemCode[]> {
  const valueSet = (await referred(server, caller, text)) ?? (await finder.valueSet(parseCanonical(text)));
  if (valueSet === undefined) throw invalidRequest(`The value set ${clip(text)} is not known`);
  const { codes } = await codesOf(finder, valueSet, undefined, steps);
  if (codes.length > mostCodes) {
    throw invalidRequest(
      `${clip(text)} has ${String(codes.length)} codes; a search takes ${String(mostCodes)} at most`,
    );
  }
  return codes;
}

/** The value set that a literal reference names: `ValueSet/1`, also with this server's base URL. */
async function referred(server: FhirServer, caller: Caller, text: string): Promise<ValueSet | undefined> {
  const reference = parseReference(text);
  if (reference.kind !== 'relative' && (reference.kind !== 'absolute' || reference.base !== caller.baseUrl))
    return undefined;
  if (reference.type !== 'ValueSet') return undefined;
  const [version] = await readMany(server, caller, [reference]);
  return version === undefined ? undefined : (parseJson(version.body) as ValueSet);
}

async function related(
  finder: TerminologyFinder,
  system: string,
  code: string,
  below: boolean,
): Promise<readonly SystemCode[]> {
  const codeSystem = await finder.codeSystem({ url: system });
  if (codeSystem === undefined) throw invalidRequest(`The code system ${clip(system)} is not known`);
  const concepts = conceptsOf(codeSystem);
  const concept = concepts.find(code);
  if (concept === undefined) throw invalidRequest(`${clip(system)} has no code "${clip(code)}"`);
  const found = below ? concepts.subsumedBy(concept) : concepts.subsumes(concept);
  return found.map((each) => ({ system, code: each.code }));
}
