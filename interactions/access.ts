import type { Grant } from '../auth/access.js';
import type { AskedInteraction } from '../auth/authorizer.js';
import type { Principal } from '../auth/principal.js';
import { forbidden, OperationOutcomeError } from '../fhir/outcome.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { type AccessFilter, type AccessGrant, permits } from '../search/access.js';
import type { PageBinding } from '../search/page.js';
import { parseSearch } from '../search/parse.js';
import { type Filter, requireUnchained } from '../search/request.js';
import { readQuery } from './read-query.js';
import { type AccessOf, opensByContext, withoutContexts } from './security-context.js';
import type { Caller, FhirServer } from './server.js';

/** What would change the audit trail, or take the place of a part of it. */
const changes: readonly AskedInteraction[] = ['update', 'patch', 'delete', 'update-create'];

/**
 * Decides, before anything is read, what of a type a caller may see or change by an interaction. Binaries that have a
 * security context are left out for who may not read everything: `opens` looks at it.
 * @param type left out for transaction, batch and capabilities, whose entries are authorized one by one.
 * @returns the filter every version has to pass (`permits`), or both images of a write (`permitsWrite`).
 * @throws OperationOutcomeError 403 when nothing is open, or only by criteria that cannot be decided.
 */
export function authorize(
  server: FhirServer,
  caller: Caller,
  interaction: AskedInteraction,
  type?: string,
): AccessFilter {
  const access = granted(server, caller, interaction, type);
  return type === 'Binary' ? withoutContexts(server, access, interaction, accessOf(server, caller)) : access;
}

/**
 * Whether a version may be seen by an interaction on it alone: also a Binary whose security context may be read.
 * @param access what `authorize` gave for the interaction and the version's type.
 */
export async function opens(
  server: FhirServer,
  caller: Caller,
  interaction: AskedInteraction,
  access: AccessFilter,
  version: StoredVersion,
): Promise<boolean> {
  if (permits(access, version)) return true;
  if (version.type !== 'Binary') return false;
  const reach = accessOf(server, caller);
  const own = reach(interaction, version.type);
  return own !== undefined && opensByContext(server, version, own, reach);
}

const accessOf =
  (server: FhirServer, caller: Caller): AccessOf =>
  (interaction, type) =>
    unlessForbidden(() => granted(server, caller, interaction, type));

/** What the authorization component opens. @throws OperationOutcomeError 403. */
function granted(
  server: FhirServer,
  caller: Caller,
  interaction: AskedInteraction,
  type: string | undefined,
): AccessFilter {
  if (server.audit !== undefined && type === 'AuditEvent' && changes.includes(interaction)) {
    throw forbidden('AuditEvents are added and never changed: this server keeps an audit trail');
  }
  const access = server.authorizer.authorize(caller.principal, interaction, type);
  if (access.kind === 'everything') return access;
  if (server.audit !== undefined && type === 'AuditEvent' && interaction === 'create') {
    throw forbidden('AuditEvents are added by this server, and by who may add them to every record');
  }
  const grants = access.grants.flatMap((grant) => grantOf(server, type, grant) ?? []);
  if (grants.length > 0) return { kind: 'limited', grants };
  const criteria = access.grants.flatMap((grant) => grant.criteria).join(' ');
  throw forbidden(
    `You may ${interaction} ${type ?? 'nothing'} only by criteria that this server cannot decide on it: ${criteria}`,
  );
}

/**
 * What a caller may see of a type, where a type that is not allowed is passed over without a word.
 * @returns undefined when nothing of the type is open to the interaction.
 */
export function accessOrNone(
  server: FhirServer,
  caller: Caller,
  interaction: AskedInteraction,
  type: string,
): AccessFilter | undefined {
  return unlessForbidden(() => authorize(server, caller, interaction, type));
}

function unlessForbidden(decide: () => AccessFilter): AccessFilter | undefined {
  try {
    return decide();
  } catch (error) {
    if (error instanceof OperationOutcomeError && error.status === 403) return undefined;
    throw error;
  }
}

/** What a page link is bound to, so that it works for the same person with the same rights only. */
export const rightsOf = ({ subject, fhirUser, patient, groups, scopes }: Principal): PageBinding => [
  subject,
  fhirUser ?? '',
  patient ?? '',
  groups.toSorted(),
  scopes.toSorted(),
];

/** A grant with its criteria understood; undefined when they are not: what cannot be decided opens nothing. */
function grantOf(
  server: FhirServer,
  type: string | undefined,
  { compartments, criteria }: Grant,
): AccessGrant | undefined {
  const filters: Filter[] = [];
  for (const query of criteria) {
    const understood = type === undefined ? undefined : filtersOf(server, type, query);
    if (understood === undefined) return undefined;
    filters.push(...understood);
  }
  return { filters, ...(compartments === undefined ? {} : { compartments }) };
}

/**
 * The conditions of a query; undefined unless every parameter is one that the resource alone decides. An absolute URL in it is
 * another server's, whatever it says: who asks says by `Host` how this server is called.
 */
function filtersOf(server: FhirServer, type: string, query: string): readonly Filter[] | undefined {
  try {
    const pairs = readQuery(query);
    const { filters } = requireUnchained(
      parseSearch(server.definitions, type, pairs, {
        handling: 'strict',
        defaultCount: 0,
        maxCount: 0,
        now: server.now(),
      }),
    );
    return pairs.length > 0 && filters.length === pairs.length ? filters : undefined;
  } catch (error) {
    if (error instanceof OperationOutcomeError) return undefined;
    throw error;
  }
}
