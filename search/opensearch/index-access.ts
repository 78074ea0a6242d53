import type { Client } from '@opensearch-project/opensearch';

/** Who uses the indices of an alias, by the ARNs of their roles. */
export interface IndexUsers {
  /** What the names of the indices begin with. */
  readonly alias: string;
  /** Those who search and put documents. */
  readonly callers: readonly string[];
  /** Those who also make indices, switch the alias and remove indices. */
  readonly keepers: readonly string[];
}

/** What bulk requests and searches of several bodies need before each of their parts is looked at. */
const together = ['cluster_composite_ops'];
/** `get` tells the names of indices, of which a reindex takes the next: whoever begins one asks. */
const callerActions = [
  'crud',
  'indices:admin/aliases/get',
  'indices:admin/mappings/get',
  'indices:admin/get',
  'indices:admin/refresh*',
];
const keeperActions = ['indices_all'];

/**
 * Gives roles of AWS what they need of an alias and its indices, and nothing of any other: fine-grained access. What was
 * given to others under the same names is taken back.
 * @param client of the domain, by its master user.
 * @throws the client's errors.
 * @see https://docs.opensearch.org/2.19/security/access-control/api/
 */
export async function grantIndexAccess(client: Client, { alias, callers, keepers }: IndexUsers): Promise<void> {
  await give(client, `${alias}-callers`, alias, callerActions, callers);
  await give(client, `${alias}-keepers`, alias, keeperActions, keepers);
}

async function give(
  client: Client,
  role: string,
  alias: string,
  actions: readonly string[],
  arns: readonly string[],
): Promise<void> {
  const put = (what: 'roles' | 'rolesmapping', body: object): Promise<unknown> =>
    client.transport.request({ method: 'PUT', path: `/_plugins/_security/api/${what}/${role}`, body });
  await put('roles', {
    cluster_permissions: together,
    index_permissions: [{ index_patterns: [alias, `${alias}-*`], allowed_actions: actions }],
  });
  await put('rolesmapping', { backend_roles: arns });
}
