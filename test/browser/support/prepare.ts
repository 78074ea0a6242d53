// What `npm run test:browser` needs is there, or is said; the example application is installed and built.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { chromiumPath } from './chromium.js';

const example = 'examples/web';
const changed = (file: string): number => (existsSync(file) ? statSync(file).mtimeMs : 0);

function run(...npm: readonly string[]): void {
  const { status } = spawnSync('npm', ['--prefix', example, ...npm], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`npm --prefix ${example} ${npm.join(' ')} failed`);
}

/** Its `npm ci` writes its types as well; they are written again when the schema was. */
function prepareExample(): void {
  const types = changed(`${example}/src/generated/graphql.ts`);
  const isInstalled = changed(`${example}/node_modules/.package-lock.json`) >= changed(`${example}/package-lock.json`);
  if (!isInstalled) run('ci', '--silent');
  else if (types < changed('schema/r4/schema.graphql')) run('run', '-s', 'codegen');
  run('run', '-s', 'build');
}

try {
  chromiumPath();
  prepareExample();
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
