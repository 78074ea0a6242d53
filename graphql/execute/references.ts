import { notFound, OperationOutcomeError } from '../../fhir/outcome.js';
import { parseReference } from '../../fhir/reference.js';
import { inParallel } from '../../interactions/parallel.js';
import { clip } from '../../interactions/resource-type.js';
import { searchType } from '../../interactions/search-type.js';
import type { Caller, FhirServer } from '../../interactions/server.js';
import { type StoredTarget, storedTarget } from '../../interactions/stored-target.js';
import { vread } from '../../interactions/vread.js';
import { escapedValue } from '../../search/escape.js';
import { isJsonObject, type JsonObject } from '../variables.js';
import type { ResourceReads } from './resource-reads.js';
import type { Owner, StoredMember } from './walk.js';

/** Where a reference leads. */
export type Target =
  | StoredTarget
  /** Known by an identifier of the resource only. https://hl7.org/fhir/R4/references.html#logical */
  | { readonly kind: 'logical'; readonly type: string; readonly system: string; readonly value: string }
  /** A resource in the one that holds the reference, or in the Bundle around it. */
  | { readonly kind: 'inside'; readonly resource: JsonObject; readonly owner: Owner }
  | { readonly kind: 'none' };

/** What a reference led to: a stored resource, one inside another, or nothing the caller may see. */
export type Found =
  | ({ readonly kind: 'stored' } & StoredMember)
  | { readonly kind: 'inside'; readonly resource: JsonObject; readonly owner: Owner };

/**
 * Where a Reference leads: nothing is read yet, and nothing is ever fetched from another server.
 * @param wanted the type asked for, which a logical reference may lack.
 * @see https://hl7.org/fhir/R4/references.html
 */
export function targetOf(caller: Caller, reference: JsonObject, owner: Owner, wanted: string | undefined): Target {
  const text = reference['reference'];
  if (typeof text !== 'string') return logicalTarget(reference, wanted);
  const parsed = parseReference(text);
  if (parsed.kind === 'fragment') {
    const { container, bundle, stored } = owner;
    const resource = contained(container, parsed.id);
    if (resource === undefined) return { kind: 'none' };
    // What is stored under the key is the container, not what is contained.
    const isContainer = resource === container && stored !== undefined;
    const around = { container, ...(bundle === undefined ? {} : { bundle }), ...(isContainer ? { stored } : {}) };
    return { kind: 'inside', resource, owner: { resource, ...around } };
  }
  const target = storedTarget(caller, parsed);
  if (target !== undefined) return target;
  return parsed.kind === 'urn' || parsed.kind === 'absolute' ? inBundle(owner, text) : { kind: 'none' };
}

function logicalTarget({ identifier, type: stated }: JsonObject, wanted: string | undefined): Target {
  const type = typeof stated === 'string' ? stated : wanted;
  if (!isJsonObject(identifier) || type === undefined) return { kind: 'none' };
  const { system, value } = identifier;
  return typeof system === 'string' && typeof value === 'string'
    ? { kind: 'logical', type, system, value }
    : { kind: 'none' };
}

function contained(container: JsonObject, id: string): JsonObject | undefined {
  if (id === '') return container;
  const inside = container['contained'];
  return Array.isArray(inside) ? inside.filter(isJsonObject).find((resource) => resource['id'] === id) : undefined;
}

/** The entry of the Bundle around a resource that has this fullUrl. https://hl7.org/fhir/R4/bundle.html#references */
function inBundle({ bundle }: Owner, fullUrl: string): Target {
  const entries: unknown = bundle?.['entry'];
  const found = Array.isArray(entries)
    ? entries.filter(isJsonObject).find((entry) => entry['fullUrl'] === fullUrl)
    : undefined;
  const resource = found?.['resource'];
  if (!isJsonObject(resource) || bundle === undefined) return { kind: 'none' };
  return { kind: 'inside', resource, owner: { resource, container: resource, bundle } };
}

/** So many versions or identifiers are asked for at the same time. */
const atOnce = 8;

/**
 * Reads what references of one level lead to: current versions in one batch, each resource once.
 * @returns in the targets' order; undefined for what is not there, or is not the caller's to see: nobody learns which.
 */
export async function readTargets(
  server: FhirServer,
  caller: Caller,
  reads: ResourceReads,
  targets: readonly Target[],
): Promise<readonly (Found | undefined)[]> {
  await reads.readMany(targets.flatMap((target) => (target.kind === 'current' ? [target.key] : [])));
  const single = new Map<string, Extract<Target, { kind: 'version' | 'logical' }>>();
  for (const target of targets) {
    if (target.kind === 'version' || target.kind === 'logical') single.set(JSON.stringify(target), target);
  }
  const found = new Map<string, StoredMember | undefined>();
  await inParallel([...single], atOnce, async ([text, target]) => {
    found.set(text, await unlessRefused(() => singly(server, caller, reads, target)));
  });
  return targets.map((target): Found | undefined => {
    if (target.kind === 'none') return undefined;
    if (target.kind === 'inside') return target;
    const member = target.kind === 'current' ? reads.known(target.key) : found.get(JSON.stringify(target));
    return member === undefined ? undefined : { kind: 'stored', ...member };
  });
}

async function singly(
  server: FhirServer,
  caller: Caller,
  reads: ResourceReads,
  target: Extract<Target, { kind: 'version' | 'logical' }>,
): Promise<StoredMember | undefined> {
  if (target.kind === 'version') return reads.member(await vread(server, caller, target.key, target.versionId));
  const { type, system, value } = target;
  if (server.definitions.searchParameters.find(type, 'identifier') === undefined) return undefined;
  reads.cost.add('searches', 1);
  const { matches } = await searchType(server, caller, {
    type,
    parameters: [['identifier', `${escapedValue(system)}|${escapedValue(value)}`]],
    handling: 'strict',
    count: 2,
  });
  // Two resources of one identifier: which of them is meant, nobody knows.
  const [match, other] = matches;
  return match === undefined || other !== undefined ? undefined : reads.member(match);
}

/** Whatever hides a resource is the same as nothing there. */
async function unlessRefused<Result>(read: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof OperationOutcomeError && error.status < 500 && error.status !== 413) return undefined;
    throw error;
  }
}

/** 404: a reference that must lead somewhere does not. */
export function unresolved(reference: JsonObject): OperationOutcomeError {
  const text = reference['reference'];
  return notFound(`The target of ${typeof text === 'string' ? clip(text) : 'a Reference without "reference"'}`);
}
