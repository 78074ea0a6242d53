import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import type { RunningEngine } from './java-process.js';
import { EngineError } from './recipe.js';

/** Ends the program with its own standard input: nothing is left behind by a process that is killed. */
const untilInputEnds = '"$@" </dev/null & child=$!; cat >/dev/null; kill $child; wait $child';

/** How long a program may take to answer, in milliseconds. */
const patience = 60_000;

/** A program that serves HTTP on 127.0.0.1, at a port that it is told. */
export interface ListeningProgram {
  /** What it is, for messages: `S3`. */
  readonly name: string;
  readonly port: number;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Called when it has ended. */
  readonly cleanUp: () => Promise<void>;
}

/**
 * Starts a program and waits until it answers.
 * @throws EngineError with its last lines when it does not.
 */
export async function startListening({ name, port, command, env, cleanUp }: ListeningProgram): Promise<RunningEngine> {
  const child = spawn('sh', ['-c', untilInputEnds, 'sh', ...command], { stdio: ['pipe', 'ignore', 'pipe'], env });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-1_000)));
  const ended = once(child, 'close');
  const stop = async (): Promise<void> => {
    child.stdin.end();
    await ended;
    await cleanUp();
  };
  const endpoint = `http://127.0.0.1:${String(port)}`;
  for (const end = Date.now() + patience; !(await answers(endpoint));) {
    if (child.exitCode === null && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 50));
    else {
      await stop();
      throw new EngineError(`The ${name} did not start:\n${said}`);
    }
  }
  return { endpoint, stop };
}

async function answers(endpoint: string): Promise<boolean> {
  try {
    await (await fetch(endpoint)).text();
    return true;
  } catch {
    return false;
  }
}

/** A port that nobody listens on, for programs that do not tell where they listen. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
