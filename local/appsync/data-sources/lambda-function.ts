import { Worker } from 'node:worker_threads';
import type { FunctionDefinition } from '../definition.js';

/**
 * What runs in the function's thread, as Lambda's Node.js runtime does: the handler is loaded once and called for each
 * event; only JSON goes in and out. CommonJS unless the file or its package.json says otherwise.
 */
const thread = String.raw`
const { parentPort, workerData } = require('node:worker_threads');
const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');
const Module = require('node:module');
const [, file, name] = /^(.*)\.([^.]+)$/.exec(workerData.handler);
const compiled = (text, path) => {
  const made = new Module(path);
  made.filename = path;
  made.paths = Module._nodeModulePaths(require('node:path').dirname(path));
  made._compile(text, path);
  return made.exports;
};
const load = async () => {
  const { code } = workerData;
  if ('text' in code) return compiled(code.text, join(process.cwd(), 'index.js'));
  const path = ['.mjs', '.js', '.cjs'].map((end) => join(code.folder, file + end)).find((one) => existsSync(one));
  if (path === undefined) throw new Error('Cannot find module ' + file);
  const own = join(code.folder, 'package.json');
  const isModule = path.endsWith('.mjs') || (path.endsWith('.js') && existsSync(own) && JSON.parse(readFileSync(own, 'utf8')).type === 'module');
  return isModule ? import(pathToFileURL(path).href) : compiled(readFileSync(path, 'utf8'), path);
};
const loaded = load();
loaded.catch(() => undefined);
const called = (handler, event, context) =>
  new Promise((resolve, reject) => {
    const callback = (error, result) => (error ? reject(error) : resolve(result));
    const result = handler(event, context, callback);
    if (handler.length < 3 || typeof result?.then === 'function') resolve(result);
  });
parentPort.on('message', async ({ id, event, deadline }) => {
  try {
    const handler = (await loaded)[name];
    if (typeof handler !== 'function') throw new Error(workerData.handler + ' is undefined or not exported');
    const context = { functionName: workerData.name, awsRequestId: id, getRemainingTimeInMillis: () => deadline - Date.now() };
    const result = await called(handler, JSON.parse(event), context);
    parentPort.postMessage({ id, result: JSON.stringify(result) ?? 'null' });
  } catch (error) {
    parentPort.postMessage({ id, error: String(error?.message ?? error) });
  }
});
`;

interface Call {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** A Lambda function that can be called, and ended. */
export interface RunningFunction {
  /** @throws Error with the handler's message, or what Lambda says when it fails to answer. */
  invoke(event: unknown): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * Runs a Lambda function of Node.js in a thread of its own, with its own environment variables; started at the first
 * call, and again after it timed out.
 * @param definition the function; one of another runtime fails when it is called.
 */
export function runFunction(definition: FunctionDefinition): RunningFunction {
  const { name, runtime, handler, code, environment, timeoutSeconds } = definition;
  const calls = new Map<string, Call>();
  let worker: Worker | undefined;
  let count = 0;
  const end = (message: string): void => {
    worker = undefined;
    for (const call of calls.values()) call.reject(new Error(message));
    calls.clear();
  };
  const start = (): Worker => {
    const env = { ...process.env, ...environment, AWS_LAMBDA_FUNCTION_NAME: name };
    const made = new Worker(thread, { eval: true, env, workerData: { name, handler, code } });
    made.unref();
    made.on('message', (given: { id: string; result?: string; error?: string }) => {
      const call = calls.get(given.id);
      calls.delete(given.id);
      if (given.error !== undefined) call?.reject(new Error(given.error));
      else call?.resolve(JSON.parse(given.result ?? 'null'));
    });
    made.on('error', (error) => {
      if (worker === made) end(error instanceof Error ? error.message : String(error));
    });
    made.on('exit', () => {
      if (worker === made) end('Runtime exited without providing a reason');
    });
    return made;
  };
  return {
    async invoke(event) {
      if (!runtime.startsWith('nodejs'))
        throw new Error(`The function ${name} runs on ${runtime}, which is not in this runtime`);
      if ('folder' in code && code.folder === '')
        throw new Error(`The code of the function ${name} is not among the assets`);
      worker ??= start();
      const running = worker;
      const id = String((count += 1));
      let timer: NodeJS.Timeout | undefined;
      try {
        return await new Promise((resolve, reject) => {
          calls.set(id, { resolve, reject });
          timer = setTimeout(() => {
            if (worker === running) end(`Task timed out after ${timeoutSeconds.toFixed(2)} seconds`);
            void running.terminate();
          }, timeoutSeconds * 1000);
          running.postMessage({ id, event: JSON.stringify(event), deadline: Date.now() + timeoutSeconds * 1000 });
        });
      } finally {
        clearTimeout(timer);
      }
    },
    async close() {
      const running = worker;
      end('The function was ended');
      await running?.terminate();
    },
  };
}
