import { describe, expect, test } from '@jest/globals';
import { within } from '../../fhir/deadline.js';
import { callsWithin } from '../../persistence/aws-call.js';

// Calls of DynamoDB and S3 end with the request that makes them.

const calls = callsWithin(3_600_000);
const unavailable = { status: 503, issues: [{ code: 'transient' }] };

/** A call that never gets an answer. */
const silent = ({ abortSignal }: { abortSignal: AbortSignal }): Promise<never> =>
  new Promise((_, reject) => {
    abortSignal.addEventListener('abort', () => {
      reject(abortSignal.reason as Error);
    });
  });

describe('a request whose time is over', () => {
  test('has a call that gets no answer given up', async () => {
    await expect(within(5, () => calls.once(silent))).rejects.toMatchObject(unavailable);
  });

  test('begins no other call', async () => {
    let begun = 0;
    const call = (): Promise<void> => {
      begun += 1;
      return Promise.resolve();
    };
    await expect(within(0, () => calls.once(call))).rejects.toMatchObject(unavailable);
    expect(begun).toBe(0);
  });

  test('repeats nothing that others are in the way of', async () => {
    const busy = new Error('in the way');
    await expect(
      within(5, () =>
        calls.repeat(
          () => Promise.resolve(undefined),
          () => busy,
        ),
      ),
    ).rejects.toBe(busy);
  });
});

test('calls beside requests have their own time', async () => {
  expect(await calls.once(() => Promise.resolve(1))).toBe(1);
});
