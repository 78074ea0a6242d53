import { notFound, notSupported, OperationOutcomeError } from '../../fhir/outcome.js';
import { parseReference } from '../../fhir/reference.js';
import { keyText, type ResourceKey } from '../../fhir/resource.js';
import { readMany } from '../../interactions/read.js';
import type { Caller, FhirServer } from '../../interactions/server.js';
import { type StoredTarget, storedTarget } from '../../interactions/stored-target.js';
import { vread } from '../../interactions/vread.js';
import type { StoredVersion } from '../../persistence/resource-store.js';
import type { AskedSelection, ReferenceRequest } from '../interaction-request.js';
import { isJsonObject, type JsonObject } from './json-object.js';
import { render } from './render.js';
import { selectedMembers } from './selected-members.js';

/** What came of a reference: the resource, null when none is wanted or needed, or why it is missing. */
export type Resolved = JsonObject | null | OperationOutcomeError;

/** Where a reference leads on this server. */
type Target =
  | StoredTarget
  /** A resource contained in another one, or, with an empty id, that one itself. */
  | {
      readonly kind: 'contained';
      readonly key: ResourceKey;
      readonly path: readonly (string | number)[];
      readonly id: string;
    }
  | { readonly kind: 'none' };

function targetOf(caller: Caller, { reference, container }: ReferenceRequest): Target {
  const parsed = reference === undefined ? undefined : parseReference(reference);
  if (parsed === undefined) return { kind: 'none' };
  if (parsed.kind !== 'fragment') return storedTarget(caller, parsed) ?? { kind: 'none' };
  if (container === undefined) return { kind: 'none' };
  const { type, id, path } = container;
  return { kind: 'contained', key: { type, id }, path, id: parsed.id };
}

/** The contained resource `id` of the object `path` leads to. */
function contained(container: JsonObject, path: readonly (string | number)[], id: string): JsonObject | undefined {
  let place: unknown = container;
  for (const step of path) {
    if (typeof place !== 'object' || place === null || !Object.hasOwn(place, step)) return undefined;
    place = Reflect.get(place, step);
  }
  if (!isJsonObject(place)) return undefined;
  if (id === '') return place;
  const inside: unknown = place['contained'];
  return Array.isArray(inside) ? inside.filter(isJsonObject).find((resource) => resource['id'] === id) : undefined;
}

/** Whether the schema has a resource type: a smaller schema (`npm run codegen -- --types`) lacks some. */
export type IsInSchema = (type: string) => boolean;

/**
 * Resolves the references of one level: one read for all of them, each resource rendered once.
 * @returns in the requests' order: the resource; `null` for one of another type than wanted, or an optional one that
 * cannot be resolved, or whose type the schema lacks; otherwise an error.
 * @see https://hl7.org/fhir/R4/graphql.html#references
 */
export async function resolveReferences(
  server: FhirServer,
  caller: Caller,
  requests: readonly ReferenceRequest[],
  isInSchema: IsInSchema = () => true,
): Promise<readonly Resolved[]> {
  const targets = requests.map((request) => targetOf(caller, request));
  const keys = new Map<string, ResourceKey>();
  for (const target of targets) {
    if (target.kind === 'current' || target.kind === 'contained') keys.set(keyText(target.key), target.key);
  }
  const versions = await readMany(server, caller, [...keys.values()]);
  const found = new Map([...keys.keys()].map((text, place) => [text, versions[place]] as const));
  const rendered = new Map<string, Map<StoredVersion, JsonObject>>();
  const once = (version: StoredVersion, selection?: AskedSelection): JsonObject => {
    const members = selectedMembers(selection);
    const shown = members === undefined ? '*' : [...members].join();
    let alike = rendered.get(shown);
    if (alike === undefined) rendered.set(shown, (alike = new Map<StoredVersion, JsonObject>()));
    let known = alike.get(version);
    if (known === undefined) {
      alike.set(version, (known = render(version, members)));
    }
    return known;
  };
  const resolve = async (target: Target, place: number): Promise<JsonObject | undefined> => {
    if (target.kind === 'none') return undefined;
    if (target.kind === 'version') return versionOf(server, caller, target);
    const version = found.get(keyText(target.key));
    if (version === undefined) return undefined;
    return target.kind === 'current'
      ? once(version, requests[place]?.selection)
      : contained(once(version), target.path, target.id);
  };
  const resources = await Promise.all(targets.map(resolve));
  return requests.map((request, place) => wanted(request, resources[place], isInSchema));
}

/** A reference to one version is read as such; whatever hides it is the same as nothing there. */
async function versionOf(
  server: FhirServer,
  caller: Caller,
  { key, versionId }: { key: ResourceKey; versionId: string },
): Promise<JsonObject | undefined> {
  try {
    return render(await vread(server, caller, key, versionId));
  } catch (failure) {
    if (failure instanceof OperationOutcomeError && failure.status < 500) return undefined;
    throw failure;
  }
}

function wanted(
  { reference, type, optional }: ReferenceRequest,
  resource: JsonObject | undefined,
  isInSchema: IsInSchema,
): Resolved {
  const found = resource?.['resourceType'];
  if (typeof found === 'string' && !isInSchema(found)) {
    return optional || (type !== undefined && type !== found)
      ? null
      : notSupported(`The target of ${reference ?? 'the reference'} is of type ${found}, which this schema leaves out`);
  }
  if (resource !== undefined) return type === undefined || resource['resourceType'] === type ? resource : null;
  if (optional) return null;
  return notFound(
    reference === undefined ? 'The target of a Reference without "reference"' : `The target of ${reference}`,
  );
}
