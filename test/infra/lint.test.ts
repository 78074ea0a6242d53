import { expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pythonProgram } from '../../local/engines/python-program.js';
import { templatesOf } from './support/templates.js';

const run = promisify(execFile);

/** The templates of both stages; of nested stacks, which hold resolvers of one form, the smallest. */
function templates(): readonly string[] {
  const all = (['dev', 'production'] as const)
    .map(templatesOf)
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((file) => file.endsWith('.template.json'));
  const nested = all.filter((file) => file.includes('.nested.'));
  const [smallest = ''] = nested.sort((one, other) => statSync(one).size - statSync(other).size);
  return [...all.filter((file) => !nested.includes(file)), smallest];
}

test('cfn-lint has nothing to say of the templates', async () => {
  const program = await pythonProgram('cfn-lint');
  // W3005: a dependency said twice. The CDK says those that references imply as well.
  const said = await run(program, ['--ignore-checks', 'W3005', '--', ...templates()]).then(
    ({ stdout }) => stdout,
    (error: unknown) => (error as { stdout?: string }).stdout ?? String(error),
  );
  expect(said.trim()).toBe('');
});
