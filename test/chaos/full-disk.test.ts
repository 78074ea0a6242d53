import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServerProcess, type ServerProcess } from './support/server-process.js';

// A real disk that is full, has room, and is full again, under the built server, which is killed meanwhile
// (docs/adr/0091-a-full-disk-is-met-before-it-is-full.md). Where no file system can be mounted, test/rest/full-disk.test.ts stands for it.

const runs = 4 * Number(process.env['CHAOS_RUNS'] ?? '1');
const disk = mkdtempSync(join(tmpdir(), 'fhir-full-disk-'));
const mount = (): boolean => {
  const size = `size=${String(128 + 4 * runs)}m`;
  return spawnSync('mount', ['-t', 'tmpfs', '-o', size, 'tmpfs', disk]).status === 0;
};
const unmount = (): boolean => spawnSync('umount', [disk]).status === 0;
const canMount = mount() && unmount();
const data = join(disk, 'data');
const ballast = join(disk, 'ballast');

/** Writes a file until nothing more goes on the disk. */
function fill(): void {
  const file = openSync(ballast, 'w');
  try {
    for (let size = 2 ** 20; size >= 4096;) {
      try {
        writeSync(file, Buffer.alloc(size));
      } catch {
        size /= 2;
      }
    }
  } finally {
    closeSync(file);
  }
}
const free = (): void => {
  rmSync(ballast, { force: true });
};

let server: ServerProcess;
let token: string;
const start = async (): Promise<void> => {
  server = await startServerProcess({}, data);
  token = server.token('practitioner');
};

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
}

function ask(method: string, path: string, body?: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json' };
    const sent = httpRequest(
      { port: server.port, host: '127.0.0.1', method, path: `/r4/${path}`, headers },
      (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
        answer.on('error', reject);
        answer.on('end', () => {
          resolve({ status: answer.statusCode ?? 0, retryAfter: answer.headers['retry-after'], text });
        });
      },
    );
    sent.on('error', reject);
    sent.end(payload);
  });
}

/** A patient of some size, which no compression makes small. */
const patient = (id: string) => ({
  resourceType: 'Patient',
  id,
  name: [{ family: 'Full' }],
  photo: [{ contentType: 'image/png', data: randomBytes(20_000).toString('base64') }],
});

(canMount ? describe : describe.skip)('a disk that is full again and again', () => {
  beforeAll(async () => {
    mount();
    mkdirSync(data);
    await start();
  });
  afterAll(async () => {
    try {
      await server.close();
    } finally {
      unmount();
      rmSync(disk, { recursive: true, force: true });
    }
  });

  test('refuses writes while it is, loses none that was answered, and ends no process', async () => {
    const answered = new Map<string, string>();
    let number = 0;
    /** Writes, several at a time, and gives the statuses. */
    const write = async (count: number): Promise<number[]> => {
      const statuses: number[] = [];
      for (let done = 0; done < count; done += 4) {
        await Promise.all(
          Array.from({ length: 4 }, async () => {
            const id = `p${String((number += 1) % 60)}`;
            const { status, text, retryAfter } = await ask('PUT', `Patient/${id}`, patient(id));
            statuses.push(status);
            if (status < 300) answered.set(id, (JSON.parse(text) as { meta: { versionId: string } }).meta.versionId);
            else expect([status, retryAfter]).toEqual([507, '30']);
          }),
        );
      }
      return statuses;
    };
    const isAllThere = async (): Promise<void> => {
      for (const [id, versionId] of answered) {
        const { status, text } = await ask('GET', `Patient/${id}`);
        const found = status === 200 ? (JSON.parse(text) as { meta: { versionId: string } }).meta.versionId : 'none';
        expect([id, Number(found) >= Number(versionId)]).toEqual([id, true]);
      }
    };
    await write(8);
    expect(answered.size).toBe(8);
    for (let run = 0; run < runs; run += 1) {
      // Filled while writes are under way: none of them may end the process, whatever it meets.
      const [during] = await Promise.all([write(24), Promise.resolve().then(fill)]);
      expect(during.every((status) => status < 300 || status === 507)).toBe(true);
      expect(new Set(await write(24))).toEqual(new Set([507]));
      expect(server.printed()).toContain('the disk of DATA_DIR is full');
      await isAllThere();
      expect((await ask('GET', 'Patient?name=full&_summary=count')).status).toBe(200);
      if (run % 2 === 1) {
        await server.kill();
        free();
        await start();
        await isAllThere();
      } else free();
      expect(server.isAlive()).toBe(true);
      expect((await write(8)).every((status) => status < 300)).toBe(true);
    }
  });
});
