// npm run bench:cost -- [--write]
// Prints what each operation costs, and how a store scales, from counted calls and units at list prices; with --write into
// docs/costs.md and docs/scale.md, which a test holds against this.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { projectFolder } from '../local/project-folder.js';
import { costBlocks, scaleBlocks, withBlocks } from './cost/tables.js';

for (const [page, blocks] of [
  ['costs', costBlocks()],
  ['scale', scaleBlocks()],
] as const) {
  for (const [name, text] of Object.entries(blocks)) console.log(`${name}\n\n${text}\n`);
  if (!process.argv.includes('--write')) continue;
  const file = join(projectFolder(), 'docs', `${page}.md`);
  const options = { ...(await resolveConfig(file)), filepath: file };
  writeFileSync(file, await format(withBlocks(readFileSync(file, 'utf8'), blocks), options));
}
