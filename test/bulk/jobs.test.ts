import { describe, expect, test } from '@jest/globals';
import type { Principal } from '../../auth/principal.js';
import { createJobs } from '../../bulk/jobs.js';
import type { KindOfJob } from '../../bulk/kind-of-job.js';
import { runJobs } from '../../bulk/run-jobs.js';
import { type JobSpace, workSegment } from '../../bulk/work-segment.js';
import { OperationOutcomeError, outOfSpace, unavailable } from '../../fhir/outcome.js';
import type { JobKind } from '../../persistence/job.js';
import { jobItems } from '../../persistence/job.js';
import { defaultTenant } from '../../persistence/keys.js';
import type { WriteAction } from '../../persistence/table.js';
import type { OutputStore } from '../../persistence/output-store.js';
import { memoryTable } from '../support/memory-table.js';
import { callerOf } from '../support/server.js';
import { gated, gatedPort } from '../support/table-calls.js';

// How many jobs there may be, whoever begins them at the same time, and whose turn it is.

const principalOf = (subject: string): Principal => ({ ...callerOf('practitioner').principal, subject });
const noFiles: OutputStore = {
  create: () => Promise.reject(new Error('no files here')),
  read: () => Promise.resolve(undefined),
  remove: () => Promise.resolve(),
};

interface Scene {
  readonly space: JobSpace;
  /** Begins a job. @returns its id, or the status of the refusal. */
  readonly begin: (subject: string, kind?: JobKind) => Promise<string | number>;
}

function scene(kinds: JobSpace['kinds'] = {}): Scene {
  // Others come between any two calls.
  const table = gated(memoryTable(), async (call) => {
    await new Promise(setImmediate);
    return call();
  });
  const space: JobSpace = {
    items: jobItems(table, defaultTenant),
    output: noFiles,
    kinds,
    now: () => 0,
    onProblem: (error) => {
      throw error;
    },
  };
  const jobs = createJobs(space, { onBegun: () => undefined });
  const begin: Scene['begin'] = async (subject, kind = 'export') => {
    try {
      return await jobs.begin({ kind, principal: principalOf(subject), request: 'x', input: {} });
    } catch (error) {
      if (error instanceof OperationOutcomeError) return error.status;
      throw error;
    }
  };
  return { space, begin };
}

const isBegun = (answer: string | number): boolean => typeof answer === 'string';
const beginAll = (count: number, begin: (at: number) => Promise<string | number>): Promise<(string | number)[]> =>
  Promise.all(Array.from({ length: count }, (_, at) => begin(at)));

describe('of jobs that begin at the same time', () => {
  test('a caller has two, and all others are refused and leave nothing behind', async () => {
    const { space, begin } = scene();
    const answers = await beginAll(12, () => begin('one'));
    expect(answers.filter(isBegun)).toHaveLength(2);
    expect(answers.filter((each) => each === 429)).toHaveLength(10);
    const begun = (await space.items.list()).map(({ id }) => id).sort();
    expect(begun).toEqual(answers.filter(isBegun).sort());
  });

  test('there are sixteen in all', async () => {
    const { begin } = scene();
    const answers = await beginAll(24, (at) => begin(`caller ${String(at)}`));
    expect(answers.filter(isBegun)).toHaveLength(16);
    expect(answers.filter((each) => each === 429)).toHaveLength(8);
  });

  test('one makes the index anew, which takes nobody’s place', async () => {
    const { begin } = scene();
    const answers = await beginAll(5, (at) => begin(`operator ${String(at)}`, 'reindex'));
    expect(answers.filter(isBegun)).toHaveLength(1);
    expect(answers.filter((each) => each === 409)).toHaveLength(4);
    expect(isBegun(await begin('operator 0'))).toBe(true);
  });
});

test('who has a job under way leaves the last four places to who has none', async () => {
  const { begin } = scene();
  for (let at = 0; at < 12; at += 1) expect(isBegun(await begin(String(at % 6)))).toBe(true);
  expect(isBegun(await begin('a'))).toBe(true);
  expect(await begin('a')).toBe(429);
  for (const other of ['b', 'c', 'd']) expect(isBegun(await begin(other))).toBe(true);
  expect(await begin('e')).toBe(429);
});

test('a job that has ended, however it did, leaves its place', async () => {
  const { space, begin } = scene();
  const [first, second] = [await begin('one'), await begin('one')] as [string, string];
  expect(await begin('one')).toBe(429);
  const job = await space.items.read(first);
  if (job === undefined) throw new Error('no job');
  await space.items.end({ ...job, state: 'failed', ended: 0, expires: 9 });
  const third = await begin('one');
  expect([isBegun(third), await begin('one')]).toEqual([true, 429]);
  await space.items.remove(second);
  expect(isBegun(await begin('one'))).toBe(true);
});

