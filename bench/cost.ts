// npm run bench:cost -- [--write]
// Prints what each operation costs, and how a store scales, from counted calls and units at list prices; with --write into
// docs/costs.md and docs/scale.md, which a test holds against this.
import { writeFileSync } from 'node:fs';
import { pages, readPage } from './cost/page.js';

for (const [page, blocksOf] of pages) {
  const blocks = blocksOf();
  for (const [name, text] of Object.entries(blocks)) console.log(`${name}\n\n${text}\n`);
  if (!process.argv.includes('--write')) continue;
  const { file, made } = await readPage(page, blocks);
  writeFileSync(file, made);
}
