import { keyText, type ResourceKey } from '../../fhir/resource.js';
import { readMany } from '../../interactions/read.js';
import { resourceOf } from '../../interactions/resource-of.js';
import type { Caller, FhirServer } from '../../interactions/server.js';
import type { StoredVersion } from '../../persistence/resource-store.js';
import type { Cost } from './cost.js';
import type { StoredMember } from './walk.js';

/** The resources one request has read: each is read and parsed once, and is the same wherever it stands. */
export class ResourceReads {
  readonly cost: Cost;
  private readonly server: FhirServer;
  private readonly caller: Caller;
  private readonly current = new Map<string, StoredMember | undefined>();
  private readonly parsed = new WeakMap<StoredVersion, StoredMember>();

  constructor(server: FhirServer, caller: Caller, cost: Cost) {
    this.server = server;
    this.caller = caller;
    this.cost = cost;
  }

  /** Reads the current versions of keys in one batch, those that are not known yet. */
  async readMany(keys: readonly ResourceKey[]): Promise<void> {
    const missing = new Map(keys.map((key) => [keyText(key), key] as const));
    for (const text of missing.keys()) if (this.current.has(text)) missing.delete(text);
    if (missing.size === 0) return;
    this.cost.add('resources', missing.size);
    const versions = await readMany(this.server, this.caller, [...missing.values()]);
    for (const [place, text] of [...missing.keys()].entries()) {
      const version = versions[place];
      this.current.set(text, version === undefined ? undefined : this.parse(version));
    }
  }

  /** What was read under a key; undefined for what is not there or not the caller's to see. */
  known(key: ResourceKey): StoredMember | undefined {
    return this.current.get(keyText(key));
  }

  /** A version that was read otherwise: found, or written. */
  member(version: StoredVersion): StoredMember {
    this.cost.add('resources', 1);
    return this.parse(version);
  }

  /** Forgets what was read: a mutation has changed something. */
  forget(): void {
    this.current.clear();
  }

  /** A version at hand, which costs nothing. */
  parse(version: StoredVersion): StoredMember {
    let member = this.parsed.get(version);
    if (member === undefined) {
      const { type, id } = version;
      member = { key: { type, id }, resource: resourceOf(version) };
      this.parsed.set(version, member);
    }
    return member;
  }
}
