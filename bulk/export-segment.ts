import { setImmediate } from 'node:timers/promises';
import type { ExportInput } from '../interactions/jobs/export-input.js';
import type { FhirServer } from '../interactions/server.js';
import type { JobFile } from '../persistence/job.js';
import type { OutputFile, OutputStore } from '../persistence/output-store.js';
import type { ItemKey } from '../persistence/table.js';
import { type ExportedLine, planExport } from './export-plan.js';
import type { KindOfJob, SegmentWork } from './kind-of-job.js';
import { errorLine } from './unreadable.js';

/** How large an export's parts are. */
export interface ExportSizes {
  /** Items read at once; 200 without it. */
  readonly page?: number;
  /** Characters after which a file is ended, 64 million without it. */
  readonly file?: number;
  /** Files that are open at once, each of which takes memory; 32 without it. */
  readonly openFiles?: number;
  /** Items, and characters, after which a step is kept: so much is done again after a crash. 100,000 and 256 million. */
  readonly stepItems?: number;
  readonly stepCharacters?: number;
}

/** How far a segment of an export is. */
interface ExportProgress {
  readonly after?: ItemKey;
}

/** Exports of a server: each segment reads a part of the table as it was at the cut, and writes a file per type. */
export const exportKind = (server: FhirServer, sizes: ExportSizes = {}): KindOfJob => ({
  work: (work) => exportSegment(server, work, sizes),
});

async function exportSegment(server: FhirServer, work: SegmentWork, sizes: ExportSizes): Promise<void> {
  const { page: limit = 200, stepItems = 100_000, stepCharacters = 256_000_000 } = sizes;
  const input = work.input as ExportInput;
  const { job, segment } = work;
  const plan = await planExport(server, input);
  let { after } = work.progress as ExportProgress;
  let written = work.files;
  for (let done = false; !done;) {
    const files = segmentFiles(work.output, { job: job.id, segment, written }, sizes);
    try {
      if (segment === 0 && after === undefined) await files.append(warningLines(input));
      for (let items = 0; ;) {
        const part = { cut: input.cut, segment, segments: job.segments, limit };
        const page = await server.store.scanAt({ ...part, ...(after === undefined ? {} : { after }) });
        await files.append([...(await plan.lines(page.versions)), ...plan.unreadableLines(page.unreadable)]);
        after = page.next;
        items += page.items;
        done = after === undefined;
        await work.goOn(page.items);
        if (done || work.isOver() || items >= stepItems || files.isFull(stepCharacters)) break;
        await setImmediate(); // requests are answered meanwhile
      }
      const closed = await files.close();
      written += closed.length;
      await work.step({ progress: after === undefined ? {} : { after }, done, files: closed });
      if (work.isOver()) return;
    } catch (error) {
      await files.abandon();
      throw error;
    }
  }
}

const warningLines = ({ warnings }: ExportInput): readonly ExportedLine[] =>
  warnings.map((diagnostics) => errorLine('warning', 'not-supported', diagnostics));

interface OpenFile {
  readonly file: OutputFile;
  readonly entry: Omit<JobFile, 'count'>;
  count: number;
  characters: number;
}

/** The files of one step: one open for each type, ended when it is long enough or too many are open. */
interface SegmentFiles {
  append(lines: readonly (Pick<JobFile, 'kind' | 'type'> & { readonly text: string })[]): Promise<void>;
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
  { file: longest = 64_000_000, openFiles = 32 }: ExportSizes,
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
      const texts = new Map<string, { readonly line: (typeof lines)[number]; readonly texts: string[] }>();
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
