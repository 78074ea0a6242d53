import { setImmediate } from 'node:timers/promises';
import type { ExportInput } from '../interactions/jobs/export-input.js';
import type { FhirServer } from '../interactions/server.js';
import type { ItemKey } from '../persistence/table.js';
import { planExport } from './export-plan.js';
import { isTransient, type KindOfJob, type SegmentWork } from './kind-of-job.js';
import { type FileSizes, type JobLine, segmentFiles } from './segment-files.js';
import { errorLine } from './unreadable.js';

/** How large an export's parts are. */
export interface ExportSizes extends FileSizes {
  /** Items read at once; 200 without it. */
  readonly page?: number;
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
    let items = 0;
    /** Whether the files have what was read so far, and no part of what was not. */
    let areWhole = true;
    const keep = async (): Promise<void> => {
      const closed = await files.close();
      written += closed.length;
      await work.step({ progress: after === undefined ? {} : { after }, done, files: closed });
    };
    try {
      if (segment === 0 && after === undefined) await files.append(warningLines(input));
      for (;;) {
        const part = { cut: input.cut, segment, segments: job.segments, limit };
        const page = await server.store.scanAt({ ...part, ...(after === undefined ? {} : { after }) });
        const lines = [...(await plan.lines(page.versions)), ...plan.unreadableLines(page.unreadable)];
        areWhole = false;
        await files.append(lines);
        areWhole = true;
        after = page.next;
        items += page.items;
        done = after === undefined;
        await work.goOn(page.items);
        if (done || work.isOver() || items >= stepItems || files.isFull(stepCharacters)) break;
        await setImmediate(); // requests are answered meanwhile
      }
      areWhole = false;
      await keep();
      if (work.isOver()) return;
    } catch (error) {
      // Of an engine that now and then does not answer each try gets further: what was read before is not read again.
      if (areWhole && items > 0 && after !== undefined && isTransient(error)) await keep().catch(() => undefined);
      await files.abandon();
      throw error;
    }
  }
}

const warningLines = ({ warnings }: ExportInput): readonly JobLine[] =>
  warnings.map((diagnostics) => errorLine('warning', 'not-supported', diagnostics));
