import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectFolder } from '../project-folder.js';
import type { RunningEngine } from './java-process.js';
import { freePort, startListening } from './listening-process.js';
import { cacheFolder, EngineError } from './recipe.js';

/**
 * Starts MiniStack, an emulator of AWS (PyPI, MIT licence), on 127.0.0.1, empty, after installing it if need be. Lambda
 * functions run there by the `node` of this machine; docs/testing.md tells what it does not do as AWS does.
 * @param port a free one without it.
 * @throws EngineError
 */
export async function startMiniStack(port = 0): Promise<RunningEngine> {
  const program = await installMiniStack();
  const folder = await mkdtemp(join(tmpdir(), 'ministack-'));
  const own = port === 0 ? await freePort() : port;
  return startListening({
    name: 'MiniStack',
    port: own,
    command: [program],
    env: {
      ...process.env,
      NODE_OPTIONS: '', // its functions are not tests
      AWS_SECRET_ACCESS_KEY: 'test', // its functions sign with it, for the account 000000000000
      BIND_HOST: '127.0.0.1',
      MINISTACK_HOST: '127.0.0.1',
      GATEWAY_PORT: String(own),
      IOT_MTLS_ENABLED: '0', // else it listens on a second port, on every interface
      LOG_LEVEL: 'WARNING',
      STATE_DIR: join(folder, 'state'),
      S3_DATA_DIR: join(folder, 's3'),
    },
    cleanUp: () => rm(folder, { recursive: true, force: true }),
  });
}

/** Installs it with the versions of requirements.txt, once for a user; a folder that is not whole has no `installed`. */
async function installMiniStack(): Promise<string> {
  const requirements = join(projectFolder(), 'local', 'engines', 'ministack', 'requirements.txt');
  const digest = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex');
  const folder = join(cacheFolder(), `ministack-${digest.slice(0, 12)}`);
  const program = join(folder, 'bin', 'ministack');
  const installed = join(folder, 'installed');
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
    if (code === 'ENOENT') {
      throw new EngineError('MiniStack needs Python 3.10 or newer: there is no python3 here');
    }
    throw new EngineError(`MiniStack could not be installed: ${`${stdout}${stderr}`.trim().slice(-1_000)}`);
  }
}
