import type { OtherEngine } from '../fhir/check-invariants.js';
import { libraryEngine } from '../fhir/fhirpath/library.js';
import { OperationOutcomeError, type OutcomeIssue } from '../fhir/outcome.js';
import type { Code, CodeCheck } from '../fhir/profile/code-check.js';
import { codesOf } from '../fhir/terminology/expand.js';
import { parseCanonical, type TerminologyFinder } from '../fhir/terminology/finder.js';
import type { Caller, FhirServer } from './server.js';
import { terminologyFinder } from './terminology.js';

/** What is asked of terminology may decide a slice, which may ask for more; so often it is looked up. */
const mostRounds = 5;

/** What rules need besides the resource. */
export interface Means {
  readonly other: OtherEngine;
  readonly hasCode: CodeCheck;
}

/**
 * Checks rules that ask terminology and the other FHIRPath engine, which answer later: what they ask is collected,
 * answered, and the rules are checked again.
 * @param check the rules; the issues of its last call count.
 */
export async function checkWithAnswers(
  server: FhirServer,
  caller: Caller,
  check: (means: Means) => OutcomeIssue[],
): Promise<OutcomeIssue[]> {
  const codes = new CodeAnswers(server, caller);
  let engine: OtherEngine | undefined;
  let leftOver = 0;
  const means: Means = {
    // Most resources need no other engine: it is loaded when the first expression asks for it.
    other(expression, around) {
      if (engine !== undefined) return engine(expression, around);
      leftOver += 1;
      return true;
    },
    hasCode: (valueSet, code) => codes.ask(valueSet, code),
  };
  for (let round = 1; ; round += 1) {
    leftOver = 0;
    const issues = check(means);
    if ((leftOver === 0 && codes.areAnswered()) || round >= mostRounds) return issues;
    engine ??= leftOver > 0 ? await libraryEngine(server.definitions.version) : undefined;
    await codes.answer();
  }
}

/** Questions to the terminology there is, which answers later: they are collected, answered, and asked again. */
class CodeAnswers {
  private readonly finder: TerminologyFinder;
  private readonly answers = new Map<string, boolean | undefined>();
  private open = new Map<string, readonly [string, Code]>();

  constructor(server: FhirServer, caller: Caller) {
    this.finder = terminologyFinder(server, caller);
  }

  ask(valueSet: string, code: Code): boolean | undefined {
    const question = JSON.stringify([valueSet, code.system, code.code]);
    if (!this.answers.has(question)) this.open.set(question, [valueSet, code]);
    return this.answers.get(question);
  }

  areAnswered(): boolean {
    return this.open.size === 0;
  }

  async answer(): Promise<void> {
    const asked = this.open;
    this.open = new Map();
    for (const [question, [valueSet, code]] of asked) this.answers.set(question, await this.look(valueSet, code));
  }

  private async look(canonical: string, code: Code): Promise<boolean | undefined> {
    try {
      const valueSet = await this.finder.valueSet(parseCanonical(canonical));
      return valueSet === undefined ? undefined : (await codesOf(this.finder, valueSet, code)).codes.length > 0;
    } catch (error) {
      if (error instanceof OperationOutcomeError) return undefined; // it cannot be worked out here
      throw error;
    }
  }
}
