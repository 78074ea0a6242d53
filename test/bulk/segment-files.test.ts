import { expect, test } from '@jest/globals';
import { filesOfLines, type JobLine } from '../../bulk/segment-files.js';
import type { OutputStore } from '../../persistence/output-store.js';
import { memoryOutput } from '../support/memory-output.js';

const lines: readonly JobLine[] = [{ kind: 'error', type: 'OperationOutcome', text: '{}' }];
const first = { job: 'j', segment: 2, written: 3 };

test('lines are written into files that tell what they hold', async () => {
  const output = memoryOutput();
  expect(await filesOfLines(output, first, lines)).toEqual([
    { name: 'error-0002-000003.ndjson', kind: 'error', type: 'OperationOutcome', count: 1 },
  ]);
  expect([...output.files]).toEqual([['j/error-0002-000003.ndjson', '{}\n']]);
});

test.each(['append', 'close'] as const)(
  'a file that fails to %s is given up, and nothing of it stays open',
  async (step) => {
    const called: string[] = [];
    const call = (name: string) => (): Promise<void> => {
      called.push(name);
      return name === step ? Promise.reject(new Error('no space')) : Promise.resolve();
    };
    const output: OutputStore = {
      ...memoryOutput(),
      create: () => Promise.resolve({ append: call('append'), close: call('close'), abandon: call('abandon') }),
    };
    await expect(filesOfLines(output, first, lines)).rejects.toThrow('no space');
    expect(called.at(-1)).toBe('abandon');
  },
);
