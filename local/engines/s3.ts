import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { localCredentials } from '../../persistence/s3/client.js';
import type { RunningEngine } from './java-process.js';
import { freePort, startListening } from './listening-process.js';
import { cacheFolder, EngineError } from './recipe.js';

/** VersityGW: an S3 server over a folder that checks signatures; from Go's module proxy, which checks its checksum. */
const module = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0';

/**
 * Starts an S3 on 127.0.0.1, empty, in a temporary folder, after installing it if need be. It is asked with the
 * credentials of `persistence/s3/client.ts`.
 * @param port a free one without it.
 * @throws EngineError
 */
export async function startS3(port = 0): Promise<RunningEngine> {
  const program = await installGateway();
  const folder = await mkdtemp(join(tmpdir(), 's3-'));
  const [data, sidecar] = [join(folder, 'data'), join(folder, 'metadata')];
  await Promise.all([data, sidecar].map((each) => mkdir(each)));
  const own = port === 0 ? await freePort() : port;
  const options = ['--port', `127.0.0.1:${String(own)}`, '--region', 'us-east-1', '--quiet', '--keep-alive', 'posix'];
  return startListening({
    name: 'S3',
    port: own,
    command: [program, ...options, '--sidecar', sidecar, data],
    env: {
      ...process.env,
      ROOT_ACCESS_KEY_ID: process.env['AWS_ACCESS_KEY_ID'] ?? localCredentials.accessKeyId,
      ROOT_SECRET_ACCESS_KEY: process.env['AWS_SECRET_ACCESS_KEY'] ?? localCredentials.secretAccessKey,
    },
    cleanUp: () => rm(folder, { recursive: true, force: true }),
  });
}

/** Installs the program, once for a user; later calls use what is there. */
async function installGateway(): Promise<string> {
  const folder = join(cacheFolder(), `s3-${module.split('@')[1] ?? ''}`);
  const program = join(folder, 'versitygw');
  if (existsSync(program)) return program;
  await mkdir(cacheFolder(), { recursive: true });
  const draft = await mkdtemp(`${folder}-draft-`);
  try {
    await promisify(execFile)('go', ['install', module], { env: { ...process.env, GOBIN: draft } });
    await rename(draft, folder);
  } catch (error) {
    if (existsSync(program)) return program; // another process was first
    const { code, stderr = '' } = error as NodeJS.ErrnoException & { stderr?: string };
    if (code === 'ENOENT')
      throw new EngineError('An S3 for large resources needs Go 1.21 or newer: there is no go here');
    throw new EngineError(`go could not install an S3: ${stderr.trim().slice(-1_000)}`);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return program;
}
