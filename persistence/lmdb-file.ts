import { closeSync, existsSync, fstatSync, openSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reachesOnly } from './lmdb-pages.js';
import { StoreError } from './store-error.js';

// The layout of lmdb-js's meta pages, as its mdb.c has it (MDB_page_header, MDB_meta, MDB_db), little-endian.
const headerBytes = 24;
const magic = 0xbeefc0de;
const at = { magic: 0, pageSize: 24, freeRoot: 64, mainRoot: 112, lastPage: 120, transaction: 128 };
const metaBytes = headerBytes + at.transaction + 8;

interface MetaPage {
  readonly pageSize: number;
  readonly lastPage: bigint;
  readonly transaction: bigint;
  readonly roots: readonly bigint[];
}

/** Beside the data file once the store was made: tells a store that lost its content from one not yet made. */
const madeMarker = 'made';

/** Says that the store in this folder was made, so that an empty one is found damaged from now on. */
export function markMade(folder: string): void {
  writeFileSync(join(folder, madeMarker), '');
}

/**
 * Refuses a data file that LMDB could not read. LMDB maps the file into memory: where pages are missing, the process
 * would end with a bus error instead of an exception, so this is looked at before.
 * It finds what was cut off and what was overwritten at the file's start; LMDB keeps no checksums of its pages.
 * @param folder the environment's folder.
 * @throws StoreError naming the file and what is wrong with it.
 */
export function requireIntact(folder: string): void {
  const file = join(folder, 'data.mdb');
  const isMade = existsSync(join(folder, madeMarker));
  if (!existsSync(file)) {
    if (isMade) throw damaged(file, 'it is missing');
    return;
  }
  const descriptor = openFile(file);
  try {
    const { size } = fstatSync(descriptor);
    if (size === 0 && isMade) throw damaged(file, 'it is empty');
    if (size === 0) return; // a first start that ended before anything was written: LMDB begins anew
    const first = metaPage(descriptor, 0);
    const second = first === undefined ? undefined : metaPage(descriptor, first.pageSize);
    if (first === undefined || second === undefined || first.pageSize !== second.pageSize) {
      throw damaged(file, 'it does not begin as an LMDB file');
    }
    const newest = first.transaction >= second.transaction ? first : second;
    const pages = BigInt(Math.floor(size / newest.pageSize));
    if (newest.lastPage >= pages && !walks(descriptor, newest, pages)) {
      throw damaged(file, `it has ${String(pages)} pages where ${String(newest.lastPage + 1n)} were written`);
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Whether nothing but free pages is missing from the file's end. */
function walks(descriptor: number, { pageSize, roots }: MetaPage, pages: bigint): boolean {
  try {
    return reachesOnly(descriptor, pageSize, roots, pages);
  } catch (error) {
    if (error instanceof RangeError) return false; // an offset beyond its page
    throw error;
  }
}

function metaPage(descriptor: number, offset: number): MetaPage | undefined {
  const page = Buffer.alloc(metaBytes);
  if (readSync(descriptor, page, 0, metaBytes, offset) < metaBytes) return undefined;
  const meta = page.subarray(headerBytes);
  if (meta.readUInt32LE(at.magic) !== magic) return undefined;
  const pageSize = meta.readUInt32LE(at.pageSize);
  if (pageSize < 512 || pageSize > 65536 || (pageSize & (pageSize - 1)) !== 0) return undefined;
  return {
    pageSize,
    lastPage: meta.readBigUInt64LE(at.lastPage),
    transaction: meta.readBigUInt64LE(at.transaction),
    roots: [meta.readBigUInt64LE(at.freeRoot), meta.readBigUInt64LE(at.mainRoot)],
  };
}

function openFile(file: string): number {
  try {
    return openSync(file, 'r');
  } catch (error) {
    throw new StoreError(`The store's file ${file} cannot be read: ${String(error)}`, { cause: error });
  }
}

const damaged = (file: string, what: string): StoreError =>
  new StoreError(`The store's file ${file} is damaged: ${what}. Restore it from a backup, or name another folder`);
