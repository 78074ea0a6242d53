import { createReadStream } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';

/** A file to load. */
export interface InputFile {
  readonly path: string;
  readonly folder: string;
  /** `.json`: one bundle or one resource; `.ndjson`: one resource a line. */
  readonly format: 'json' | 'ndjson';
  readonly gzip: boolean;
  /** Files of a lower stage are loaded before those of a higher: what others refer to by search goes first. */
  readonly stage: number;
}

const fileName = /\.(json|ndjson)(\.gz)?$/i;
const firstBytes = 65_536;

/** Whether a bundle is a batch, from its first kilobytes: Synthea's hospitals and practitioners are. */
async function beginsAsBatch(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(firstBytes), 0, firstBytes, 0);
    const text = buffer.toString('utf8', 0, bytesRead);
    const beforeEntries = text.split(/"entry"\s*:/)[0] ?? '';
    return /"type"\s*:\s*"batch"/.test(beforeEntries);
  } finally {
    await file.close();
  }
}

async function stageOf(path: string, format: InputFile['format'], gzip: boolean): Promise<number> {
  const name = basename(path);
  if (name.startsWith('hospitalInformation')) return 0;
  if (name.startsWith('practitionerInformation')) return 1;
  if (format === 'json' && !gzip && (await beginsAsBatch(path))) return 2;
  return 3;
}

async function pathsBelow(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = await readdir(path, { recursive: true });
  return names
    .filter((name) => fileName.test(name))
    .map((name) => join(path, name))
    .sort();
}

/**
 * Finds the files to load, in the order of loading.
 * @param paths files, and folders whose `.json` and `.ndjson` files (also `.gz`) are all meant, deep down.
 * @returns the files: bundles of hospitals and of practitioners first, then other batches, then the rest.
 * @throws Error naming a path that is not there, a file of another kind, or a folder with nothing to load.
 */
export async function findInputFiles(paths: readonly string[]): Promise<InputFile[]> {
  const files: InputFile[] = [];
  for (const given of paths) {
    const found = await pathsBelow(given).catch((cause: unknown) => {
      throw new Error(`${given} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`);
    });
    if (found.length === 0) throw new Error(`${given} holds no .json or .ndjson file`);
    for (const path of found) {
      const [, kind, gz] = fileName.exec(path) ?? [];
      if (kind === undefined) throw new Error(`${path} is neither .json nor .ndjson (nor one of them with .gz)`);
      const format = kind.toLowerCase() === 'ndjson' ? 'ndjson' : 'json';
      const gzip = gz !== undefined;
      files.push({ path, folder: dirname(path), format, gzip, stage: await stageOf(path, format, gzip) });
    }
  }
  return files.sort((one, other) => one.stage - other.stage);
}

const streamOf = (file: InputFile): NodeJS.ReadableStream => {
  const raw = createReadStream(file.path);
  if (!file.gzip) return raw;
  const unzipped = createGunzip();
  raw.on('error', (error) => unzipped.destroy(error));
  return raw.pipe(unzipped);
};

/**
 * Reads a file whole.
 * @param file the file.
 * @returns its text, unzipped, without a byte order mark.
 */
export async function readText(file: InputFile): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of streamOf(file)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/^\uFEFF/, '');
}

/** A line of a file that is not empty. */
export interface Line {
  /** Counted from 1. */
  readonly number: number;
  readonly text: string;
}

/**
 * Reads a file line by line, holding only what is being read.
 * @param file the file.
 * @returns the lines that are not empty.
 */
export async function* readLines(file: InputFile): AsyncGenerator<Line> {
  const stream = streamOf(file);
  let failure: unknown;
  stream.on('error', (error: unknown) => {
    failure = error;
  });
  let number = 0;
  for await (const text of createInterface({ input: stream, crlfDelay: Infinity })) {
    number += 1;
    const trimmed = text.replace(/^\uFEFF/, '').trim();
    if (trimmed !== '') yield { number, text: trimmed };
  }
  // readline ends quietly when its stream breaks off: half a file must not pass for a whole one.
  if (failure instanceof Error) throw failure;
}
