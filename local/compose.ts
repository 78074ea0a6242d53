import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { authorizerFor } from '../auth/authorizers.js';
import { roleRules } from '../auth/rules.js';
import type { FhirDefinitions } from '../fhir/definitions.js';
import { loadDefinitions } from '../fhir/load-definitions.js';
import type { Tenant } from '../fhir/tenant.js';
import { type FhirVersion, fhirVersions } from '../fhir/version.js';
import { everyCurrent } from '../indexer/every-current.js';
import { indexable } from '../indexer/index-change.js';
import type { PublishedFeed } from '../indexer/publish.js';
import type { FhirServer } from '../interactions/server.js';
import type { BodyStore } from '../persistence/body-store.js';
import { contentFiles } from '../persistence/content-files.js';
import type { ContentStore } from '../persistence/content-store.js';
import { defaultTenant, tenantOf } from '../persistence/keys.js';
import { lmdbTable } from '../persistence/lmdb.js';
import { type KeptPlace, lmdbPlace } from '../persistence/lmdb-place.js';
import { diskSpace, type DiskState } from '../persistence/disk-space.js';
import { openRoot, type Root } from '../persistence/lmdb-root.js';
import { createResourceStore } from '../persistence/store.js';
import { currentChange } from '../persistence/stream.js';
import type { Table } from '../persistence/table.js';
import { tenantsIn } from '../persistence/tenants.js';
import type { IndexInspection } from '../search/index-inspection.js';
import { lmdbSearchIndex, type RebuiltIndex } from '../search/lmdb.js';
import { outputFiles } from '../persistence/output-files.js';
import type { OutputStore } from '../persistence/output-store.js';
import { jobsOfTenants } from '../compose/jobs-of-tenants.js';
import { folderOf, ofTenants, pageKeyOf } from '../compose/of-tenants.js';
import { readSecret, versionSecret } from './secret.js';
import { notifierOf } from '../compose/notify.js';
import { type DefinitionOptions, serve } from '../compose/serve.js';

/**
 * One FHIR version on its store, as a deployment without tenants has it, and the table under it, which the AppSync
 * resolvers read directly.
 */
export interface EmbeddedServer extends FhirServer {
  readonly table: Table;
  /** The same for a tenant. */
  readonly ofTenant: (tenant: Tenant) => FhirServer;
  /** Where bodies go that an item does not hold; items hold all without it. */
  readonly bodies?: BodyStore;
  /** How the index is looked into. */
  readonly inspection: IndexInspection;
  /** What subscribers are told of. */
  readonly feed: PublishedFeed;
}

/** What a process that is alone with its store is told. */
export interface EmbeddedOptions extends DefinitionOptions {
  /**
   * Whether nothing goes on beside: for a command, which is not told all that a server is. Jobs that a server left wait for it
   * then, with its rules and its sources of imports.
   */
  readonly isCommand?: boolean;
  /** Is told when the disk of the data folder is getting full, is full, and has room again. */
  readonly onDisk?: (state: DiskState, free: number) => void;
  /** Bytes that may still be written there, asked each time; the file system says it without it. For tests. */
  readonly freeSpace?: (folder: string) => number;
}

/** A version of a process that is alone with its store. */
interface Composed {
  readonly server: EmbeddedServer;
  /** What goes on beside the requests. */
  readonly running: readonly { stop(): Promise<void> }[];
}

/** Both FHIR versions on the stores of this process. */
export interface EmbeddedServers {
  readonly servers: Readonly<Record<FhirVersion, EmbeddedServer>>;
  /** Waits for running writes and closes the stores. */
  close(): Promise<void>;
}

