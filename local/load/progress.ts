import { basename } from 'node:path';
import type { LoadProgress } from './load-files.js';
import type { LoadReport } from './report.js';

const width = 24;

/** A bar on one line, drawn over and over. */
function bar(terminal: NodeJS.WriteStream, report: LoadReport, fileCount: number): LoadProgress & { end(): void } {
  const started = performance.now();
  let done = 0;
  const draw = (): void => {
    const filled = Math.round((done / Math.max(fileCount, 1)) * width);
    const entries = report.entryCount;
    const rate = Math.round(entries / Math.max((performance.now() - started) / 1000, 0.001));
    const failed = report.failureCount === 0 ? '' : `, ${String(report.failureCount)} failed`;
    const text = `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${String(done)}/${String(fileCount)} files, ${String(entries)} entries, ${String(rate)}/s${failed}`;
    terminal.write(`\r\u001b[K${text.slice(0, Math.max(terminal.columns - 1, 20))}`);
  };
  return {
    done: () => {
      done += 1;
      draw();
    },
    step: draw,
    end: () => {
      terminal.write('\r\u001b[K');
    },
  };
}

/**
 * Shows how a load goes on: a bar where a person looks, a line for each file elsewhere.
 * @param output standard error.
 * @param report what is counted so far.
 * @param fileCount how many files there are.
 * @returns the progress; `end` clears the bar.
 */
export function showProgress(
  output: NodeJS.WriteStream,
  report: LoadReport,
  fileCount: number,
): LoadProgress & { end(): void } {
  if (output.isTTY) return bar(output, report, fileCount);
  return {
    done: ({ file, version }, entries, failures, milliseconds) => {
      const outcome = failures === 0 ? 'ok' : `${String(failures)} failed`;
      output.write(
        `${version}  ${basename(file.path)}: ${String(entries)} entries in ${milliseconds.toFixed(0)} ms, ${outcome}\n`,
      );
    },
    step: () => undefined,
    end: () => undefined,
  };
}
