import type { JobFile } from '../persistence/job.js';
import type { OutputFile, OutputStore } from '../persistence/output-store.js';

/** How large files of jobs are. */
export interface FileSizes {
  /** Characters after which a file is ended, 64 million without it. */
  readonly file?: number;
  /** Files that are open at once, each of which takes memory; 32 without it. */
  readonly openFiles?: number;
}

/** A line of a file of a job. */
export interface JobLine extends Pick<JobFile, 'kind' | 'type'> {
  readonly text: string;
}

interface OpenFile {
  readonly file: OutputFile;
  readonly entry: Omit<JobFile, 'count'>;
  count: number;
  characters: number;
}

/** The files of one step: one open for each type, ended when it is long enough or too many are open. */
interface SegmentFiles {
  append(lines: readonly JobLine[]): Promise<void>;
  /** Whether so many characters are written. */
  isFull(characters: number): boolean;
  close(): Promise<readonly JobFile[]>;
  /** Gives up what is open; what is closed is written again under the same names. */
  abandon(): Promise<void>;
}

/** @param first the job, the segment, and how many files it has written before. */
export function segmentFiles(
  output: OutputStore,
  first: { readonly job: string; readonly segment: number; readonly written: number },
  { file: longest = 64_000_000, openFiles = 32 }: FileSizes,
): SegmentFiles {
  const open = new Map<string, OpenFile>();
  const closed: JobFile[] = [];
  let number = first.written;
  let characters = 0;

  async function fileFor(kind: JobFile['kind'], type: string): Promise<OpenFile> {
    const place = `${kind} ${type}`;
    const known = open.get(place);
    if (known !== undefined) {
      open.delete(place); // the one not used for longest is the first of the map
      open.set(place, known);
      return known;
    }
    const [oldest] = open.keys();
    if (open.size >= openFiles && oldest !== undefined) await end(oldest);
    const stem = kind === 'output' ? type : kind;
    const name = `${stem}-${String(first.segment).padStart(4, '0')}-${String(number).padStart(6, '0')}.ndjson`;
    number += 1;
    const made = { file: await output.create({ job: first.job, name }), entry: { name, kind, type } };
    const opened: OpenFile = { ...made, count: 0, characters: 0 };
    open.set(place, opened);
    return opened;
  }

  async function end(place: string): Promise<void> {
    const ended = open.get(place);
    if (ended === undefined) return;
    await ended.file.close();
    open.delete(place);
    closed.push({ ...ended.entry, count: ended.count });
  }

  return {
    async append(lines) {
      const texts = new Map<string, { readonly line: JobLine; readonly texts: string[] }>();
      for (const line of lines) {
        const place = `${line.kind} ${line.type}`;
        const group = texts.get(place) ?? { line, texts: [] };
        group.texts.push(line.text);
        texts.set(place, group);
      }
      for (const [place, group] of texts) {
        const into = await fileFor(group.line.kind, group.line.type);
        const text = `${group.texts.join('\n')}\n`;
        await into.file.append(text);
        into.count += group.texts.length;
        into.characters += text.length;
        characters += text.length;
        if (into.characters >= longest) await end(place);
      }
    },
    isFull: (most) => characters >= most,
    async close() {
      for (const place of [...open.keys()]) await end(place);
      return closed;
    },
    async abandon() {
      for (const { file } of open.values()) await file.abandon().catch(() => undefined);
      open.clear();
    },
  };
}

/**
 * Writes lines into files of their own; what was begun is given up when one cannot be written.
 * @param first as of `segmentFiles`.
 */
export async function filesOfLines(
  output: OutputStore,
  first: Parameters<typeof segmentFiles>[1],
  lines: readonly JobLine[],
): Promise<readonly JobFile[]> {
  const files = segmentFiles(output, first, {});
  try {
    await files.append(lines);
    return await files.close();
  } catch (error) {
    await files.abandon();
    throw error;
  }
}
