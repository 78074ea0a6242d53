import { counted, type Counted, jobPages } from './counted.js';
import { costOf, prices } from './prices.js';
import { jobSpeeds } from './speeds.js';

/** What a million of something costs, in dollars, by who is paid. */
export interface MillionCost {
  readonly name: string;
  /** The calls of the table that one makes. */
  readonly calls: string;
  readonly units: string;
  /** API Gateway or AppSync. */
  readonly front: number;
  readonly functions: number;
  readonly table: number;
  readonly others: number;
}

/** Kilobytes of an item: a resource of 1.5 KB with its envelope. */
export const itemKilobytes = 2;
const million = 1_000_000;

/** Seconds that functions of 1 GB take, assumed: nothing of it was measured on AWS. */
const seconds = { read: 0.015, search: 0.04, write: 0.03, indexed: 0.001, published: 0.005 } as const;

/** Functions after a write: the indexer takes batches, the publisher makes a mutation of each change. */
const afterWrite = (): number =>
  time(seconds.indexed / 2) + time(seconds.published / 4) + costOf(prices.appSync, million);
/** Changes that one call of a function on the stream takes, assumed: at a steady load. */
const streamBatch = 50;
const streamCalls = (): number => costOf(prices.lambdaCalls, (2 * million) / streamBatch);

/** What a million runs of a function of 1 GB cost that takes so many seconds each. */
const time = (each: number): number => costOf(prices.lambdaTime, each * million);
const call = (each: number): number => costOf(prices.lambdaCalls, million) + time(each);
const table = ({ readUnits, writeUnits }: Counted): number =>
  costOf(prices.dynamoRead, readUnits * million) + costOf(prices.dynamoWrite, writeUnits * million);

const unitsText = ({ readUnits, writeUnits }: Pick<Counted, 'readUnits' | 'writeUnits'>): string =>
  [
    ...(readUnits > 0 ? [`${shown(readUnits)} read`] : []),
    ...(writeUnits > 0 ? [`${shown(writeUnits)} write`] : []),
  ].join(', ') || '–';
const shown = (units: number): string => String(Math.round(units * 1000) / 1000);

function row(name: string, cost: Counted, parts: Partial<Omit<MillionCost, 'name' | 'calls' | 'units'>>): MillionCost {
  const calls = cost.calls.join(', ');
  return { name, calls, units: unitsText(cost), front: 0, functions: 0, table: table(cost), others: 0, ...parts };
}

/** A part of what many together take, for one of them. */
const each = (cost: Counted, of: number): Counted => ({
  calls: [`${cost.calls.join(', ')} / ${String(of)}`],
  readUnits: cost.readUnits / of,
  writeUnits: cost.writeUnits / of,
});

const both = (a: Counted, b: Counted): Counted => ({
  calls: [...a.calls, ...b.calls],
  readUnits: a.readUnits + b.readUnits,
  writeUnits: a.writeUnits + b.writeUnits,
});

/** What a million of each operation costs here. @param kilobytes of an item. */
export function operations(kilobytes = itemKilobytes): readonly MillionCost[] {
  const gateway = costOf(prices.gateway, million);
  const appSync = costOf(prices.appSync, million);
  const page = counted.page(kilobytes, 20);
  const written = { front: gateway, functions: call(seconds.write) + streamCalls(), others: afterWrite() };
  const job = (name: keyof typeof jobPages, writes = noCost): MillionCost => {
    const pages = jobPages[name];
    const read = name === 'import' ? noCost : each(counted.scan(kilobytes, pages), pages);
    const asked = each(counted.read(1), pages);
    const cost = both(both(read, asked), writes);
    const functions = time(jobGigabytes / jobSpeeds[name]);
    const files = name === 'reindex' ? 0 : fileCost(kilobytes);
    const others = files + (name === 'import' ? afterWrite() + streamCalls() : 0);
    return row(names[name], cost, { functions, others });
  };
  return [
    row('reads by REST', counted.read(kilobytes), { front: gateway, functions: call(seconds.read) }),
    row('reads by GraphQL, by the resolver itself', counted.read(kilobytes), { front: appSync }),
    row('searches by REST, 20 hits', page, { front: gateway, functions: call(seconds.search) }),
    row('GraphQL: a patient with 20 observations', both(counted.read(kilobytes), page), {
      front: appSync,
      functions: call(seconds.search),
    }),
    row('creates by REST', counted.create(kilobytes), written),
    row('updates by REST', counted.update(kilobytes), written),
    row('entries of transactions of 100 creates', each(counted.transaction(kilobytes, 100), 100), {
      front: gateway / 100,
      functions: call(1) / 100 + streamCalls(),
      others: afterWrite(),
    }),
    job('export'),
    job('import', both(counted.read(kilobytes), counted.create(kilobytes))),
    job('reindex'),
  ];
}

const noCost: Counted = { calls: [], readUnits: 0, writeUnits: 0 };
const names = {
  export: 'resources exported',
  import: 'resources imported',
  reindex: 'resources indexed anew',
} as const;
/** Memory of a function that works on jobs, in GB (infra/settings.ts). */
const jobGigabytes = 1.769;
/** What a million resources cost in files of S3 that jobs write or read, in parts of 8 MB, kept for a day. */
function fileCost(kilobytes: number): number {
  const gigabytes = (million * kilobytes) / 2 ** 20;
  return costOf(prices.s3Put, gigabytes * 128) + costOf(prices.s3Storage, gigabytes / 30);
}

/** What a million costs together. */
export const together = ({ front, functions, table: units, others }: MillionCost): number =>
  front + functions + units + others;

/**
 * The same by the design of FHIR Works on AWS: calls and units of its persistence 3.12.0, read in its source
 * (`lib/dataServices`). Its reads are eventually consistent queries, half the price; a write of more than one resource, and every
 * update, locks, stages and unlocks by transactions of 25, which cost twice. API Gateway and functions are the same.
 */
export function fhirWorks(kilobytes = itemKilobytes): readonly MillionCost[] {
  const gateway = costOf(prices.gateway, million);
  const size = Math.ceil(kilobytes);
  const query = Math.ceil(kilobytes / 4) / 2;
  const cost = (calls: string, readUnits: number, writeUnits: number): Counted => ({
    calls: [calls],
    readUnits,
    writeUnits,
  });
  const stream = time(seconds.indexed / 2) + streamCalls() / 2;
  const front = { front: gateway };
  return [
    row('reads by REST', cost('Query', query, 0), { ...front, functions: call(seconds.read) }),
    row('searches by REST, 20 hits', cost('none: the index has copies', 0, 0), {
      ...front,
      functions: call(seconds.search),
    }),
    row('creates by REST', cost('PutItem', 0, size), { ...front, functions: call(seconds.write), others: stream }),
    row('updates by REST', cost('2 Query, 3 TransactWriteItems', 2 * query, 8 * size), {
      ...front,
      functions: call(seconds.write),
      others: stream,
    }),
    row('entries of transactions of 100 creates', cost('8 TransactWriteItems / 100', 0, 4 * size), {
      front: gateway / 100,
      functions: call(1) / 100,
      others: stream,
    }),
  ];
}
