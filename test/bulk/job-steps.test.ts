import { beforeEach, describe, expect, test } from '@jest/globals';
import { createJobs } from '../../bulk/jobs.js';
import { type JobExecutions, segmentsOf, segmentStep, sweepJobs } from '../../bulk/job-steps.js';
import type { KindOfJob } from '../../bulk/kind-of-job.js';
import type { JobSpace } from '../../bulk/work-segment.js';
import { unavailable } from '../../fhir/outcome.js';
import { jobItems } from '../../persistence/job.js';
import { defaultTenant } from '../../persistence/keys.js';
import { callerOf } from '../support/server.js';
import { memoryTable } from '../support/memory-table.js';

// The steps that a state machine has done, as it calls them.

const minute = 60_000;
let now = 0;
/** What a segment does when it is called. */
let work: KindOfJob['work'];
let removed: string[] = [];
let space: JobSpace;
let id: string;

beforeEach(async () => {
  now = Date.parse('2026-01-01T00:00:00Z');
  work = (segment) => segment.step({ progress: {}, done: true, files: [] });
  removed = [];
  space = {
    items: jobItems(memoryTable(), defaultTenant),
    output: {
      create: () => Promise.reject(new Error('Nothing is written here')),
      read: () => Promise.resolve(undefined),
      remove: (job) => Promise.resolve(void removed.push(job)),
    },
    kinds: { export: { work: (segment) => work(segment) } },
    now: () => now,
    onProblem: () => undefined,
  };
  const jobs = createJobs(space, { segments: 3, onBegun: () => undefined });
  const { principal } = callerOf('practitioner');
  id = await jobs.begin({ kind: 'export', principal, request: 'http://example.org/r4/$export', input: {} });
});
const step = (segment: number, isOver = false): ReturnType<typeof segmentStep> =>
  segmentStep(space, { job: id, segment }, () => isOver);
const state = async (): Promise<string | undefined> => (await space.items.read(id))?.state;

describe('the segments of a job', () => {
  test('are worked on one by one; with the last one the job is complete', async () => {
    expect(await segmentsOf(space, id)).toEqual([0, 1, 2]);
    expect(await step(0)).toEqual({ job: id, segment: 0, next: 'done', wait: 0 });
    expect(await segmentsOf(space, id)).toEqual([1, 2]);
    await step(1);
    expect(await state()).toBe('running');
    await step(2);
    expect(await state()).toBe('complete');
    expect(await segmentsOf(space, id)).toEqual([]);
  });

  test('are left when the call’s time is over, and gone on with at once where they were left', async () => {
    const begun: unknown[] = [];
    work = async (segment) => {
      begun.push(segment.progress);
      const at = (segment.progress as { at?: number }).at ?? 0;
      await segment.step({ progress: { at: at + 1 }, done: at === 1, files: [] });
    };
    expect(await step(0, true)).toMatchObject({ next: 'again', wait: 0 });
    expect(await step(0)).toMatchObject({ next: 'done' });
    expect(begun).toEqual([{}, { at: 1 }]);
  });

  test('of a worker that was killed wait until it must be dead', async () => {
    let killed = (): void => undefined;
    work = () => new Promise((resolve) => void (killed = resolve));
    const first = step(0);
    await new Promise(setImmediate);
    now += 10_000;
    expect(await step(0)).toMatchObject({ next: 'again', wait: 50 });
    now += minute;
    work = (segment) => segment.step({ progress: {}, done: true, files: [] });
    expect(await step(0)).toMatchObject({ next: 'done' });
    killed();
    await first;
  });

  test('wait longer each time an engine does not answer', async () => {
    work = () => Promise.reject(unavailable('Not now'));
    expect(await step(0)).toMatchObject({ next: 'again', wait: 2 });
    now += 2_000;
    expect(await step(0)).toMatchObject({ next: 'again', wait: 4 });
  });

  test('of a job that is not there any more, or failed, are nobody’s work', async () => {
    work = () => Promise.reject(new Error('Wrong'));
    expect(await step(0)).toMatchObject({ next: 'again' });
    expect([await state(), await segmentsOf(space, id)]).toEqual(['failed', []]);
    expect(await step(0)).toMatchObject({ next: 'done' });
    await space.items.remove(id);
    expect(await step(1)).toMatchObject({ next: 'done' });
  });

  test('all done, but for who would have ended the job, are looked at once more', async () => {
    for (const segment of await space.items.segments(id)) {
      await space.items.save(id, { ...segment, done: true });
    }
    expect(await segmentsOf(space, id)).toEqual([0]);
    await step(0);
    expect(await state()).toBe('complete');
  });
});

describe('each minute', () => {
  let started: string[];
  const executions = (...underWay: string[]): JobExecutions => ({
    underWay: () => Promise.resolve(new Set(underWay)),
    start: (job: string) => Promise.resolve(void started.push(job)),
  });
  beforeEach(() => {
    started = [];
  });

  test('a job that nobody works on is begun again, one that was begun just now or is worked on is not', async () => {
    await sweepJobs(space, defaultTenant, executions());
    now += 2 * minute;
    await sweepJobs(space, defaultTenant, executions(id));
    expect(started).toEqual([]);
    await sweepJobs(space, defaultTenant, executions());
    expect(started).toEqual([id]);
  });

  test('a job whose time is over is removed with its files', async () => {
    for (const segment of [0, 1, 2]) await step(segment);
    now += 25 * 60 * minute;
    await sweepJobs(space, defaultTenant, executions());
    expect([started, removed.includes(id), await state()]).toEqual([[], true, undefined]);
  });
});
