import { randomUUID } from 'node:crypto';
import { invalidRequest, notSupported, tooCostly, unprocessable } from '../../fhir/outcome.js';
import { parseReference } from '../../fhir/reference.js';
import { keyText, type Resource, type ResourceKey } from '../../fhir/resource.js';
import type { StoredVersion } from '../../persistence/resource-store.js';
import { oneVersion } from '../include.js';
import { inParallel } from '../parallel.js';
import { read, readMany } from '../read.js';
import { resourceOf } from '../resource-of.js';
import { clip } from '../resource-type.js';
import type { Caller, FhirServer } from '../server.js';
import { storedTarget, type StoredTarget } from '../stored-target.js';
import { isOfPatients } from './everything-referred.js';
import { inputFlag, inputText, type OperationInput, requireInput } from './input.js';
import { namedKey } from './named-key.js';
import type { AuthorizedTarget, Operation } from './operation.js';

/** More resources than a document has. */
const mostResources = 10_000;

/**
 * `Composition/[id]/$document`: the document Bundle of a composition, with all it refers to.
 * https://hl7.org/fhir/R4/composition-operation-document.html https://hl7.org/fhir/R4/documents.html
 */
export const document: Operation = {
  name: 'document',
  definition: 'http://hl7.org/fhir/OperationDefinition/Composition-document',
  levels: ['type', 'instance'],
  types: ['Composition'],
  affectsState: false,
  needs: 'read',
  parameters: [
    { name: 'id', type: 'uri' },
    { name: 'persist', type: 'boolean' },
    { name: 'graph', type: 'uri', versions: ['r4'] },
  ],
  async run(server, caller, { target, input }) {
    if (inputFlag(input, 'persist') === true) {
      throw notSupported('The document is not stored by this: POST it to Bundle to keep it', 'persist');
    }
    if (input.has('graph')) throw notSupported('What a document holds cannot be chosen by a GraphDefinition', 'graph');
    const composition = await read(server, caller, keyOf(caller, target, input));
    return { kind: 'resource', resource: documentOf(server, caller, await withReferred(server, caller, composition)) };
  },
};

/** @throws OperationOutcomeError 400 for what names no composition of this server, or one beside that of the URL. */
function keyOf(caller: Caller, target: AuthorizedTarget, input: OperationInput): ResourceKey {
  const text = inputText(input, 'id');
  if (target.level === 'instance') {
    if (text !== undefined) throw invalidRequest('The composition is that of the URL: without id', 'id');
    return target;
  }
  const id = requireInput(text, 'id');
  const named = namedKey(caller, 'Composition', id);
  if (named !== undefined) return named;
  throw invalidRequest(`id names no composition of this server: "${clip(id)}"`, 'id');
}

function documentOf(server: FhirServer, { baseUrl }: Caller, versions: readonly StoredVersion[]): Resource {
  const at = new Date(server.now()).toISOString();
  return {
    resourceType: 'Bundle',
    meta: { lastUpdated: at },
    identifier: { system: 'urn:ietf:rfc:3986', value: `urn:uuid:${randomUUID()}` },
    type: 'document',
    ...(server.definitions.version === 'stu3' ? {} : { timestamp: at }),
    entry: versions.map((version) => ({ fullUrl: `${baseUrl}/${keyText(version)}`, resource: resourceOf(version) })),
  };
}

/**
 * A composition and what it refers to, all of it, and what that refers to in turn, as far as it is the patient's or nobody's.
 * @throws OperationOutcomeError 422 when the caller cannot read something that the composition itself refers to: a document
 * without it would look whole; 413 for too much.
 */
async function withReferred(
  server: FhirServer,
  caller: Caller,
  composition: StoredVersion,
): Promise<readonly StoredVersion[]> {
  const found = new Map([[versionName(composition), composition]]);
  const seen = new Set([keyText(composition)]);
  const fresh = (target: StoredTarget): boolean => !seen.has(nameOf(target)) && seen.add(nameOf(target)).size > 0;
  const direct = targetsIn(composition, caller, (reference) => {
    throw missing(composition, reference);
  }).filter(fresh);
  const patients = composition.compartments.filter((each) => each.startsWith('Patient/'));
  let round = await versionsOf(server, caller, direct);
  const lost = direct.find((_, place) => round[place] === undefined);
  if (lost !== undefined) throw missing(composition, nameOf(lost));
  while (round.length > 0) {
    const next: StoredTarget[] = [];
    for (const version of round) {
      if (version === undefined) continue;
      found.set(versionName(version), version);
      next.push(...targetsIn(version, caller, () => undefined).filter(fresh));
    }
    if (found.size + next.length > mostResources) {
      throw tooCostly(`The document would hold more than ${String(mostResources)} resources`);
    }
    round = (await versionsOf(server, caller, next)).filter(
      (version) =>
        version !== undefined &&
        (!isOfPatients(server, version.type) || version.compartments.some((each) => patients.includes(each))),
    );
  }
  return [...found.values()];
}

/** One resource may be in it in several versions, but each once: also the composition, which a Provenance names by its version. */
const versionName = (version: StoredVersion): string => `${keyText(version)}/${String(version.versionId)}`;

const nameOf = (target: StoredTarget): string =>
  target.kind === 'current' ? keyText(target.key) : `${keyText(target.key)}/_history/${target.versionId}`;

const missing = (composition: StoredVersion, reference: string): Error =>
  unprocessable(
    'not-found',
    `${keyText(composition)} refers to ${clip(reference)}, which is not here: a document holds all it refers to`,
    'Composition',
  );

/**
 * What a resource refers to on this server, wherever in it. What a composition replaces or amends is another document.
 * @param onOther is told of references that lead elsewhere.
 */
function targetsIn(version: StoredVersion, caller: Caller, onOther: (reference: string) => void): StoredTarget[] {
  const targets: StoredTarget[] = [];
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if ('reference' in value && typeof value.reference === 'string') {
      const parsed = parseReference(value.reference);
      const target = storedTarget(caller, parsed);
      if (target !== undefined) targets.push(target);
      else if (parsed.kind !== 'fragment') onOther(value.reference);
    }
    for (const each of Object.values(value) as unknown[]) look(each);
  };
  const { relatesTo, ...rest } = resourceOf(version);
  look(version.type === 'Composition' ? rest : { ...rest, relatesTo });
  return targets;
}

/** What the caller may read of them, in their order. */
async function versionsOf(
  server: FhirServer,
  caller: Caller,
  targets: readonly StoredTarget[],
): Promise<readonly (StoredVersion | undefined)[]> {
  const current = targets.filter(({ kind }) => kind === 'current').map(({ key }) => key);
  const read = new Map<string, StoredVersion>();
  for (const version of await readMany(server, caller, current)) if (version) read.set(keyText(version), version);
  return inParallel(targets, 16, async (target) =>
    target.kind === 'current'
      ? read.get(keyText(target.key))
      : oneVersion(server, caller, { ...target.key, versionId: target.versionId }),
  );
}
