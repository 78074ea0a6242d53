import { parseJson } from '../../fhir/json.js';
import { invalidRequest, OperationOutcomeError, outcome, type OutcomeIssue } from '../../fhir/outcome.js';
import { issueAt, xpathOf } from '../../fhir/place.js';
import type { Resource } from '../../fhir/resource.js';
import type { FhirVersion } from '../../fhir/version.js';
import { checkResource } from '../check-resource.js';
import { requireDeletable } from '../new-version.js';
import { read } from '../read.js';
import { clip } from '../resource-type.js';
import type { Caller, FhirServer } from '../server.js';
import { inputResource, inputText } from './input.js';
import type { AuthorizedTarget, Operation } from './operation.js';
import { authorize } from '../access.js';

const modes = ['create', 'update', 'delete', 'profile'] as const;
type Mode = (typeof modes)[number];

/**
 * `$validate`: says what is wrong with a resource, without storing it: 200 and an OperationOutcome, whatever it finds.
 * https://hl7.org/fhir/R4/resource-operation-validate.html https://hl7.org/fhir/STU3/resource-operations.html#validate
 */
export const validate: Operation = {
  name: 'validate',
  definition: 'http://hl7.org/fhir/OperationDefinition/Resource-validate',
  levels: ['type', 'instance'],
  types: ['*'],
  affectsState: false,
  needs: 'read',
  parameters: [
    { name: 'resource', type: 'Resource' },
    { name: 'mode', type: 'code' },
    { name: 'profile', type: 'uri' },
  ],
  bodyParameter: 'resource',
  async run(server, caller, { target, input }) {
    if (target.level === 'system') throw new Error('$validate was invoked on the system');
    const mode = modeOf(inputText(input, 'mode'));
    const profile = inputText(input, 'profile');
    const sent = inputResource(input, 'resource');
    const issues = mode === undefined ? [] : refusals(server, caller, mode, target.type);
    if (mode !== 'delete' || sent !== undefined) {
      const resource = sent ?? (await stored(server, caller, target));
      if (sent !== undefined) issues.push(...identityIssues(sent, mode, target));
      issues.push(
        ...(await checkResource(server, caller, {
          resource: mode === 'create' ? withoutId(resource) : resource,
          type: target.type,
          ...(profile === undefined ? {} : { profile }),
        })),
      );
    } else if (target.level === 'type') {
      throw invalidRequest(`Without a resource, mode delete is about [id]: ${target.type}/[id]/$validate`, 'mode');
    } else {
      const version = await read(server, caller, target);
      const mayDelete = (): void => {
        requireDeletable(authorize(server, caller, 'delete', target.type), target.type, version);
      };
      if (issues.length === 0) issues.push(...refusalOf(mayDelete));
    }
    return { kind: 'resource', resource: answer(server.definitions.version, issues) };
  },
};

function modeOf(text: string | undefined): Mode | undefined {
  if (text === undefined) return undefined;
  const mode = modes.find((each) => each === text);
  if (mode === undefined) throw invalidRequest(`mode is ${modes.join(', ')}, not "${clip(text)}"`, 'mode');
  return mode;
}

/** The resource as it is stored, where none was sent. */
async function stored(
  server: FhirServer,
  caller: Caller,
  target: Exclude<AuthorizedTarget, { level: 'system' }>,
): Promise<Resource> {
  if (target.level === 'type') throw invalidRequest('A resource is needed, as the body or a parameter', 'resource');
  return parseJson((await read(server, caller, target)).body) as Resource;
}

/** What would keep the caller from doing what the mode names. */
const refusals = (server: FhirServer, caller: Caller, mode: Mode, type: string): OutcomeIssue[] =>
  mode === 'profile' ? [] : refusalOf(() => authorize(server, caller, mode, type));

/** The issues that something is refused with; none when it is not. */
function refusalOf(attempt: () => unknown): OutcomeIssue[] {
  try {
    attempt();
    return [];
  } catch (error) {
    if (error instanceof OperationOutcomeError) return [...error.issues];
    throw error;
  }
}

/** A resource that is to be stored under an id must carry it. https://hl7.org/fhir/R4/http.html#update */
function identityIssues(
  resource: Resource,
  mode: Mode | undefined,
  target: Exclude<AuthorizedTarget, { level: 'system' }>,
): OutcomeIssue[] {
  const place = [target.type, 'id'];
  const { id } = resource as { readonly id?: unknown };
  if (id === undefined)
    return mode === 'update' ? [issueAt('error', 'required', place, 'is missing; an update needs it')] : [];
  const isOther = target.level === 'instance' && mode !== 'create' && id !== target.id;
  return isOther ? [issueAt('error', 'invalid', place, `must be the URL's, "${clip(target.id)}"`)] : [];
}

/** A create chooses the id itself, whatever was sent. https://hl7.org/fhir/R4/http.html#create */
function withoutId(resource: Resource): unknown {
  return Object.fromEntries(Object.entries(resource).filter(([name]) => name !== 'id'));
}

const allOk: OutcomeIssue = { severity: 'information', code: 'informational', diagnostics: 'All OK: no issues found' };

function answer(version: FhirVersion, issues: readonly OutcomeIssue[]): Resource {
  const said = issues.length === 0 ? [allOk] : issues;
  const placed = said.map((issue) =>
    version === 'stu3' && issue.expression !== undefined
      ? { ...issue, location: issue.expression.map(xpathOf) }
      : issue,
  );
  return { ...outcome(placed) };
}
