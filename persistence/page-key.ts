import { randomBytes } from 'node:crypto';
import { defaultTenant, secretPartition } from './keys.js';
import type { Table } from './table.js';

const length = 32;

/**
 * The key that page links are sealed with, kept in the table itself, so that every process of a deployment has the
 * same; made by the first one that asks. Who reads the table reads all that the key hides. To have a new one, remove
 * the item: links given out before do not open any more.
 * @returns 32 bytes.
 */
export async function readPageKey(table: Pick<Table, 'get' | 'write'>): Promise<Uint8Array> {
  const key = { pk: secretPartition(defaultTenant), sk: 'page' };
  const kept = (await table.get(key))?.['secret'];
  if (typeof kept === 'string') return bytesOf(kept);
  const secret = randomBytes(length).toString('base64');
  const made = await table.write([{ kind: 'put', item: { ...key, secret }, condition: { kind: 'absent' } }]);
  return made.written ? bytesOf(secret) : readPageKey(table); // another process was first
}

function bytesOf(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === length) return bytes;
  throw new Error(`The page key in the table is damaged: it has ${String(bytes.length)} bytes, not ${String(length)}`);
}
