import { expect, test } from '@jest/globals';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { bucketWhenAsked } from '../../compose/bucket-when-asked.js';
import { contentFiles } from '../../persistence/content-files.js';
import { filesystemBodies } from '../../persistence/filesystem.js';
import { describeBodyStore } from '../contract/body-store.js';
import { temporaryFolder } from '../persistence/temporary-root.js';

const inFolder = (folder: string): ReturnType<Parameters<typeof bucketWhenAsked>[0]> =>
  Promise.resolve({
    bodies: filesystemBodies(join(folder, 'bodies')),
    contents: contentFiles(join(folder, 'contents'), Buffer.alloc(32)),
  });

describeBodyStore('a bucket that is opened when it is asked', () => {
  const folder = temporaryFolder();
  return Promise.resolve({
    bodies: bucketWhenAsked(() => inFolder(folder)).bodies,
    close: () => {
      rmSync(folder, { recursive: true });
      return Promise.resolve();
    },
  });
});

test('a bucket is opened once, by the first that asks, and again only when that failed', async () => {
  const folder = temporaryFolder();
  let opened = 0;
  const { contents } = bucketWhenAsked(() => {
    opened += 1;
    return opened === 1 ? Promise.reject(new Error('no')) : inFolder(folder);
  });
  expect(opened).toBe(0);
  const path = 'default/Binary/1/1';
  await expect(contents.head(path)).rejects.toThrow('no');
  expect(await Promise.all([contents.head(path), contents.head(path)])).toEqual([undefined, undefined]);
  expect(opened).toBe(2);
  rmSync(folder, { recursive: true });
});
