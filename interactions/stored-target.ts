import type { ParsedReference } from '../fhir/reference.js';
import type { ResourceKey } from '../fhir/resource.js';
import type { Caller } from './server.js';

/** What a literal reference names on this server. */
export type StoredTarget =
  | { readonly kind: 'current'; readonly key: ResourceKey }
  | { readonly kind: 'version'; readonly key: ResourceKey; readonly versionId: string };

/**
 * The resource of this server that a reference names: relative, or absolute below the base that the caller knows.
 * Nothing is read, and nothing is ever fetched from another server.
 * @returns undefined for what leads elsewhere: into the resource itself, to another server, nowhere.
 * @see https://hl7.org/fhir/R4/references.html#literal
 */
export function storedTarget({ baseUrl }: Caller, parsed: ParsedReference): StoredTarget | undefined {
  if (parsed.kind !== 'relative' && !(parsed.kind === 'absolute' && parsed.base === baseUrl)) return undefined;
  const { type, id, versionId } = parsed;
  const key = { type, id };
  return versionId === undefined ? { kind: 'current', key } : { kind: 'version', key, versionId };
}
