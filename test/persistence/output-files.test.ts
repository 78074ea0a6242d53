import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { outputFiles } from '../../persistence/output-files.js';
import { describeOutputStore } from '../contract/output-store.js';

describeOutputStore('files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'output-'));
  return Promise.resolve({
    output: outputFiles(join(folder, 'jobs')),
    close: () => {
      rmSync(folder, { recursive: true });
      return Promise.resolve();
    },
  });
});
