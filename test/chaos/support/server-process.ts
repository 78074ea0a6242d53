import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askProcess } from '../../../bench/ask-process.js';

/** How a server is: since it was asked before, and all in all. */
export interface Condition {
  /** The longest that nothing else could be done, in milliseconds. */
  readonly blocked: number;
  /** Bytes of memory. */
  readonly rss: number;
  /** Milliseconds of processor time since the start. */
  readonly cpu: number;
}

/** An answer as it came. */
export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: Buffer;
}

/** The built server in a process of its own, with sign-in, in a folder of its own. */
export interface ServerProcess {
  readonly port: number;
  /** A token of a user of the local sign-in. */
  token(user: string): string;
  /** Sends bytes as they are over a connection of their own, and gives what comes until its end. */
  send(request: Buffer): Promise<RawAnswer>;
  condition(): Promise<Condition>;
  /** What it printed so far. */
  printed(): string;
  /** Whether it still runs. */
  isAlive(): boolean;
  /** Ends it at once, and resolves when it is gone. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

/** What a server's process is told by its environment: a port of its own, and that its data is in a folder. */
export const serverEnvironment = (
  folder: string,
  more: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string | undefined>> => ({
  ...process.env,
  NODE_OPTIONS: '',
  NODE_ENV: 'production',
  HOST: '127.0.0.1',
  PORT: '0',
  PUBLIC_URL: 'http://127.0.0.1',
  DATA_DIR: folder,
  ...more,
});

/** How long a server may take until it listens, in milliseconds: a start takes less than a second of a processor. */
const patience = 120_000;

/**
 * Starts the built server (`node build.mjs` made it).
 * @param kept where its data is, kept at the end: for a start after another. A new folder, which is removed, without it.
 * @param through a command that is put before it, and that it is the process of.
 * @throws Error with what it printed, when it ends or does not listen; nothing of it is left then.
 */
export async function startServerProcess(
  environment: Readonly<Record<string, string>> = {},
  kept?: string,
  through: readonly string[] = [],
): Promise<ServerProcess> {
  const folder = kept ?? mkdtempSync(join(tmpdir(), 'fhir-chaos-'));
  const env = serverEnvironment(folder, environment);
  const [program, ...rest] = [
    ...through,
    process.execPath,
    '--import',
    './test/chaos/support/watch.mjs',
    'dist/main.js',
  ];
  const child: ChildProcess = spawn(program, rest, {
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const isAlive = (): boolean => child.exitCode === null && child.signalCode === null;
  const remove = (): void => {
    if (kept === undefined) rmSync(folder, { recursive: true, force: true });
  };
  const kill = async (): Promise<void> => {
    if (!isAlive()) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };

  async function listening(): Promise<number> {
    for (const end = Date.now() + patience; ;) {
      const [, text] = /listens on .*?port (\d+)/.exec(printed) ?? [];
      if (text !== undefined) return Number(text);
      if (!isAlive() || Date.now() > end) break;
      await new Promise((done) => setTimeout(done, 20));
    }
    const how = isAlive() ? `does not listen after ${String(patience / 1_000)} s` : 'does not start';
    await kill();
    remove();
    throw new Error(`The server ${how}:\n${printed}`);
  }
  const port = await listening();

  return {
    port,
    token(user) {
      const { stdout, stderr } = spawnSync(process.execPath, ['dist/token.js', user], { env, encoding: 'utf8' });
      if (stdout === '') throw new Error(stderr);
      return stdout.trim();
    },
    send: (request) => sendTo(port, request),
    condition: async () => (await askProcess(child, () => printed)) as Condition,
    printed: () => printed,
    isAlive,
    kill,
    async close() {
      if (isAlive()) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      remove();
    },
  };
}

function sendTo(port: number, request: Buffer): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    let broken: Error | undefined;
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A server that refuses a request before it has read all of it resets the connection: what it said still counts.
    socket.on('error', (error) => (broken = error));
    socket.on('close', () => {
      const bytes = Buffer.concat(chunks);
      const final = bytes.indexOf('HTTP/1.1 100 Continue') === 0 ? bytes.indexOf('\r\n\r\n') + 4 : 0;
      const end = bytes.indexOf('\r\n\r\n', final);
      const head = bytes.subarray(final, end < 0 ? bytes.length : end).toString('latin1');
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
      if (status === 0 && broken !== undefined) reject(broken);
      else resolve({ status, head, body: bytes.subarray(end + 4) });
    });
    socket.setTimeout(60_000, () => socket.destroy(new Error('there was no answer for a minute')));
    socket.write(request);
  });
}
