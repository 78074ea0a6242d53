import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunningEngine } from './java-process.js';
import { freePort, startListening } from './listening-process.js';
import { pythonProgram } from './python-program.js';

/**
 * Starts MiniStack, an emulator of AWS (PyPI, MIT licence), on 127.0.0.1, empty, after installing it if need be. Lambda
 * functions run there by the `node` of this machine; docs/testing.md tells what it does not do as AWS does.
 * @param port a free one without it.
 * @throws EngineError when it cannot be installed or started.
 */
export async function startMiniStack(port = 0): Promise<RunningEngine> {
  const program = await pythonProgram('ministack');
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
