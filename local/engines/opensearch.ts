import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningEngine, startJava } from './java-process.js';
import { installEngine } from './recipe.js';

/**
 * Starts one OpenSearch node on 127.0.0.1, empty, in a temporary folder, after installing it if need be.
 * @param port a free one without it.
 * @param heap what its heap has, as Java writes it.
 * @throws EngineError
 */
export async function startOpenSearch(port = 0, heap = '512m'): Promise<RunningEngine> {
  const installed = await installEngine('opensearch');
  const folder = await mkdtemp(join(tmpdir(), 'opensearch-'));
  const clear = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const options = [
    `-Xms${heap}`,
    `-Xmx${heap}`,
    `-Djava.io.tmpdir=${folder}`,
    '-Dopensearch.networkaddress.cache.ttl=60',
    '-Dlog4j2.disable.jmx=true',
    '-Djava.awt.headless=true',
    '-Dio.netty.noUnsafe=true',
  ];
  try {
    const running = await startJava({ installed, main: 'OpenSearch', options, arguments: [folder, String(port)] });
    return {
      endpoint: running.endpoint,
      async stop() {
        await running.stop();
        await clear();
      },
    };
  } catch (error) {
    await clear();
    throw error;
  }
}