test('segments take turns: who came last need not wait until the long ones are done', async () => {
  const order: string[] = [];
  /** Ten pages each; a worker that is over leaves. */
  const pages: KindOfJob = {
    async work(work) {
      let { page = 0 } = work.progress as { page?: number };
      while (page < 10) {
        page += 1;
        order.push(work.job.subject);
        await work.step({ progress: { page }, done: page === 10, files: [] });
        if (work.isOver()) return;
      }
    },
  };
  const { space, begin } = scene({ export: pages });
  for (const subject of ['a', 'b', 'c']) await begin(subject);
  const running = runJobs(space, { atOnce: 1, turn: 0 });
  while (order.length < 30) await new Promise(setImmediate);
  await running.stop();
  for (const third of Array.from({ length: 10 }, (_, at) => order.slice(at * 3, at * 3 + 3))) {
    expect([...third].sort()).toEqual(['a', 'b', 'c']);
  }
});

describe('a job whose worker was killed', () => {
  /** Begins a job, and has a worker take it that never says anything again. */
  async function left(): Promise<Scene & { readonly id: string; readonly state: () => Promise<unknown> }> {
    const kind: KindOfJob = { work: (work) => work.step({ progress: {}, done: true, files: [] }) };
    const made = scene({ export: kind });
    const id = String(await made.begin('one'));
    const silent: KindOfJob = { work: () => new Promise(() => undefined) };
    void workSegment({ ...made.space, kinds: { export: silent } }, id, 0);
    const owner = async (): Promise<string | undefined> => (await made.space.items.segments(id))[0]?.owner;
    while ((await owner()) === '') await new Promise(setImmediate);
    return { ...made, id, state: async () => (await made.space.items.read(id))?.state };
  }

  test('goes on at once in a process that is alone with its table', async () => {
    const { space, state } = await left();
    const running = runJobs({ ...space, alone: new Map() });
    while ((await state()) === 'running') await new Promise(setImmediate);
    expect(await state()).toBe('complete');
    await running.stop();
  });

  test('may still have it where others do jobs of the same table', async () => {
    const { space, id, state } = await left();
    expect([await workSegment(space, id, 0), await state()]).toEqual(['taken', 'running']);
  });

  test('is not taken from a worker of the same process', async () => {
    const { space, id, state } = await left();
    const alone = { ...space, alone: new Map<string, 'working' | 'untold'>() };
    const slow: KindOfJob = { work: () => new Promise(() => undefined) };
    void workSegment({ ...alone, kinds: { export: slow } }, id, 0);
    while (alone.alone.size === 0) await new Promise(setImmediate);
    for (let turns = 0; turns < 20; turns += 1) await new Promise(setImmediate);
    expect([await workSegment(alone, id, 0), await state()]).toEqual(['taken', 'running']);
  });
});

test('a worker whose table gives nothing for now says what became of its segment, and is no process that ended', async () => {
  let isOut = false;
  let time = 0;
  const work: KindOfJob['work'] = () => {
    isOut = true;
    return Promise.reject(unavailable('not now'));
  };
  const { space, begin } = scene({ export: { work } });
  const id = String(await begin('one'));
  const items = {
    ...space.items,
    read: (job: string) => (isOut ? Promise.reject(unavailable('not now')) : space.items.read(job)),
  };
  for (let tries = 1; tries < 6; tries += 1) {
    isOut = false;
    const worked = await workSegment({ ...space, items, now: () => time, onProblem: () => undefined }, id, 0);
    expect([worked, await space.items.segments(id)]).toMatchObject(['failed', [{ failures: tries, starts: 0 }]]);
    time += 60_000;
  }
});

