import { parseJson } from '../fhir/json.js';
import { parseReference } from '../fhir/reference.js';
import type { Resource, ResourceKey } from '../fhir/resource.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { type AccessFilter, type AccessGrant, permits } from '../search/access.js';
import { guarded } from '../search/document.js';
import type { Filter } from '../search/request.js';
import type { AskedInteraction } from '../auth/authorizer.js';
import type { Caller, FhirServer } from './server.js';
import { currentVersion } from './stored-content.js';

// Who may read a Binary that has a security context is who may read the resource it points to. That is decided by that
// resource as it is now, so no filter on the Binary alone can: filters leave such Binaries out, unless the caller may
// read everything, and a read looks at the resource. https://hl7.org/fhir/R4/binary.html#rest

/** How a caller's access to a type is decided, nothing added. */
export type AccessOf = (interaction: AskedInteraction, type: string) => AccessFilter | undefined;

/** Security contexts of Binaries that are security contexts are followed so far. */
const mostSteps = 4;

/**
 * What of Binaries is open without a look at what their security contexts point to.
 * @param access what is open by the authorization component.
 * @param interaction a create makes what the caller brings.
 * @param accessOf the caller's access to other types.
 */
export function withoutContexts(
  server: FhirServer,
  access: AccessFilter,
  interaction: AskedInteraction,
  accessOf: AccessOf,
): AccessFilter {
  if (interaction === 'create' || interaction === 'update-create') return access;
  const grants: readonly AccessGrant[] = access.kind === 'everything' ? [{ filters: [] }] : access.grants;
  // Nothing of a Binary says that it is in a compartment: such grants open none of them.
  if (grants.every(({ compartments }) => compartments !== undefined)) return access;
  if (access.kind === 'everything' && readsEverything(server, accessOf)) return access;
  return {
    kind: 'limited',
    grants: grants.map((grant) => ({ ...grant, filters: [...grant.filters, hasNoContext] })),
  };
}

const readsEverything = (server: FhirServer, accessOf: AccessOf): boolean =>
  server.definitions.resourceTypes.every((type) => accessOf('read', type)?.kind === 'everything');

/** The condition that a Binary has no security context. */
const hasNoContext: Filter = {
  kind: 'missing',
  parameter: {
    code: guarded,
    type: 'string',
    url: '',
    targets: [],
    dataTypes: [],
    components: [],
    extract: (resource) => (resource['securityContext'] === undefined ? [] : [{ type: 'string', value: 'there' }]),
  },
  missing: true,
};

/**
 * Whether a version of a Binary is open to a caller because the resource is that its security context points to.
 * @param own what is open of Binaries by the authorization component; its compartments are those of that resource.
 */
export async function opensByContext(
  server: FhirServer,
  version: StoredVersion,
  own: AccessFilter,
  accessOf: AccessOf,
): Promise<boolean> {
  if (version.type !== 'Binary' || version.deleted) return false;
  const byContent: AccessFilter =
    own.kind === 'everything' ? own : { kind: 'limited', grants: own.grants.map(({ filters }) => ({ filters })) };
  return permits(byContent, version) && isReadable(server, contextOf(version), accessOf, mostSteps);
}

async function isReadable(
  server: FhirServer,
  key: ResourceKey | undefined,
  accessOf: AccessOf,
  steps: number,
): Promise<boolean> {
  if (key === undefined || steps === 0 || !server.definitions.structures.isResourceType(key.type)) return false;
  const access = accessOf('read', key.type);
  if (access === undefined) return false;
  const current = await currentVersion(server, key);
  if (current === undefined || current.deleted) return false;
  // Whether a Binary that is lost had a context, nothing tells.
  if (key.type === 'Binary' && current.lost === true) return false;
  if (key.type !== 'Binary' || !hasContext(current)) return permits(access, current);
  return isReadable(server, contextOf(current), accessOf, steps - 1);
}

const securityContextOf = ({ body }: StoredVersion): unknown => (parseJson(body) as Resource)['securityContext'];

const hasContext = (version: StoredVersion): boolean => securityContextOf(version) !== undefined;

/**
 * The resource of this server that a Binary's security context points to; undefined when there is none. An absolute URL
 * points to no resource of this server: by which base it is known, a client says itself, by Host.
 */
function contextOf(version: StoredVersion): ResourceKey | undefined {
  const context = securityContextOf(version) as { reference?: unknown } | undefined;
  if (typeof context?.reference !== 'string') return undefined;
  const target = parseReference(context.reference);
  return target.kind === 'relative' ? { type: target.type, id: target.id } : undefined;
}

/** A Binary that is written with the URL of a resource here as its security context, as it is stored: relative. */
export function withOwnContext({ baseUrl }: Caller, resource: Resource): Resource {
  const context = resource['securityContext'] as { readonly reference?: unknown } | undefined;
  if (resource.resourceType !== 'Binary' || typeof context?.reference !== 'string') return resource;
  const { reference } = context;
  if (!reference.startsWith(`${baseUrl}/`)) return resource;
  return Object.assign({}, resource, {
    securityContext: { ...context, reference: reference.slice(baseUrl.length + 1) },
  });
}
