import { setImmediate } from 'node:timers/promises';
import { parseUniqueJson, stringifyJson } from '../fhir/json.js';
import { invalidRequest, OperationOutcomeError, outcome, tooCostly } from '../fhir/outcome.js';
import { importResource } from '../interactions/jobs/import-resource.js';
import type { ImportFile, ImportInput, ImportProgress } from '../interactions/jobs/import-input.js';
import { inParallel } from '../interactions/parallel.js';
import { clip, requireResource } from '../interactions/resource-type.js';
import type { Caller, FhirServer } from '../interactions/server.js';
import { indexable } from '../indexer/index-change.js';
import type { InputSource } from '../persistence/input-source.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { chunksOf } from './chunks-of.js';
import { filesOfLines, type JobLine } from './segment-files.js';
import { isTransient, type KindOfJob, type SegmentWork } from './kind-of-job.js';
import { type FileLine, linesOf } from './lines.js';

/** How large an import's parts are. */
export interface ImportSizes {
  /** Lines done together, 100 without it, and how many of them at the same time, 16. */
  readonly lines?: number;
  readonly atOnce?: number;
  /** Lines after which a step is kept: so many are done again after a crash, which changes nothing. 2,000 without it. */
  readonly step?: number;
  /** The longest line taken, in bytes; 50 MiB without it. */
  readonly longest?: number;
  /** Milliseconds after which a worker looks whether it is still wanted, whatever its file gives; 2,000 without it. */
  readonly look?: number;
}

/** Characters done together: lines may be long. */
const mostCharacters = 8_000_000;

/** Bytes after which a step is kept, however few lines they are. */
const stepBytes = 32_000_000;
/** Files whose sizes are asked for at the same time. */
const sizesAtOnce = 16;

/** Imports into a server: each segment stores the resources of one file. */
export const importKind = (
  server: FhirServer,
  sourceOf: (url: string) => InputSource,
  sizes: ImportSizes = {},
): KindOfJob => ({
  work: (work) => importSegment(server, work, sourceOf, sizes),
});

/** A line that was read, and its number in the file from 1 on. */
interface NumberedLine extends FileLine {
  readonly number: number;
}

async function importSegment(
  server: FhirServer,
  work: SegmentWork,
  sourceOf: (url: string) => InputSource,
  { lines: together = 100, atOnce = 16, step = 2_000, longest = 50 * 2 ** 20, look = 2_000 }: ImportSizes,
): Promise<void> {
  const input = work.input as ImportInput;
  const file = input.files[work.segment];
  if (file === undefined) throw new Error('An import has more segments than files');
  const { bytes = 0, lines = 0, count = 0 } = work.progress as ImportProgress;
  const at = { bytes, lines, count, ...(await sizesOf(work, input, sourceOf)) };
  const stream = await sourceOf(file.url).open(file.url, bytes);
  let written = work.files;
  let batch: NumberedLine[] = [];
  let size = 0;
  let errors: string[] = [];
  let sinceStep = 0;
  let keptBytes = bytes;
  /** What searches are to see before the job is complete, where that is asked for. */
  let unseen: StoredVersion[] = [];
  const isStrong = server.indexing === 'later' && server.consistency === 'strong';
  /** As it was behind the last batch that was stored whole. */
  let whole = { at: { ...at }, errors: 0, unseen: 0 };

  async function storeBatch(): Promise<void> {
    for (const part of distinctParts(batch)) {
      const stored = await inParallel(part, atOnce, (line) =>
        storeLine(server, input, file ?? { type: '', url: '' }, line),
      );
      errors.push(...stored.filter((each) => typeof each === 'string'));
      const versions = stored.filter((each) => typeof each !== 'string');
      at.count += versions.length;
      if (isStrong) unseen.push(...versions);
    }
    at.bytes = batch.at(-1)?.end ?? at.bytes;
    await work.goOn(batch.length);
    sinceStep += batch.length;
    batch = [];
    size = 0;
    whole = { at: { ...at }, errors: errors.length, unseen: unseen.length };
    await setImmediate();
  }
  /** Keeps a step behind the last whole batch: of an engine that now and then does not answer each try gets further. */
  async function keepWhole(): Promise<void> {
    Object.assign(at, whole.at);
    errors = errors.slice(0, whole.errors);
    unseen = unseen.slice(0, whole.unseen);
    await keepStep(false);
  }
  async function keepStep(done: boolean): Promise<void> {
    // What was stored before a crash is among them: it is met again, unchanged.
    if (unseen.length > 0) await server.index.put(unseen.map((version) => indexable(server.tenant, version)));
    unseen = [];
    const place = { job: work.job.id, segment: work.segment, written };
    const lines = errors.map((text): JobLine => ({ kind: 'error', type: 'OperationOutcome', text }));
    const made = await filesOfLines(work.output, place, lines);
    const closed = made.map((each) => ({ ...each, source: file?.url ?? '' }));
    await work.step({ progress: { ...at }, done, files: closed });
    written += closed.length;
    errors = [];
    sinceStep = 0;
    keptBytes = at.bytes;
  }

  try {
    for await (const line of linesOf(
      chunksOf(stream, () => work.goOn(0), look),
      bytes,
      longest,
    )) {
      at.lines += 1;
      if (line.text?.trim() === '') continue;
      batch.push({ ...line, number: at.lines });
      size += line.text?.length ?? 0;
      if (batch.length < together && size < mostCharacters) continue;
      await storeBatch();
      if (sinceStep >= step || at.bytes - keptBytes >= stepBytes || work.isOver()) await keepStep(false);
      if (work.isOver()) return;
    }
    await storeBatch();
    await keepStep(true);
  } catch (error) {
    if (sinceStep > 0 && isTransient(error)) await keepWhole().catch(() => undefined);
    throw error;
  } finally {
    stream.destroy();
  }
}

