import { basename } from 'node:path';
import type { FhirVersion } from '../../fhir/version.js';
import type { InputFile } from './input-file.js';
import { type Target, postBundle } from './post.js';
import type { LoadReport } from './report.js';
import { type LoadRequest, requestsOf } from './request.js';

/** A file, and the version it is loaded to. */
export interface PlannedFile {
  readonly file: InputFile;
  readonly version: FhirVersion;
}

/** What a load tells while it runs. */
export interface LoadProgress {
  /** A file is done. */
  done(file: PlannedFile, entries: number, failures: number, milliseconds: number): void;
  /** Something was posted. */
  step(): void;
}

/** How to load. */
export interface LoadOptions {
  readonly targets: Readonly<Record<FhirVersion, Target>>;
  /** How many requests may be on their way at once. */
  readonly concurrency: number;
  readonly report: LoadReport;
  readonly progress: LoadProgress;
}

/** Lets at most so many tasks run at once. */
class Slots {
  readonly #waiting: (() => void)[] = [];
  #free: number;
  constructor(count: number) {
    this.#free = count;
  }
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}

/** Loads one file; false when no other file will fare better. */
async function loadFile(planned: PlannedFile, options: LoadOptions, slots: Slots): Promise<boolean> {
  const { file, version } = planned;
  const { report, progress, concurrency } = options;
  const name = basename(file.path);
  const started = performance.now();
  const counted = { entries: 0, failures: 0, hopeless: false };
  const onTheirWay = new Set<Promise<void>>();
  // Keys on their way: a later version of one of them waits, so that it is also written later.
  const keys = new Set<string>();

  const post = async (request: LoadRequest & { kind: 'bundle' }): Promise<void> => {
    const answer = await slots.run(() => postBundle(options.targets[version], request.body, request.repeatable));
    const { entries } = request;
    if (answer.kind === 'answered') counted.failures += report.answer(name, entries, answer.bundle);
    else {
      const { status, reasons } = answer;
      counted.hopeless ||= answer.hopeless;
      counted.failures += 1;
      const [first, last] = [entries[0]?.place, entries.at(-1)?.place];
      const place = file.format === 'json' || first === undefined ? 'the file' : `${first} to ${last ?? first}`;
      report.refuse(
        { file: name, place, reasons, ...(status === undefined ? {} : { status: String(status) }) },
        entries,
      );
    }
    counted.entries += entries.length;
    for (const { key } of entries) if (key !== undefined) keys.delete(key);
    progress.step();
  };

  try {
    for await (const request of requestsOf(file)) {
      if (request.kind === 'unreadable') {
        counted.failures += 1;
        report.fail({ file: name, place: request.place, reasons: [request.reason] });
        continue;
      }
      const again = request.entries.some(({ key }) => key !== undefined && keys.has(key));
      if (counted.hopeless) break;
      if (again) await Promise.all(onTheirWay);
      for (const { key } of request.entries) if (key !== undefined) keys.add(key);
      const posting = post(request).finally(() => onTheirWay.delete(posting));
      onTheirWay.add(posting);
      // No further reading while enough is on its way: a file may be larger than the memory.
      if (onTheirWay.size >= concurrency) await Promise.race(onTheirWay);
    }
    await Promise.all(onTheirWay);
  } catch (cause) {
    await Promise.allSettled(onTheirWay);
    const reason = cause instanceof Error ? cause.message : String(cause);
    counted.failures += 1;
    report.fail({ file: name, place: 'the file', reasons: [`cannot be read: ${reason}`] });
  }
  progress.done(planned, counted.entries, counted.failures, performance.now() - started);
  return !counted.hopeless;
}

/**
 * Loads files: stage after stage, the files of a stage at once as far as the slots allow.
 * @param files the files, in the order of loading.
 * @param options targets, concurrency, where to report.
 * @returns when everything was tried; what failed is in the report.
 */
export async function loadFiles(files: readonly PlannedFile[], options: LoadOptions): Promise<void> {
  const slots = new Slots(options.concurrency);
  const state = { left: files.length, hopeful: true };
  const stages = [...new Set(files.map(({ file }) => file.stage))].sort((one, other) => one - other);
  for (const stage of stages) {
    const queue = files.filter(({ file }) => file.stage === stage);
    const next = queue.values();
    const worker = async (): Promise<void> => {
      for (const planned of next) {
        state.left -= 1;
        if (!(await loadFile(planned, options, slots))) state.hopeful = false;
        if (!state.hopeful) return;
      }
    };
    await Promise.all(Array.from({ length: Math.min(options.concurrency, queue.length) }, worker));
    if (!state.hopeful) break;
  }
  if (state.left > 0) {
    const reasons = ['given up, because the server takes nothing'];
    options.report.fail({ file: `${String(state.left)} more files`, place: 'not tried', reasons });
  }
}
