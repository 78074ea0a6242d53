import { expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openRoot } from '../../persistence/lmdb-root.js';
import { lmdbTable } from '../../persistence/lmdb.js';
import { createResourceStore } from '../../persistence/store.js';
import { temporaryFolder } from './temporary-root.js';

const kills = 15;
const writer = fileURLToPath(new URL('crash-writer.ts', import.meta.url));

/** Runs the writer from a commit's number on, kills it some milliseconds after its first commit; the numbers it told. */
function writeUntilKilled(folder: string, first: number, milliseconds: number): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, NODE_OPTIONS: '' };
    const child = spawn(process.execPath, ['--import', 'tsx', writer, folder, String(first)], { env });
    let told = '';
    let complaint = '';
    child.stdout.on('data', (chunk: Buffer) => {
      if (told === '') setTimeout(() => child.kill('SIGKILL'), milliseconds);
      told += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    child.on('close', (code) => {
      if (code !== null) reject(new Error(`The writer ended by itself: ${complaint}`));
      else resolve(told.split('\n').slice(0, -1).map(Number));
    });
  });
}

test('what was told to be committed is there after a kill at any moment, whole, with its index entries', async () => {
  const folder = temporaryFolder();
  const told: number[] = [];
  let next = 0;
  for (let kill = 0; kill < kills; kill += 1) {
    told.push(...(await writeUntilKilled(folder, next, Math.random() * 60)));
    const root = openRoot(folder); // the killed process's lock is taken over
    const index = root.openDB<number, string>({ name: 'index' });
    const table = lmdbTable(root, 'items');
    const store = createResourceStore(table);
    next = 2 * Math.floor(Math.max(...told.filter((number) => number < 1_000_000)) / 2) + 4;
    for (const number of told) {
      const id = String(Math.floor(number / 2));
      expect((await store.read({ type: 'Patient', id }))?.versionId).toBeGreaterThanOrEqual((number % 2) + 1);
    }
    for (const { pk, sk, versionId, body } of (await table.scan({ segment: 0, segments: 1, limit: 1e6 })).items) {
      if (versionId === undefined) continue; // which types are in use
      const [, type = '', id = ''] = pk.split('#');
      const twin = type === 'Patient' ? 'Observation' : 'Patient';
      const other = await store.vread({ type: twin, id }, Number(versionId));
      const note = (text: unknown): unknown => (JSON.parse(String(text)) as { note: string }).note;
      expect(note(other?.body)).toBe(note(body));
      if (sk === 'current') expect(index.get(pk)).toBe(versionId);
      else expect((await store.read({ type, id }))?.versionId).toBe(Number(versionId) + 1);
    }
    await root.close();
  }
  expect(told.length).toBeGreaterThan(kills);
  rmSync(folder, { recursive: true });
}, 120_000);