/**
 * How large all files are, which the first of them tells so that it is known how far the import is (interactions/jobs/percent.ts):
 * asked once, before anything is read.
 */
async function sizesOf(
  work: SegmentWork,
  { files }: ImportInput,
  sourceOf: (url: string) => InputSource,
): Promise<Pick<ImportProgress, 'sizes'>> {
  const { sizes: known } = work.progress as ImportProgress;
  if (known !== undefined) return { sizes: known };
  if (work.segment !== 0) return {};
  const sizeOf = async ({ url }: { readonly url: string }): Promise<number | null> => {
    try {
      return (await sourceOf(url).size(url)) ?? null;
    } catch {
      return null; // what is wrong with it, its own segment tells
    }
  };
  const sizes: (number | null)[] = [];
  for (let from = 0; from < files.length; from += sizesAtOnce) {
    sizes.push(...(await Promise.all(files.slice(from, from + sizesAtOnce).map(sizeOf))));
    await work.goOn(0); // the segment stays this worker's meanwhile
  }
  await work.step({ progress: { ...(work.progress as ImportProgress), sizes }, done: false, files: [] });
  return { sizes };
}

/** Lines in parts in which no resource stands twice: of those the later one counts, as in the file. */
function* distinctParts(lines: readonly NumberedLine[]): Generator<readonly NumberedLine[]> {
  let part: NumberedLine[] = [];
  let ids = new Set<string>();
  for (const line of lines) {
    // The first id of a line is the resource's own where it comes first; another one only makes parts smaller or larger.
    const id = /"id"\s*:\s*"([^"]*)"/.exec(line.text ?? '')?.[1] ?? '';
    if (ids.has(id)) {
      yield part;
      part = [];
      ids = new Set();
    }
    ids.add(id);
    part.push(line);
  }
  yield part;
}

/**
 * Stores the resource of a line.
 * @returns the version that is stored; the OperationOutcome of what is wrong with it, as JSON text, when none is.
 * @throws OperationOutcomeError 503 or 409, when the same may succeed later.
 */
async function storeLine(
  server: FhirServer,
  { principal, baseUrl, conditionalCreate }: ImportInput,
  { type }: ImportFile,
  { text, wrong, number }: NumberedLine,
): Promise<string | StoredVersion> {
  const caller: Caller = { principal, baseUrl };
  try {
    if (wrong === 'encoding') throw invalidRequest('The line is not valid UTF-8');
    if (text === undefined) throw tooCostly('The line is too long');
    const resource = requireResource(parseUniqueJson(text));
    if (resource.resourceType !== type) {
      throw invalidRequest(
        `The file is of ${type}, the resource of type ${clip(resource.resourceType)}`,
        'resourceType',
      );
    }
    return (await importResource(server, caller, resource, conditionalCreate)).version;
  } catch (error) {
    if (!(error instanceof OperationOutcomeError) || error.status >= 500 || error.status === 409) throw error;
    const issues = error.issues.map((issue) => ({
      ...issue,
      diagnostics: `Line ${String(number)}: ${issue.diagnostics ?? issue.code}`,
    }));
    return stringifyJson(outcome(issues, server.definitions.version));
  }
}
