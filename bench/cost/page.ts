import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { projectFolder } from '../../local/project-folder.js';
import { type Blocks, costBlocks, scaleBlocks, withBlocks } from './tables.js';

/** The pages of docs/ that have blocks that are reckoned, and what makes those. */
export const pages: readonly (readonly [name: string, blocks: () => Blocks])[] = [
  ['costs', costBlocks],
  ['scale', scaleBlocks],
];

/** A page as it is, and as it is with its blocks made now. */
export interface Page {
  readonly file: string;
  readonly now: string;
  readonly made: string;
}

export async function readPage(name: string, blocks: Blocks): Promise<Page> {
  const file = join(projectFolder(), 'docs', `${name}.md`);
  const now = readFileSync(file, 'utf8');
  const options = { ...(await resolveConfig(file)), filepath: file };
  return { file, now, made: await format(withBlocks(now, blocks), options) };
}
