import { describe, expect, test } from '@jest/globals';
import { OperationOutcomeError } from '../../fhir/outcome.js';
import { diskSpace, type DiskState, low, reserve } from '../../persistence/disk-space.js';
import { temporaryFolder } from './temporary-root.js';

const mebibyte = 1024 ** 2;

/** A disk whose free space a test says, and what was told of it. */
function disk(more: { readonly probe?: () => void } = {}) {
  const state = { free: 100 * low };
  const told: DiskState[] = [];
  const probes: number[] = [];
  const space = diskSpace('/nowhere', {
    free: () => state.free,
    probe: (_folder, bytes) => {
      probes.push(bytes);
      more.probe?.();
    },
    onChange: (each) => void told.push(each),
  });
  return { state, told, probes, space };
}

/** What is thrown when room for something is required, as a status; 'done' when nothing. */
function statusOf<Wanted>(of: { require(wanted: Wanted): void }, wanted: Wanted): number | string {
  try {
    of.require(wanted);
    return 'done';
  } catch (error) {
    return error instanceof OperationOutcomeError ? error.status : String(error);
  }
}
const coded = (code: string | number, message = 'planted'): Error => Object.assign(new Error(message), { code });
const keys = (count: number, isSmall = false) => ({ keys: count, values: [], isSmall });

describe('the space of a disk', () => {
  test('is refused when less than the reserve would be left, by 507 with the time to wait', () => {
    const { state, space } = disk();
    state.free = reserve + mebibyte;
    expect(statusOf(space, mebibyte)).toBe('done');
    expect(statusOf(space, mebibyte + 1)).toBe(507);
    state.free = reserve - 1;
    const thrown = (() => {
      try {
        space.require(0);
      } catch (error) {
        return error as OperationOutcomeError;
      }
      return undefined;
    })();
    expect([thrown?.status, thrown?.issues[0]?.code, thrown?.retryAfter]).toEqual([507, 'no-store', 30]);
    state.free = 2 * reserve;
    expect(statusOf(space, 0)).toBe('done');
  });

  test('is asked for as much as a commit may take, and what is small goes into the reserve', () => {
    const { state, space } = disk();
    const room = space.room('/nowhere');
    state.free = reserve + 10 * mebibyte;
    expect(statusOf(room, keys(10))).toBe('done');
    expect(statusOf(room, { keys: 1, values: ['x'.repeat(20 * mebibyte)], isSmall: false })).toBe(507);
    expect(statusOf(room, { keys: 1, values: [{ before: { body: 'x'.repeat(20 * mebibyte) } }], isSmall: false })).toBe(
      507,
    );
    expect(statusOf(room, { keys: 1, values: ['李'.repeat(4 * mebibyte)], isSmall: false })).toBe(507);
    expect(statusOf(room, { keys: 1, values: [new Uint8Array(20 * mebibyte)], isSmall: false })).toBe(507);
    state.free = reserve / 2;
    expect([statusOf(room, keys(1)), statusOf(room, keys(1, true))]).toEqual([507, 'done']);
    state.free = reserve / 8;
    expect(statusOf(room, keys(1, true))).toBe(507);
  });

  test('is told of when it gets low, ends and comes back, and not again and again at an edge', () => {
    const { state, told, space } = disk();
    for (const free of [
      low + 1,
      low - 1,
      low + 1,
      low - 1,
      reserve - 1,
      reserve + 1,
      reserve - 1,
      2 * reserve,
      2 * low,
      2 * low,
    ]) {
      state.free = free;
      statusOf(space, 0);
    }
    expect(told).toEqual(['low', 'full', 'low', 'enough']);
  });

  test.each([coded('ENOSPC'), coded('EDQUOT'), coded(28), new Error('write failed: No space left on device')])(
    'that was told of and is not there (%s) is not believed before something could be written',
    (failure) => {
      const full = { is: true };
      const {
        probes,
        told: news,
        space,
      } = disk({
        probe: () => {
          if (full.is) throw coded('EDQUOT');
        },
      });
      const told = space.failed(failure);
      expect([told instanceof OperationOutcomeError, (told as Error).cause]).toEqual([true, failure]);
      expect(statusOf(space, 0)).toBe(507);
      expect(news).toEqual(['full']);
      full.is = false;
      expect(statusOf(space, 0)).toBe('done');
      expect(statusOf(space, 0)).toBe('done');
      expect(probes.length).toBe(2);
      expect(news).toEqual(['full', 'enough']);
    },
  );

  test('has nothing to do with other failures', () => {
    const { state, probes, space } = disk();
    const failures = [coded('EIO'), coded(5), new Error('closed')];
    expect(failures.map((failure) => space.failed(failure) === failure)).toEqual([true, true, true]);
    expect(statusOf(space, 0)).toBe('done');
    expect(probes).toEqual([]);
    state.free = 0; // then LMDB says so of a page that was written in part
    expect(space.failed(coded(5))).toBeInstanceOf(OperationOutcomeError);
  });

  test('that nobody knows of is taken for enough', () => {
    const space = diskSpace('/nowhere/at/all');
    expect(statusOf(space, 2 ** 60)).toBe('done');
  });

  test('is that of the folder, where it is asked and probed', () => {
    const folder = temporaryFolder();
    const space = diskSpace(folder);
    space.failed(coded('ENOSPC'));
    expect(statusOf(space, 0)).toBe('done');
    expect(statusOf(space, 2 ** 60)).toBe(507);
  });
});
