import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { EngineError } from './recipe.js';

/** An engine that answers, on 127.0.0.1. */
export interface RunningEngine {
  /** `http://127.0.0.1:port`, no slash at the end. */
  readonly endpoint: string;
  /** Ends it; what it held is gone. */
  stop(): Promise<void>;
}

/** How long an engine may take to start, in milliseconds. */
const patience = 120_000;
const linesKept = 30;

/**
 * Starts a Java program that prints `READY <endpoint>` when it answers and ends with its standard input: if this
 * process is killed, so that it cannot stop what it started, that ends as well.
 * @param program `installed`: what `installEngine` gave.
 * @throws EngineError with the program's last lines when it does not get ready.
 */
export async function startJava(program: {
  readonly installed: string;
  readonly main: string;
  readonly options: readonly string[];
  readonly arguments: readonly string[];
}): Promise<RunningEngine> {
  const { installed, main } = program;
  const classPath = [join(installed, 'classes'), join(installed, 'lib', '*')].join(
    process.platform === 'win32' ? ';' : ':',
  );
  const quick = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
  const child = spawn('java', [...quick, ...program.options, '-cp', classPath, main, ...program.arguments]);
  const ended = new Promise<void>((resolve) =>
    child.once('close', () => {
      resolve();
    }),
  );
  const said: string[] = [];
  const endpoint = new Promise<string | undefined>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface(stream).on('line', (line) => {
        said.push(line);
        if (said.length > linesKept) said.shift();
        const ready = /^READY (\S+)$/.exec(line)?.[1];
        if (ready !== undefined) resolve(ready);
      });
    }
    void ended.then(() => {
      resolve(undefined);
    });
    child.once('error', (error) => {
      said.push(error.message);
      resolve(undefined);
    });
    setTimeout(resolve, patience, undefined).unref();
  });
  const ready = await endpoint;
  if (ready === undefined) {
    child.kill('SIGKILL');
    throw new EngineError(`${main} did not start:\n${said.join('\n')}`);
  }
  return {
    endpoint: ready,
    async stop() {
      child.stdin.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(timer);
    },
  };
}
