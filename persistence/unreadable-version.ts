import type { ResourceKey } from '../fhir/resource.js';
import { resourceOfPartition } from './keys.js';
import type { StoredVersion } from './stored-version.js';
import type { ItemKey } from './table.js';

/**
 * A version that is stored, and cannot be read, now or later: its body was lost, or its item is no version. Engines that do
 * not answer are none of that (503).
 */
export class UnreadableVersion extends Error {
  override readonly name = 'UnreadableVersion';
  readonly key: ItemKey;
  /** What the item tells; its body, if it has one, is not to be read. Absent when the item tells nothing. */
  readonly envelope: (StoredVersion & { readonly lost: true }) | undefined;
  constructor({ pk, sk }: ItemKey, why: string, version?: StoredVersion) {
    super(`The version that ${pk} ${sk} holds cannot be read: ${why}`);
    this.key = { pk, sk };
    this.envelope = version === undefined ? undefined : { ...version, lost: true };
  }

  /** The resource whose version it is, by its key. */
  get resource(): ResourceKey {
    return resourceOfPartition(this.key.pk);
  }
}