async function composeServer(
  root: Root,
  base: FhirDefinitions,
  pageKey: Uint8Array,
  stores: { readonly contents: ContentStore; readonly output: (tenant: Tenant) => OutputStore },
  options: EmbeddedOptions,
): Promise<Composed> {
  const served = serve(base, options);
  const { definitions } = served;
  const { version } = definitions;
  const search = lmdbSearchIndex(root, `${version}:search`, definitions);
  const listeners: (() => void)[] = [];
  const notified = lmdbPlace(root, `${version}:notified`);
  const table = lmdbTable(root, `${version}:resources`, {
    // A burst of writes must not outrun those who have subscribers told of them.
    ...(options.subscriptions === undefined ? {} : { readUpTo: () => notified.read() }),
    inTransaction: (changes) => {
      const finish = search.stage(
        changes.flatMap((change) => {
          const version = currentChange(change);
          return version === undefined ? [] : [indexable(tenantOf(change.key.pk), version)];
        }),
      );
      return finish;
    },
    onCommitted: () => {
      for (const listener of listeners) setImmediate(listener);
    },
  });
  if (!search.isUpToDate()) {
    const told = (found: RebuiltIndex | undefined): void => options.onReindex?.(version, found);
    const { resources, deleted } = await search.rebuild(
      announced(everyCurrent(table), () => {
        told(undefined);
      }),
    );
    if (resources + deleted > 0) told({ resources, deleted });
  }
  /** The changes, and how far one of their readers has come. */
  const feed = (place: KeptPlace): PublishedFeed => ({
    changes: (request) => table.changes(request),
    end: () => table.lastPosition(),
    readPlace: () => place.read(),
    writePlace: (position) => place.write(position),
    onChange: (listener) => void listeners.push(listener),
  });
  const authorizer = authorizerFor(options.authorization ?? 'roles', roleRules);
  const { isCommand = false } = options;
  const jobs = isCommand ? undefined : jobsOfTenants(table, stores.output, options, { isShared: false });
  const ofTenant = ofTenants((tenant): FhirServer => {
    const server = {
      ...served,
      tenant,
      store: createResourceStore(table, { tenant }),
      index: search.of(tenant),
      // The index is everybody's: only who has no tenant makes it anew.
      ...(tenant === defaultTenant ? { nextIndex: search.next } : {}),
      authorizer,
      pageKey: pageKeyOf(pageKey, tenant),
      contents: stores.contents,
      now: Date.now,
      newId: randomUUID,
    };
    return jobs === undefined ? server : { ...server, jobs: jobs.of(server) };
  });
  // What earlier processes left of jobs goes on, whosesoever they are.
  for (const tenant of await tenantsIn(table)) ofTenant(tenant);
  const { inspection } = search;
  const server = {
    ...ofTenant(defaultTenant),
    table,
    inspection,
    feed: feed(lmdbPlace(root, `${version}:published`)),
    ofTenant,
  };
  const notifier = isCommand ? undefined : notifierOf(server, { feed: feed(notified), isShared: false }, options);
  return { server, running: [jobs, notifier].filter((each) => each !== undefined) };
}

/** Calls `begin` before the first chunk that holds something: a new store is no news. */
async function* announced<Chunk extends readonly unknown[]>(
  chunks: AsyncIterable<Chunk>,
  begin: () => void,
): AsyncGenerator<Chunk> {
  let hasBegun = false;
  for await (const chunk of chunks) {
    if (!hasBegun && chunk.length > 0) {
      hasBegun = true;
      begin();
    }
    yield chunk;
  }
}

/**
 * Opens the embedded store: resources and search index of both FHIR versions in one LMDB environment, so that a
 * commit and its search documents are one transaction; rebuilt at start are what waits to be merged, and an index of an older program.
 * @param dataFolder made if it is not there.
 * @param options what is added to the definitions of FHIR.
 * @throws StoreError with a sentence for the user when the folder or the store in it cannot be used.
 */
export async function openServers(dataFolder: string, options: EmbeddedOptions = {}): Promise<EmbeddedServers> {
  mkdirSync(dataFolder, { recursive: true });
  const definitions = await Promise.all(fhirVersions.map(loadDefinitions));
  const { onDisk, freeSpace } = options;
  const space = diskSpace(dataFolder, {
    ...(onDisk === undefined ? {} : { onChange: onDisk }),
    ...(freeSpace === undefined ? {} : { free: freeSpace }),
  });
  const storeFolder = join(dataFolder, 'store');
  const root = openRoot(storeFolder, space.room(storeFolder));
  const pageKey = readSecret(dataFolder, 'page.key');
  const contentKey = readSecret(dataFolder, 'content.key');
  const composed: (readonly [FhirVersion, EmbeddedServer])[] = [];
  const running: Composed['running'][number][] = [];
  for (const each of definitions) {
    const { version } = each;
    const contents = contentFiles(join(dataFolder, 'content', version), versionSecret(contentKey, version), space);
    const output = (tenant: Tenant): OutputStore =>
      outputFiles(folderOf(join(dataFolder, 'jobs', version), tenant), space);
    const stores = { contents, output };
    const made = await composeServer(root, each, pageKey, stores, options);
    composed.push([version, made.server]);
    running.push(...made.running);
  }
  const servers = Object.fromEntries(composed) as Record<FhirVersion, EmbeddedServer>;
  return {
    servers,
    async close() {
      await Promise.all(running.map((each) => each.stop()));
      await root.close();
    },
  };
}
