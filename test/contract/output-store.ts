import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { text } from 'node:stream/consumers';
import type { OutputKey, OutputStore } from '../../persistence/output-store.js';

/** What every adapter of the port of jobs' files does, as a suite. @param make an empty store; called once. */
export function describeOutputStore(
  name: string,
  make: () => Promise<{ readonly output: OutputStore; readonly close: () => Promise<void> }>,
): void {
  describe(`Output store: ${name}`, () => {
    let output: OutputStore;
    let close: () => Promise<void>;
    beforeAll(async () => {
      ({ output, close } = await make());
    });
    afterAll(() => close());

    const write = async (key: OutputKey, ...parts: readonly string[]): Promise<void> => {
      const file = await output.create(key);
      for (const part of parts) await file.append(part);
      await file.close();
    };
    const read = async (key: OutputKey): Promise<string | undefined> => {
      const found = await output.read(key);
      if (found === undefined) return undefined;
      const whole = await text(found.stream);
      expect(Buffer.byteLength(whole)).toBe(found.bytes);
      return whole;
    };
    const key = { job: 'job-1', name: 'Patient-0000-000000.ndjson' };

    test.each([
      ['nothing', []],
      ['a line', ['{"ä":"€😀"}\n']],
      ['several', ['a\n', 'b\n', 'c']],
      ['more than a part', Array.from({ length: 13 }, (_, at) => String(at).repeat(1_000_000))],
      ['parts that are full to the byte', ['x'.repeat(5 * 2 ** 20), 'y'.repeat(5 * 2 ** 20)]],
      ['one long part', ['z'.repeat(11_000_000)]],
    ])('gives back what was appended, in its order: %s', async (_, parts) => {
      await write(key, ...parts);
      expect((await read(key)) === parts.join('')).toBe(true);
    });

    test('shows nothing of a file before it is closed, nor of one that was abandoned', async () => {
      for (const part of ['short', 'x'.repeat(6_000_000)]) {
        const open = { job: 'job-2', name: 'open.ndjson' };
        const file = await output.create(open);
        await file.append(part);
        expect(await output.read(open)).toBeUndefined();
        await file.abandon();
        expect(await output.read(open)).toBeUndefined();
      }
    });

    test('replaces a file that is written again, when it is closed', async () => {
      const again = { job: 'job-3', name: 'again.ndjson' };
      await write(again, 'first'.repeat(100));
      const file = await output.create(again);
      await file.append('second');
      expect(await read(again)).toBe('first'.repeat(100));
      await file.close();
      expect(await read(again)).toBe('second');
    });

    test('removes all files of a job, those left open too, and of no other; and what is not there', async () => {
      for (const name of ['a', 'b', 'c']) await write({ job: 'job-4', name }, name);
      await write({ job: 'job-40', name: 'a' }, 'other');
      const left = await output.create({ job: 'job-4', name: 'left' });
      await left.append('x'.repeat(6_000_000));
      await output.remove('job-4');
      await output.remove('job-4');
      await output.remove('nothing');
      for (const name of ['a', 'b', 'c', 'left']) expect(await output.read({ job: 'job-4', name })).toBeUndefined();
      expect(await read({ job: 'job-40', name: 'a' })).toBe('other');
      await left.abandon();
    });
  });
}
