import type { ResourceKey } from '../fhir/resource.js';
import { resourceOfPartition } from './keys.js';
import type { ItemKey } from './table.js';

/** What an item tells of a version without its body. */
export interface Envelope extends ResourceKey {
  readonly versionId: number;
  readonly lastUpdated: string;
  readonly compartments: readonly string[];
  readonly deleted: boolean;
}

/**
 * A version that is stored, and cannot be read, now or later: its body was lost, or its item is no version. Engines that do
 * not answer are none of that (503).
 */
export class UnreadableVersion extends Error {
  override readonly name = 'UnreadableVersion';
  readonly key: ItemKey;
  /** Absent when the item tells nothing. */
  readonly envelope: Envelope | undefined;
  constructor({ pk, sk }: ItemKey, why: string, envelope?: Envelope) {
    super(`The version that ${pk} ${sk} holds cannot be read: ${why}`);
    this.key = { pk, sk };
    this.envelope = envelope;
  }

  /** The resource whose version it is, by its key. */
  get resource(): ResourceKey {
    return resourceOfPartition(this.key.pk);
  }
}
