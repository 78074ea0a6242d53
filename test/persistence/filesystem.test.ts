import { rmSync } from 'node:fs';
import { filesystemBodies } from '../../persistence/filesystem.js';
import { describeBodyStore } from '../contract/body-store.js';
import { temporaryFolder } from './temporary-root.js';

describeBodyStore('filesystem', () => {
  const folder = temporaryFolder();
  return Promise.resolve({
    bodies: filesystemBodies(folder),
    close: () => {
      rmSync(folder, { recursive: true });
      return Promise.resolve();
    },
  });
});
