import type { Resource, ResourceKey } from '../fhir/resource.js';
import { parameterValues } from '../search/parameter-values.js';
import { isServedParameter } from '../search/served-parameter.js';
import { authorize } from './access.js';
import { readMany } from './read.js';
import { resourceOf } from './resource-of.js';
import type { Caller, FhirServer } from './server.js';

/** A resource here that a List refers to, or one version of it. */
export interface ListEntry extends ResourceKey {
  readonly versionId?: string;
}

/**
 * What Lists refer to here by their entries, those marked as deleted left out. https://hl7.org/fhir/R4/list.html
 * @param ids of the Lists; those that are not there, or that the caller may not see, have no entries.
 * @throws OperationOutcomeError 403 when the caller's role may not read Lists.
 */
export async function listEntries(server: FhirServer, caller: Caller, ids: readonly string[]): Promise<ListEntry[]> {
  authorize(server, caller, 'read', 'List');
  const lists = await readMany(
    server,
    caller,
    ids.map((id) => ({ type: 'List', id })),
  );
  return lists.flatMap((list) => (list === undefined ? [] : entriesOf(server, caller, resourceOf(list))));
}

function entriesOf({ definitions }: FhirServer, { baseUrl }: Caller, list: Resource): ListEntry[] {
  const entries = Array.isArray(list['entry']) ? (list['entry'] as { readonly deleted?: unknown }[]) : [];
  const item = definitions.searchParameters.find('List', 'item');
  if (item === undefined || !isServedParameter(item)) throw new Error('Lists have no search parameter "item"');
  const kept = { ...list, entry: entries.filter(({ deleted }) => deleted !== true) };
  return (parameterValues('reference', item, kept) ?? []).flatMap((value): ListEntry[] => {
    if (value.kind !== 'resource' || (value.base !== '' && value.base !== baseUrl)) return [];
    const { type, id, versionId } = value;
    return [{ type, id, ...(versionId === undefined ? {} : { versionId }) }];
  });
}
