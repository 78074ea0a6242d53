import { checkInvariants } from '../fhir/check-invariants.js';
import { compartmentsOf } from '../fhir/compartment.js';
import { forbidden, invalidResource, type OutcomeIssue } from '../fhir/outcome.js';
import type { Resource } from '../fhir/resource.js';
import { validateResource } from '../fhir/validate.js';
import type { StoredVersion, WriteMethod } from '../persistence/resource-store.js';
import { nextVersion } from '../persistence/version.js';
import { type AccessFilter, permits, permitsWrite } from '../search/access.js';
import { accessOrNone } from './access.js';
import { asChecked, withoutUrls } from './binary.js';
import { statedProfileErrors } from './check-profiles.js';
import type { Caller, FhirServer, WriteOutcome } from './server.js';
import { withOwnContext } from './security-context.js';
import { asRequested, authorOf, subscriptionIssues } from './subscription-terms.js';

/**
 * Refuses a resource that breaks the rules of its type.
 * @param interaction a create chooses the id itself.
 * @throws OperationOutcomeError 422, one issue per broken rule.
 */
export async function requireValid(
  server: FhirServer,
  caller: Caller,
  resource: Resource,
  interaction: 'create' | 'update',
): Promise<void> {
  const issues = await issuesOf(server, caller, resource, interaction);
  if (issues.length > 0) throw invalidResource(issues);
}

/**
 * What breaks the rules in a resource that is to be written. What the server sets itself is ignored as it was sent,
 * whatever it is: `meta.versionId`, `meta.lastUpdated`, and on create the `id`. https://hl7.org/fhir/R4/http.html#create
 * @param entry where it stands in a bundle, and the types of the entries by fullUrl; absent when it is the whole body.
 */
export async function issuesOf(
  server: FhirServer,
  caller: Caller,
  resource: Resource,
  interaction: 'create' | 'update',
  entry?: { readonly place: string; readonly entryTypes: ReadonlyMap<string, string> },
): Promise<OutcomeIssue[]> {
  const { id, meta, ...rest } = asChecked(server, withoutUrls(resource)) as Resource & {
    readonly id?: unknown;
    readonly meta?: unknown;
  };
  const kept = {
    ...rest,
    ...(id === undefined || interaction === 'create' ? {} : { id }),
    ...(meta === undefined ? {} : metaWithoutVersion(meta)),
  };
  const place = entry?.place;
  const at = place === undefined ? {} : { path: place };
  const types = entry === undefined ? {} : { entryTypes: entry.entryTypes };
  const issues = validateResource(server.definitions, kept, { ...at, ...types });
  if (issues.length > 0) return issues;
  const unserved = await subscriptionIssues(server, caller, resource, place);
  if (unserved.length > 0 || server.validation === 'structure') return unserved;
  const broken = checkInvariants(server.definitions, kept, { ...at, errorsOnly: true });
  if (broken.length > 0 || server.validation === 'invariants') return broken;
  return statedProfileErrors(server, caller, { resource: kept, ...(place === undefined ? {} : { place }) });
}

function metaWithoutVersion(meta: unknown): { meta?: unknown } {
  if (typeof meta !== 'object' || meta === null || Array.isArray(meta) || Object.keys(meta).length === 0)
    return { meta };
  const kept = Object.entries(meta).filter(([name]) => name !== 'versionId' && name !== 'lastUpdated');
  return kept.length === 0 ? {} : { meta: Object.fromEntries(kept) };
}

/**
 * The next version of a resource, ready to be committed, with the envelope derived from its content.
 * @param write `id` it is stored under, `previous` the version it replaces, `access` what the caller may write.
 * @throws OperationOutcomeError 403 when the caller's access does not open both versions.
 */
export function newVersion(
  server: FhirServer,
  caller: Caller,
  write: {
    readonly resource: Resource;
    readonly id: string;
    readonly method: WriteMethod;
    readonly access: AccessFilter;
    readonly previous?: StoredVersion | undefined;
  },
): StoredVersion {
  const { id, method, access, previous } = write;
  const resource = { ...asRequested(server, withOwnContext(caller, withoutUrls(write.resource))), id };
  const author = authorOf(server, caller, resource.resourceType);
  const compartments = compartmentsOf(server.definitions, resource, [caller.baseUrl]);
  const next = nextVersion({
    resource,
    ...(previous === undefined ? {} : { previous }),
    method,
    now: server.now(),
    id,
    compartments,
    resourceChildren: hasResourceChildren(resource),
    ...(author === undefined ? {} : { author }),
  });
  requireWritable(access, next.type, previous);
  requireWritable(access, next.type, next);
  requireWithoutOthers(server, access, next, resource);
  return next;
}

/**
 * Whether an answer must not show what was written: a patch gives a resource the caller may know only a part of, and the
 * right to change it is not the right to read it. https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
 */
export function hiddenFrom(server: FhirServer, caller: Caller, version: StoredVersion): Pick<WriteOutcome, 'isHidden'> {
  if (version.method !== 'PATCH') return {};
  const access = accessOrNone(server, caller, 'read', version.type);
  return access !== undefined && permits(access, version) ? {} : { isHidden: true };
}

/**
 * Refuses a write by a caller with limited access unless the resource is open to it before and after.
 * One sentence for both, so that the answer does not tell whether a resource is there.
 * @param version the one replaced or the one written; nothing is asked of one that is not there.
 * @throws OperationOutcomeError 403.
 */
export function requireWritable(access: AccessFilter, type: string, version: StoredVersion | undefined): void {
  if (version !== undefined && !permitsWrite(access, version)) throw outside(type);
}

/**
 * Refuses a resource that refers to another record than the caller's by an absolute URL, whatever its base: a client says
 * itself, by Host, by which base it knows this server, and what it calls another server may be this one.
 * @throws OperationOutcomeError 403.
 */
function requireWithoutOthers(
  { definitions }: FhirServer,
  access: AccessFilter,
  version: StoredVersion,
  resource: Resource,
): void {
  if (access.kind === 'everything') return;
  requireWritable(access, version.type, { ...version, compartments: compartmentsOf(definitions, resource, 'every') });
}

/**
 * Refuses a delete as `requireWritable`; one of what never was there is refused as well where access is limited.
 * @throws OperationOutcomeError 403.
 */
export function requireDeletable(access: AccessFilter, type: string, version: StoredVersion | undefined): void {
  if (version === undefined ? access.kind !== 'everything' : !permitsWrite(access, version)) throw outside(type);
}

const outside = (type: string): Error =>
  forbidden(
    `You may only write ${type} resources that are yours before and after: of your own compartment, by your scopes`,
  );

/** Whether GraphQL would have to name the types of resources inside this one. */
export const hasResourceChildren = (resource: Resource): boolean =>
  resource.resourceType === 'Bundle' ||
  resource.resourceType === 'Parameters' ||
  (Array.isArray(resource['contained']) && resource['contained'].length > 0);
