import { closeSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { OperationOutcomeError, outOfSpace } from '../fhir/outcome.js';
import type { Room, Wanted } from '../lmdb/commits.js';

/** How a disk is: `low` soon refuses writes, `full` does. */
export type DiskState = 'enough' | 'low' | 'full';

/** The space left on the disk of a folder, for all that this server writes there (docs/adr/0091-a-full-disk-is-met-before-it-is-full.md). */
export interface DiskSpace {
  /**
   * Asked before something is written.
   * @param bytes how much it takes.
   * @throws OperationOutcomeError 507 when less than the reserve would be left.
   */
  require(bytes: number): void;
  /** Why something could not be written, as who asked for it is told: 507 where the disk was full after all. */
  failed(error: unknown): unknown;
  /** Passes on what is written to a file, as long as there is room. It fails with 507. */
  watched(): Transform;
  /** The same for an LMDB environment in a folder on it. */
  room(environment: string): Room;
}

/** What a disk is asked by; tests have a disk of their own. */
export interface DiskOptions {
  /** Bytes that this process may still write. */
  readonly free?: (folder: string) => number;
  /** Writes so many bytes into a file of the folder, flushes and removes it. @throws Error of why they cannot be written. */
  readonly probe?: (folder: string, bytes: number) => void;
  /** Is told when the disk is getting full, is full, and has room again. */
  readonly onChange?: (state: DiskState, free: number) => void;
}

const mebibyte = 1024 ** 2;
/** So much stays free, in bytes: what is small and must be kept goes there, and LMDB never meets the end of the disk. */
export const reserve = 64 * mebibyte;
/** Of the reserve, what nothing takes. */
const lastReserve = reserve / 4;
/** Below it who runs the server is told. */
export const low = 8 * reserve;
/** What is written to be sure that there is room again after a write that failed. */
const probed = mebibyte;
/** A file that is being written is looked at so often, in bytes. */
const watchedEvery = 4 * mebibyte;
/** A key that changes has its page written anew, and a page above it. */
const bytesOfKey = 8192;
/** Pages that every commit writes: the upper ones of each database, and the list of free ones. */
const bytesOfCommit = 512 * 1024;
/** No commit takes so much: values are not looked at while there is more. */
const ample = 8 * 1024 * mebibyte;

/**
 * Looks after the disk of a folder. The file system is asked each time: that takes two microseconds.
 * @param folder which exists.
 */
export function diskSpace(folder: string, options: DiskOptions = {}): DiskSpace {
  const { free = freeIn, probe = writeProbe, onChange = () => undefined } = options;
  let state: DiskState = 'enough';
  /** Whether a write failed though the file system told of room: by a quota, or since others were faster. */
  let isDoubted = false;

  /** Going back is told when there is a quarter more than it takes, so that a disk at the edge is not told of again and again. */
  function tell(bytes: number): void {
    const now = bytes < reserve ? 'full' : bytes < low ? 'low' : 'enough';
    const isLeft = (bound: number): boolean => bytes >= bound * 1.25;
    if (now === state) return;
    if (state === 'full' && !isLeft(reserve)) return;
    if (state === 'low' && now === 'enough' && !isLeft(low)) return;
    onChange((state = now), bytes);
  }

  /** @param wanted bytes, by how many are left for them. */
  function look(kept: number, wanted: (left: number) => number): void {
    const left = free(folder);
    if (!isDoubted) tell(left);
    if (left - kept < wanted(left - kept)) throw full();
    if (!isDoubted) return;
    try {
      probe(folder, probed);
    } catch (error) {
      throw isOfSpace(error) ? full() : error;
    }
    isDoubted = false;
    tell(left);
  }

  const require = (bytes: number): void => {
    look(reserve, () => bytes);
  };
  function failed(error: unknown): unknown {
    if (!isOfSpace(error) && !(isCutShort(error) && free(folder) < lastReserve)) return error;
    isDoubted = true;
    tell(0); // whatever the file system says: writes are refused from now on
    return Object.assign(full(), { cause: error });
  }

  return {
    require,
    failed,
    watched() {
      let since = Infinity;
      return new Transform({
        transform(chunk: Buffer, _encoding, done) {
          since += chunk.length;
          try {
            if (since >= watchedEvery) {
              require(watchedEvery);
              since = 0;
            }
            done(null, chunk);
          } catch (error) {
            done(error as Error);
          }
        },
      });
    },
    room: (environment) => ({
      require: (wanted) => {
        const file = join(environment, 'data.mdb');
        look(wanted.isSmall ? lastReserve : reserve, (left) => (left > ample ? 0 : bytesOf(wanted, file)));
      },
      failed,
    }),
  };
}

const full = (): OperationOutcomeError =>
  outOfSpace('The disk of this server is full: nothing is written before there is room again; reading goes on');

/** What a commit takes at most: pages written anew are never more than there are. */
function bytesOf({ keys, values }: Wanted, file: string): number {
  const inValues = values.reduce<number>((sum, value) => sum + sizeOf(value), 0);
  const inPages = keys * bytesOfKey;
  return bytesOfCommit + Math.min(inPages, sizeOfFile(file) + inValues) + inValues;
}

/** About how many bytes a value takes. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (value instanceof Uint8Array) return value.byteLength;
  if (typeof value !== 'object' || value === null) return 8;
  return Object.entries(value).reduce((sum, [name, member]) => sum + name.length + sizeOf(member), 8);
}

const sizeOfFile = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** File systems that do not know tell of none, or nothing: then a full disk is met by the write that finds it full. */
function freeIn(folder: string): number {
  try {
    const { bavail, blocks, bsize } = statfsSync(folder);
    return blocks === 0 ? Infinity : bavail * bsize;
  } catch {
    return Infinity;
  }
}

function writeProbe(folder: string, bytes: number): void {
  const file = join(folder, `probe.${String(process.pid)}`);
  const descriptor = openSync(file, 'w', 0o600);
  try {
    const zeros = Buffer.alloc(bytes);
    for (let at = 0; at < bytes;) at += writeSync(descriptor, zeros, at);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
    rmSync(file, { force: true });
  }
}

const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;

/** LMDB's word for a page that was written in part. */
const isCutShort = (error: unknown): boolean => codeOf(error) === 5;

/** Whether something could not be written for want of space: a full disk, or a user's part of it. LMDB tells numbers. */
export const isOfSpace = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT', 28, 122].some((each) => each === codeOf(error)) ||
  /no space left|quota exceeded/i.test(String(error));
