import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { StoreError } from './store-error.js';

/** Who holds a folder: written into the lock file. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process began, in the system's own count: tells it from a later process with the same number. */
  readonly started?: string;
}

const held = new Set<string>();

/**
 * Takes a folder for this process, by a lock file that names it. LMDB would let several processes in; the server's
 * own state (queues, page keys, sign-in) is for one. The file of a process that no longer runs is taken over.
 * @returns a function that gives the folder free.
 * @throws StoreError when another process, or this one, has the folder.
 */
export function lockFolder(folder: string): () => void {
  const file = join(folder, 'server.lock');
  const own = `${JSON.stringify(thisProcess())}\n`;
  for (let attempt = 0; attempt < 5; attempt += 1) {
    if (!held.has(file) && create(file, own)) {
      held.add(file);
      return () => {
        held.delete(file);
        rmSync(file, { force: true });
      };
    }
    const found = read(file);
    if (found === undefined) continue;
    if (held.has(file) || mayRun(parse(found))) throw inUse(folder, file, parse(found));
    takeAway(file, found);
  }
  throw new StoreError(`The lock file ${file} cannot be taken: other processes are starting on it, too`);
}

function create(file: string, content: string): boolean {
  try {
    writeFileSync(file, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw new StoreError(`The lock file ${file} cannot be written: ${String(error)}`, { cause: error });
  }
}

/** Removes a left-over lock file, but not one that another process put there in between. */
function takeAway(file: string, content: string): void {
  const aside = `${file}.${String(process.pid)}`;
  try {
    renameSync(file, aside);
    if (read(aside) !== content) linkSync(aside, file);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Whether the holder may still run. A process of another host cannot be asked, so it counts as running. */
function mayRun(holder: Holder | undefined): boolean {
  if (holder === undefined) return false; // cut short by a crash while it was written
  if (holder.host !== hostname()) return true;
  if (holder.pid === process.pid) return false; // this process has not taken it: an earlier one of the same number
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false;
  }
  return holder.started === undefined || startOf(holder.pid) === holder.started;
}

function inUse(folder: string, file: string, holder: Holder | undefined): StoreError {
  const who = holder === undefined ? 'another process' : `process ${String(holder.pid)} on ${holder.host}`;
  return new StoreError(
    `The store in ${folder} is in use by ${who}. End that one first; if it no longer runs, remove ${file}`,
  );
}

function thisProcess(): Holder {
  const started = startOf(process.pid);
  return { pid: process.pid, host: hostname(), ...(started === undefined ? {} : { started }) };
}

/** The start time in /proc/<pid>/stat, counted from the boot; undefined where there is no such file, or the process is dead but nobody asked for its end yet. */
function startOf(pid: number): string | undefined {
  const stat = read(`/proc/${String(pid)}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function parse(content: string): Holder | undefined {
  try {
    const value = JSON.parse(content) as Partial<Holder> | null;
    if (typeof value?.pid !== 'number' || typeof value.host !== 'string') return undefined;
    return {
      pid: value.pid,
      host: value.host,
      ...(typeof value.started === 'string' ? { started: value.started } : {}),
    };
  } catch {
    return undefined;
  }
}

const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
