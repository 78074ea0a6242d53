import { readSync } from 'node:fs';

// The layout of lmdb-js's pages, as its mdb.c has it (MDB_page_header, MDB_node, MDB_db), little-endian.
const header = { bytes: 24, flags: 18, lower: 20, overflowPages: 20 };
const node = { bytes: 8, flags: 4, keySize: 6 };
const pageFlag = { branch: 0x01, leaf: 0x02, bareKeys: 0x20 };
const nodeFlag = { overflow: 0x01, subtree: 0x02 };
const rootInSubtree = 40;
const noPage = 0xffff_ffff_ffff_ffffn;

/**
 * Whether all pages that a data file's trees lead to are in the file. A file may be shorter than its meta page says
 * when its last pages are free; then only this walk tells a healthy file from one that was cut off.
 * Time grows with the number of pages, so it is for the rare short file.
 * @param roots the page numbers of the trees' roots.
 * @param pages how many pages the file has.
 */
export function reachesOnly(descriptor: number, pageSize: number, roots: readonly bigint[], pages: bigint): boolean {
  const open = roots.filter((root) => root !== noPage);
  const seen = new Set<bigint>();
  for (let number = open.pop(); number !== undefined; number = open.pop()) {
    if (number >= pages || seen.has(number)) return false; // in a tree every page is met once
    seen.add(number);
    const page = Buffer.alloc(pageSize);
    readSync(descriptor, page, 0, pageSize, Number(number) * pageSize);
    for (const reference of references(page)) {
      if (reference.kind === 'page') open.push(reference.number);
      else if (!overflowFits(descriptor, pageSize, reference.number, pages)) return false;
    }
  }
  return true;
}

interface PageReference {
  readonly kind: 'page' | 'overflow';
  readonly number: bigint;
}

function references(page: Buffer): readonly PageReference[] {
  const flags = page.readUInt16LE(header.flags);
  const count = page.readUInt16LE(header.lower) >> 1;
  const found: PageReference[] = [];
  if ((flags & (pageFlag.branch | pageFlag.leaf)) === 0 || (flags & pageFlag.bareKeys) !== 0) return found;
  for (let place = 0; place < count; place += 1) {
    const start = page.readUInt16LE(header.bytes + 2 * place) + header.bytes;
    const nodeFlags = page.readUInt16LE(start + node.flags);
    const data = start + node.bytes + page.readUInt16LE(start + node.keySize);
    if (flags & pageFlag.branch) {
      const low = BigInt(page.readUInt32LE(start));
      found.push({ kind: 'page', number: low | (BigInt(nodeFlags) << 32n) });
    } else if (nodeFlags & nodeFlag.overflow) {
      found.push({ kind: 'overflow', number: page.readBigUInt64LE(data) });
    } else if (nodeFlags & nodeFlag.subtree) {
      const number = page.readBigUInt64LE(data + rootInSubtree);
      if (number !== noPage) found.push({ kind: 'page', number });
    }
  }
  return found;
}

/** Whether the pages of a value that is too large for one page are all in the file. */
function overflowFits(descriptor: number, pageSize: number, first: bigint, pages: bigint): boolean {
  if (first >= pages) return false;
  const page = Buffer.alloc(header.bytes);
  readSync(descriptor, page, 0, header.bytes, Number(first) * pageSize);
  return first + BigInt(page.readUInt32LE(header.overflowPages)) <= pages;
}
