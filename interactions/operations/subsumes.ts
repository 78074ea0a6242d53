import { parseJson } from '../../fhir/json.js';
import { invalidRequest } from '../../fhir/outcome.js';
import type { CodeSystem } from '../../fhir/terminology/code-system.js';
import { type Concept, type Concepts, conceptsOf } from '../../fhir/terminology/concepts.js';
import type { Coding } from '../../fhir/terminology/validate-code.js';
import { read } from '../read.js';
import type { Caller, FhirServer } from '../server.js';
import { inputElement, type OperationInput, inputText } from './input.js';
import { requireCodeSystem, requireConcept } from './lookup.js';
import type { Invocation, Operation } from './operation.js';
import { parametersOf } from './parameters.js';

/** `CodeSystem/$subsumes`: whether one code is a kind of the other. https://hl7.org/fhir/R4/codesystem-operation-subsumes.html */
export const subsumes: Operation = {
  name: 'subsumes',
  definition: 'http://hl7.org/fhir/OperationDefinition/CodeSystem-subsumes',
  levels: ['type', 'instance'],
  types: ['CodeSystem'],
  affectsState: false,
  needs: 'read',
  parameters: [
    { name: 'codeA', type: 'code' },
    { name: 'codeB', type: 'code' },
    { name: 'system', type: 'uri' },
    { name: 'version', type: 'string' },
    { name: 'codingA', type: 'Coding' },
    { name: 'codingB', type: 'Coding' },
  ],
  async run(server, caller, invocation) {
    const { input } = invocation;
    const a = codingOf(input, 'A');
    const b = codingOf(input, 'B');
    const concepts = await codeSystemOf(server, caller, invocation, [a, b]);
    const outcome = outcomeOf(concepts, requireConcept(concepts, a.code), requireConcept(concepts, b.code));
    return { kind: 'resource', resource: parametersOf([{ name: 'outcome', valueCode: outcome }]) };
  },
};

type Asked = Coding & { readonly code: string };

function codingOf(input: OperationInput, letter: 'A' | 'B'): Asked {
  const coding = inputElement(input, `coding${letter}`) as Coding | undefined;
  const code = inputText(input, `code${letter}`);
  if ((coding === undefined) === (code === undefined)) {
    throw invalidRequest(`Either code${letter} is needed, or coding${letter}`, `code${letter}`);
  }
  const asked = coding ?? { code };
  if (asked.code === undefined) throw invalidRequest(`coding${letter} has no code`, `coding${letter}`);
  return { ...asked, code: asked.code };
}

/** Subsumption is told within one code system: the instance, the `system`, or that of the codings. */
async function codeSystemOf(
  server: FhirServer,
  caller: Caller,
  { target, input }: Invocation,
  codings: readonly Asked[],
): Promise<Concepts> {
  const instance =
    target.level === 'instance' ? (parseJson((await read(server, caller, target)).body) as CodeSystem) : undefined;
  const system =
    instance?.url ?? inputText(input, 'system') ?? codings.find((each) => each.system !== undefined)?.system;
  for (const [place, coding] of codings.entries()) {
    if (coding.system === undefined || coding.system === system) continue;
    throw invalidRequest(
      `${coding.system} is another code system than ${system ?? 'the instance'}: subsumption is told within one`,
      place === 0 ? 'codingA' : 'codingB',
    );
  }
  if (instance !== undefined) return conceptsOf(instance);
  if (system === undefined) throw invalidRequest('The codes need the system they are of', 'system');
  const version = inputText(input, 'version') ?? codings.find((each) => each.version !== undefined)?.version;
  return requireCodeSystem(server, caller, system, version);
}

/** https://hl7.org/fhir/R4/valueset-concept-subsumption-outcome.html */
function outcomeOf(concepts: Concepts, a: Concept, b: Concept): string {
  if (a === b) return 'equivalent';
  if (concepts.subsumedBy(a).includes(b)) return 'subsumes';
  return concepts.subsumes(a).includes(b) ? 'subsumed-by' : 'not-subsumed';
}
