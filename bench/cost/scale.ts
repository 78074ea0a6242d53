import { currentKey, type Tenant, partitionKey } from '../../persistence/keys.js';
import { historyColumns } from '../../persistence/history-keys.js';
import { partOf } from '../../persistence/partition.js';
import { randomFrom } from '../random.js';
import { counted } from './counted.js';
import { jobSpeeds } from './speeds.js';
import { costOf, prices } from './prices.js';

/** A row of the table: what, how much, how it is known. */
export interface Figure {
  readonly what: string;
  readonly value: string;
  readonly known: 'calculated' | 'assumed';
}

/** What a partition of DynamoDB gives each second, and holds: its documented limits, from memory. */
const partition = { writes: 1_000, reads: 3_000, gigabytes: 10 } as const;
/** Units a second that a table gives unless more is asked for: a quota of an account, from memory. */
const tableQuota = 40_000;
/** Partitions of the history index for each type (persistence/history-keys.ts); 4 on DynamoDB. */
export const historyShards = 4;
/** Bytes of a document in OpenSearch, measured: docs/adr/0013-opensearch-index.md. */
const documentBytes = 938;
const shardGigabytes = 30;
/** Of a node's volume of 200 GB so much is filled, for merges and for an index that is made anew: both are there for a while. */
const filled = 0.4;
const nodeGigabytes = 200;
/** Documents that a data node indexes a second, assumed. */
const indexedPerNode = 3_000;
const atOnce = 32;

const number = (value: number): string => Math.round(value).toLocaleString('en-US');
const dollars = (value: number): string => `$${number(value)}`;
const hours = (seconds: number): string => `${(seconds / 3600).toFixed(1)} h`;

/** Bytes of an entry of the history index: its keys, their names, and what DynamoDB counts for each item of an index. */
export function historyEntryBytes(): number {
  const tenant = '_' as Tenant;
  const id = '00000000-0000-4000-8000-000000000000';
  const place = { type: 'Observation', id, versionId: 1, lastUpdated: '2026-01-01T00:00:00.000Z' };
  const { hp, hs } = historyColumns(tenant, place, historyShards);
  const texts = ['pk', partitionKey(tenant, 'Observation', id), 'sk', currentKey, 'hp', hp, 'hs', hs];
  return texts.reduce((sum, text) => sum + text.length, 100);
}

/** How large a store is, and how fast it can be, with so many resources. @param kilobytes of an item. */
export function scaleOf(resources: number, kilobytes: number): readonly Figure[] {
  const table = (resources * kilobytes) / 2 ** 20;
  const history = (resources * historyEntryBytes()) / 2 ** 30;
  const index = (resources * documentBytes) / 2 ** 30;
  const shards = Math.ceil(index / shardGigabytes);
  const nodes = Math.ceil((index * 2) / (nodeGigabytes * filled));
  const domain = nodes * (costOf(prices.searchMemory, 730) + costOf(prices.searchVolume, nodeGigabytes));
  const scan = counted.scan(kilobytes, 1_000).readUnits / 1_000;
  const write = counted.create(kilobytes).writeUnits;
  /** Of an update, both versions of which are in one partition of the table. */
  const ofTable = 2 * Math.ceil(kilobytes);
  const speed = (functions: number, engine: number): number => Math.min(functions * atOnce, engine);
  const exported = speed(jobSpeeds.export, tableQuota / scan);
  const imported = speed(jobSpeeds.import, tableQuota / write);
  const indexed = speed(jobSpeeds.reindex, nodes * indexedPerNode);
  const calculated = 'calculated' as const;
  return [
    { what: 'table, one version each', value: `${number(table)} GB`, known: calculated },
    { what: 'history index', value: `${number(history)} GB`, known: calculated },
    {
      what: 'both, kept and restorable, a month',
      value: dollars(costOf(prices.dynamoStorage, table + history) + costOf(prices.dynamoRestore, table)),
      known: calculated,
    },
    {
      what: 'partitions of the table, at least',
      value: number(Math.ceil(table / partition.gigabytes)),
      known: calculated,
    },
    { what: 'search index, without its copy', value: `${number(index)} GB`, known: calculated },
    { what: `shards of ${String(shardGigabytes)} GB (\`searchShards\`)`, value: number(shards), known: calculated },
    {
      what: `data nodes of ${String(nodeGigabytes)} GB, room for a second index`,
      value: number(nodes),
      known: calculated,
    },
    { what: 'these nodes, a month', value: dollars(domain), known: calculated },
    { what: 'reads of one resource, a second', value: number(partition.reads), known: 'assumed' },
    { what: 'updates of one resource, a second', value: number(partition.writes / ofTable), known: calculated },
    {
      what: 'creates of one type and tenant, a second',
      value: number(historyShards * partition.writes),
      known: calculated,
    },
    {
      what: 'updates of one type and tenant, a second',
      value: number((historyShards * partition.writes) / 3),
      known: calculated,
    },
    { what: 'export of all', value: hours(resources / exported), known: calculated },
    { what: 'import of all, of several types', value: hours(resources / imported), known: calculated },
    {
      what: 'import of all, were they of one type',
      value: hours(resources / Math.min(imported, historyShards * partition.writes)),
      known: calculated,
    },
    { what: 'reindex of all', value: hours(resources / indexed), known: calculated },
  ];
}

/** What became of a load on the partitions of the history index. */
export interface Heat {
  /** Creates of one type a second, on average. */
  readonly load: number;
  /** Of a hundred seconds, how many had a partition that was asked for more than it gives. */
  readonly hot: number;
  /** Of a hundred creates, how many came to such a partition beyond what it gives: they wait, and are tried again. */
  readonly late: number;
}

/**
 * Creates of one type with random ids, in seconds that have as many as chance has it. A partition gives nothing of what it did
 * not give in the seconds before: DynamoDB does, for five minutes, so this is the worst case.
 */
export function heatOf(load: number, seconds = 12, seed = 1): Heat {
  const random = randomFrom(seed);
  let hot = 0;
  let late = 0;
  let all = 0;
  for (let second = 0; second < seconds; second += 1) {
    // As many as chance has it: the sum of twelve is about normal, and so is a Poisson of thousands.
    const normal = Array.from({ length: 12 }, random).reduce((sum, each) => sum + each, -6);
    const creates = Math.round(load + normal * Math.sqrt(load));
    const shards = Array<number>(historyShards).fill(0);
    for (let at = 0; at < creates; at += 1) {
      const id = `${Math.floor(random() * 2 ** 32).toString(16)}-${Math.floor(random() * 2 ** 32).toString(16)}`;
      const shard = partOf(id, historyShards);
      shards[shard] = (shards[shard] ?? 0) + 1;
    }
    const beyond = shards.reduce((sum, count) => sum + Math.max(0, count - partition.writes), 0);
    if (beyond > 0) hot += 1;
    late += beyond;
    all += creates;
  }
  return { load, hot: (hot / seconds) * 100, late: (late / all) * 100 };
}