describe('a job that ends its process', () => {
  interface Lives {
    readonly begin: (subject: string) => Promise<string>;
    /** Starts one process after the other until one has nothing to do any more. @returns how many were ended. */
    readonly liveOn: () => Promise<number>;
    readonly space: JobSpace;
    readonly told: string[];
    /** Steps in the order they were begun, by their job. */
    readonly steps: string[];
  }

  const turns = async (count: number): Promise<void> => {
    for (let at = 0; at < count; at += 1) await new Promise(setImmediate);
  };

  /** Jobs of three steps. @param ends whether a step that is begun ends the process. */
  function lives(ends: (step: string) => boolean): Lives {
    const { space: whole, begin } = scene();
    const steps: string[] = [];
    const told: string[] = [];
    const space: JobSpace = { ...whole, onProblem: (error, what) => told.push(`${what}: ${String(error)}`) };

    async function live(): Promise<'ended' | 'idle'> {
      let isDead = false;
      let end = (): void => undefined;
      const ended = new Promise<'ended'>((resolve) => {
        end = () => {
          isDead = true;
          resolve('ended');
        };
      });
      const never = new Promise<never>(() => undefined);
      // What a process that was ended would do next never happens.
      const items = gatedPort(space.items, async (call) =>
        isDead ? never : call().then((is) => (isDead ? never : is)),
      );
      const work: KindOfJob['work'] = async (each) => {
        for (let { page = 0 } = each.progress as { page?: number }; page < 3; page += 1) {
          const step = `${each.job.subject}${String(page)}`;
          steps.push(step);
          await turns(5); // others are in the middle of something as well
          if (ends(step)) end();
          await each.step({ progress: { page: page + 1 }, done: page === 2, files: [] });
          if (each.isOver()) return;
        }
      };
      const running = runJobs({ ...space, items, kinds: { export: { work } }, alone: new Map() }, { atOnce: 2 });
      const idle = async (): Promise<'idle'> => {
        const isRunning = async (): Promise<boolean> =>
          (await space.items.list()).some(({ state }) => state === 'running');
        while (!isDead && (await isRunning())) await turns(1);
        return 'idle';
      };
      const became = await Promise.race([ended, idle().then((is) => (isDead ? ended : is))]);
      if (became === 'idle') await running.stop();
      else void running.stop();
      return became;
    }

    return {
      space,
      told,
      steps,
      begin: async (subject) => String(await begin(subject)),
      async liveOn() {
        let count = 0;
        while ((await live()) === 'ended') count += 1;
        return count;
      },
    };
  }

  test('is given up when five ended in the middle of the same step of it, and is named; others beside it are done', async () => {
    const { begin, liveOn, space, told, steps } = lives((step) => step === 'a1');
    const [poison, other] = [await begin('a'), await begin('b')];
    expect(await liveOn()).toBe(5);
    const failure = '5 times the process ended in the middle of the same step of it, so it is not tried again';
    expect(await space.items.read(poison)).toMatchObject({ state: 'failed', failure });
    expect((await space.items.read(other))?.state).toBe('complete');
    expect(told).toEqual([
      `the export ${poison} is given up at its segment 0: Error: 5 times the process ended in the middle of the same step of it`,
    ]);
    expect(steps.filter((step) => step === 'a1')).toHaveLength(5);
    // Once it is not known which of them it was, one is done at a time: the other one was begun twice at most.
    for (const step of ['b0', 'b1', 'b2']) expect(steps.filter((each) => each === step).length).toBeLessThanOrEqual(2);
  });

  test('is done where it was not the job: processes end now and then', async () => {
    const left = new Map([
      ['a0', 4],
      ['a1', 4],
      ['a2', 4],
    ]);
    const { begin, liveOn, space, told } = lives((step) => {
      const more = left.get(step) ?? 0;
      left.set(step, more - 1);
      return more > 0;
    });
    const job = await begin('a');
    expect(await liveOn()).toBe(12);
    expect([(await space.items.read(job))?.state, told]).toEqual(['complete', []]);
  });
});

describe('on a full disk a job', () => {
  /** A job that is begun, whose disk a test fills. */
  async function begun(pause: number, whileWorking: (disk: { isFull: boolean }) => void = () => undefined) {
    const disk = { isFull: false, refused: 0 };
    const own = memoryTable();
    const table = {
      ...own,
      write: (actions: readonly WriteAction[]) => {
        if (!disk.isFull) return own.write(actions);
        disk.refused += 1;
        return Promise.reject(outOfSpace('full'));
      },
    };
    const space: JobSpace = {
      items: jobItems(table, defaultTenant),
      output: noFiles,
      kinds: {
        export: {
          work: async (own) => {
            whileWorking(disk);
            if (disk.isFull) throw outOfSpace('full');
            await own.step({ progress: {}, done: true, files: [] });
          },
        },
      },
      now: Date.now,
      pause,
      alone: new Map(),
      onProblem: () => undefined,
    };
    const jobs = createJobs(space, { onBegun: () => undefined });
    const id = await jobs.begin({ kind: 'export', principal: principalOf('a'), request: 'x', input: {} });
    return { disk, space, id };
  }

  test('asks now and then only', async () => {
    const { disk, space } = await begun(1_000_000);
    disk.isFull = true;
    const running = runJobs(space);
    for (let turns = 0; turns < 1_000 || disk.refused === 0; turns += 1) await new Promise(setImmediate);
    expect(disk.refused).toBe(1);
    await running.stop();
  });

  test('waits as long as it takes, without its failures being counted, and goes on', async () => {
    let fillings = 0;
    const { disk, space, id } = await begun(1, (own) => {
      if (++fillings <= 8) own.isFull = true; // more often than a job may fail
    });
    const running = runJobs(space);
    while ((await space.items.read(id))?.state === 'running') {
      if (disk.refused > 0) [disk.isFull, disk.refused] = [false, 0];
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await running.stop();
    expect((await space.items.read(id))?.state).toBe('complete');
    expect((await space.items.segments(id)).map(({ failures }) => failures)).toEqual([0]);
    expect(fillings).toBe(9);
  });
});
