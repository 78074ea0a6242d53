/** What an interaction asks of DynamoDB: its commands in order, and the units they take, of the history index as well. */
export interface Counted {
  readonly calls: readonly string[];
  readonly readUnits: number;
  readonly writeUnits: number;
}

const writeUnits = (kilobytes: number): number => Math.ceil(kilobytes);
const readUnits = (kilobytes: number): number => Math.ceil(kilobytes / 4);

/** Writing an entry of the history index takes one unit, moving it as well; an update writes one for the old version and moves one. */
const indexOfCreate = 1;
const indexOfUpdate = 3;

/**
 * What interactions with a resource take whose item has so many kilobytes. `test/engines/persistence/cost.test.ts` counts the
 * same on DynamoDB Local.
 */
export const counted = {
  read: (kilobytes: number): Counted => ({ calls: ['GetItem'], readUnits: readUnits(kilobytes), writeUnits: 0 }),
  create: (kilobytes: number): Counted => ({
    calls: ['PutItem'],
    readUnits: 0,
    writeUnits: writeUnits(kilobytes) + indexOfCreate,
  }),
  update: (kilobytes: number): Counted => ({
    calls: ['GetItem', 'PutItem', 'PutItem'],
    readUnits: readUnits(kilobytes),
    writeUnits: 2 * writeUnits(kilobytes) + indexOfUpdate,
  }),
  /** The resources that a page of a search shows, up to 100. */
  page: (kilobytes: number, hits: number): Counted => ({
    calls: ['BatchGetItem'],
    readUnits: hits * readUnits(kilobytes),
    writeUnits: 0,
  }),
  /** A transaction of up to 100 creates: each unit counts twice. */
  transaction: (kilobytes: number, creates: number): Counted => ({
    calls: ['TransactWriteItems'],
    readUnits: 0,
    writeUnits: creates * 2 * (writeUnits(kilobytes) + indexOfCreate),
  }),
  /** A part of a scan: what is read is added up before it is rounded. */
  scan: (kilobytes: number, items: number): Counted => ({
    calls: ['Scan'],
    readUnits: Math.ceil((items * kilobytes) / 4),
    writeUnits: 0,
  }),
};

/** Items that jobs read at once, as `test/bulk/cost.test.ts` counts them: a scan, and a read that asks whether the job is still wanted. */
export const jobPages = { export: 200, reindex: 500, import: 100 } as const;
