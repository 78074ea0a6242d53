import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askProcess } from './ask-process.js';

/** A server started for a benchmark, in a folder of its own. */
export interface ServerProcess {
  readonly baseUrl: string;
  /** From spawning the process to the first answer of /r4/metadata, in milliseconds. */
  readonly startMilliseconds: number;
  readonly token: string;
  /** A token of another user. */
  tokenOf(user: string): Promise<string>;
  /** Resident memory now, in MiB; undefined where the system does not tell. */
  memory(): number | undefined;
  /** The same without mapped files, which the store's are: the system may take those back at any time. */
  ownMemory(): number | undefined;
  /** What a process that was started with a preload answers when it is asked (`soak/watch.mjs`). */
  ask(): Promise<unknown>;
  /** Milliseconds of processor time it has had, of all its threads that still are; undefined where the system does not tell. */
  processorTime(): number | undefined;
  /** @param signal by which it is ended; SIGTERM without it. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

const output = async (child: ChildProcess): Promise<string> => {
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(child, 'close');
  return text.trim();
};

const residentMemory = (pid: number | undefined, line: 'VmRSS' | 'RssAnon'): number | undefined => {
  try {
    const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
    const kilobytes = new RegExp(`${line}:\\s+(\\d+)`).exec(status)?.[1];
    return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 1024);
  } catch {
    return undefined;
  }
};

/** Milliseconds of processor time a process has had, of all its threads that still are; undefined where the system does not tell. */
export const processorTime = (pid: number | undefined): number | undefined => {
  try {
    const folder = `/proc/${String(pid)}/task`;
    return readdirSync(folder).reduce((sum, task) => {
      const [nanoseconds] = readFileSync(`${folder}/${task}/schedstat`, 'utf8').split(' ');
      return sum + Number(nanoseconds) / 1e6;
    }, 0);
  } catch {
    return undefined;
  }
};

/**
 * Starts the built server on a port with an empty store, and waits for its first answer.
 * @param more what it is told beside that, such as its engines.
 * @param preload a module that is loaded before it and answers messages.
 * @throws Error when it ends or does not answer; neither process nor folder is left then.
 */
export async function startServer(
  projectFolder: string,
  port: number,
  more: Readonly<Record<string, string>> = {},
  preload?: string,
): Promise<ServerProcess> {
  const baseUrl = `http://127.0.0.1:${String(port)}`;
  const answers = async (): Promise<boolean> => {
    try {
      return (await fetch(`${baseUrl}/r4/metadata`)).ok;
    } catch {
      return false;
    }
  };
  if (await answers()) throw new Error(`Another server answers at ${baseUrl} already: choose another --port`);
  const folder = mkdtempSync(join(tmpdir(), 'fhir-bench-'));
  const env = { ...process.env, DATA_DIR: folder, HOST: '127.0.0.1', PORT: String(port), LOG_LEVEL: 'warn', ...more };
  const tokenOf = (user: string): Promise<string> =>
    output(spawn(process.execPath, [join(projectFolder, 'dist/token.js'), user, '--ttl', '7200'], { env }));
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  const token = await tokenOf('practitioner').catch((error: unknown) => {
    remove();
    throw error;
  });
  const begun = performance.now();
  const child = spawn(
    process.execPath,
    [...(preload === undefined ? [] : ['--import', preload]), join(projectFolder, 'dist/main.js')],
    { env, stdio: ['inherit', 'inherit', 'inherit', ...(preload === undefined ? [] : (['ipc'] as const))] },
  );
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  while (!(await answers())) {
    const isLate = performance.now() - begun > 30_000;
    if (isLate || hasEnded()) {
      const why = hasEnded()
        ? `ended with ${String(child.exitCode ?? child.signalCode)}`
        : 'did not answer within 30 s';
      if (!hasEnded()) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      remove();
      throw new Error(`The server ${why}`);
    }
    await new Promise((done) => setTimeout(done, 10));
  }
  const startMilliseconds = Math.round(performance.now() - begun);
  return {
    baseUrl,
    startMilliseconds,
    token,
    tokenOf,
    memory: () => residentMemory(child.pid, 'VmRSS'),
    ownMemory: () => residentMemory(child.pid, 'RssAnon'),
    ask: () => askProcess(child),
    processorTime: () => processorTime(child.pid),
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      await once(child, 'exit');
      remove();
    },
  };
}
