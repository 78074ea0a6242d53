import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { startDynamoDb } from './dynamodb.js';
import type { RunningEngine } from './java-process.js';
import { startMiniStack } from './ministack.js';
import { startOpenSearch } from './opensearch.js';
import { EngineError } from './recipe.js';
import { startS3 } from './s3.js';

// `npm run engines`: starts the engines and keeps them until it is told to end. With a command behind `--`, runs that
// with their endpoints in its environment, ends them with it, and exits with its code. What an endpoint is already
// given for is not started. Without Go there is no S3: what is missing is said, and large bodies are files. With the
// first word `stack` they are OpenSearch and MiniStack, an AWS that the whole app is deployed to.

type Start = (port?: number) => Promise<RunningEngine>;
type Engines = readonly (readonly [variable: string, port: number, start: Start])[];
const ofTables: Engines = [
  ['DYNAMODB_ENDPOINT', 8000, startDynamoDb],
  ['OPENSEARCH_ENDPOINT', 9200, startOpenSearch],
  ['S3_ENDPOINT', 7070, startS3],
];
const stack: Engines = [
  ['OPENSEARCH_ENDPOINT', 9200, startOpenSearch],
  ['MINISTACK_ENDPOINT', 4566, startMiniStack],
];

async function main(engines: Engines, command: readonly string[]): Promise<number> {
  const running: RunningEngine[] = [];
  const endpoints: Record<string, string> = {};
  try {
    const starts = engines
      .filter(([variable]) => !process.env[variable])
      .map(async ([variable, port, start]) => {
        const engine = await startOrTell(start, command.length === 0 ? port : 0, variable === 'S3_ENDPOINT');
        if (engine === undefined) return;
        running.push(engine);
        endpoints[variable] = engine.endpoint;
      });
    for (const { status, ...rest } of await Promise.allSettled(starts)) {
      if (status === 'rejected') throw (rest as PromiseRejectedResult).reason;
    }
    return await (command.length === 0 ? untilTold(endpoints) : runWith(endpoints, command));
  } finally {
    await Promise.all(running.map((engine) => engine.stop()));
  }
}

/** Starts an engine; undefined, and why, for one that can be done without. */
async function startOrTell(start: Start, port: number, isOptional: boolean): Promise<RunningEngine | undefined> {
  try {
    return await start(port);
  } catch (error) {
    if (!isOptional || !(error instanceof EngineError)) throw error;
    console.error(`${error.message}. Without S3_ENDPOINT nothing is tested on S3`);
    return undefined;
  }
}

async function untilTold(endpoints: Readonly<Record<string, string>>): Promise<number> {
  for (const [variable, endpoint] of Object.entries(endpoints)) console.log(`${variable}=${endpoint}`);
  await Promise.race(['SIGINT', 'SIGTERM'].map((signal) => once(process, signal)));
  return 0;
}

async function runWith(endpoints: Readonly<Record<string, string>>, command: readonly string[]): Promise<number> {
  const [program = '', ...options] = command;
  const child = spawn(program, options, { stdio: 'inherit', env: { ...process.env, ...endpoints } });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

const words = process.argv.slice(2);
const isStack = words[0] === 'stack';
const command = isStack ? words.slice(1) : words;
main(isStack ? stack : ofTables, command[0] === '--' ? command.slice(1) : command).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof EngineError ? error.message : error);
    process.exit(1);
  },
);
