import { withoutDeadline } from '../../fhir/deadline.js';
import type { FhirServer } from '../server.js';
import type { Operation } from './operation.js';
import { parametersOf } from './parameters.js';

/** How long an answer counts, in milliseconds: consoles ask again and again, and each time looks into many partitions. */
const counts = 5_000;

/**
 * `$index-lag`: how far searches are behind writes. `seconds` is the age of the oldest write that is newer than the newest
 * one indexed, 0 when there is none; what the history does not show yet (its horizon) is not seen. `indexing` says
 * whether the index is written with each commit, and so never behind, or later. Nothing else is told: whoever reads the
 * capabilities may know it. docs/adr/0069-what-the-console-asks.md
 */
export const indexLag: Operation = {
  name: 'index-lag',
  definition: 'urn:fhir-on-appsync:operation:index-lag',
  levels: ['system'],
  types: [],
  affectsState: false,
  needs: 'capabilities',
  parameters: [],
  isServed: ({ indexing, index }) => indexing === undefined || index.newest !== undefined,
  run: async (server) => ({
    kind: 'resource',
    resource: parametersOf([
      { name: 'seconds', valueInteger: await knownLag(server) },
      { name: 'indexing', valueCode: server.indexing === undefined ? 'commit' : 'later' },
    ]),
  }),
};

interface KnownLag {
  readonly at: number;
  readonly seconds: Promise<number>;
}

const known = new WeakMap<FhirServer['index'], KnownLag>();

function knownLag(server: FhirServer): Promise<number> {
  if (server.indexing === undefined) return Promise.resolve(0);
  const now = server.now();
  const last = known.get(server.index);
  if (last !== undefined && now - last.at < counts) return last.seconds;
  const seconds = withoutDeadline(() => lagOf(server, now)); // several requests wait for it
  known.set(server.index, { at: now, seconds });
  seconds.catch(() => known.delete(server.index));
  return seconds;
}

/** 1 search, and 1 page of the history of all types. */
async function lagOf({ index, store, definitions }: FhirServer, now: number): Promise<number> {
  const indexed = await index.newest?.();
  const {
    versions: [oldest],
  } = await store.historyOfTypes({
    types: definitions.resourceTypes,
    oldestFirst: true,
    count: 1,
    ...(indexed === undefined ? {} : { from: new Date(Date.parse(indexed) + 1).toISOString() }),
  });
  return oldest === undefined ? 0 : Math.max(0, Math.ceil((now - Date.parse(oldest.lastUpdated)) / 1000));
}
