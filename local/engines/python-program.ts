import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectFolder } from '../project-folder.js';
import { cacheFolder, EngineError } from './recipe.js';

/**
 * Installs a program of PyPI with the versions of `local/engines/<name>/requirements.txt`, once for a user.
 * @returns its path.
 * @throws EngineError with a sentence for the user when that cannot be done.
 */
export async function pythonProgram(name: string): Promise<string> {
  const requirements = join(projectFolder(), 'local', 'engines', name, 'requirements.txt');
  const digest = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex');
  const folder = join(cacheFolder(), `${name}-${digest.slice(0, 12)}`);
  const program = join(folder, 'bin', name);
  const installed = join(folder, 'installed'); // a folder that is not whole has none
  if (existsSync(installed)) return program;
  await mkdir(cacheFolder(), { recursive: true });
  const run = promisify(execFile);
  try {
    await run('python3', ['-m', 'venv', '--clear', folder]);
    await run(join(folder, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', '-r', requirements]);
    await mkdir(installed);
    return program;
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as NodeJS.ErrnoException & { stdout?: string; stderr?: string };
    if (code === 'ENOENT') throw new EngineError(`${name} needs Python 3.10 or newer: there is no python3 here`);
    throw new EngineError(`${name} could not be installed: ${`${stdout}${stderr}`.trim().slice(-1_000)}`);
  }
}
