import { afterEach, expect, jest, test } from '@jest/globals';
import { timeLeft, within, withoutDeadline } from '../../fhir/deadline.js';

let now = 1_000;
const clock = jest.spyOn(performance, 'now').mockImplementation(() => now);
afterEach(() => {
  now = 1_000;
});

test('work has the time it is given, what nobody waits for has all of it', async () => {
  expect(timeLeft()).toBe(Infinity);
  await within(500, async () => {
    now += 200;
    await Promise.resolve();
    expect(timeLeft()).toBe(300);
    expect(withoutDeadline(timeLeft)).toBe(Infinity);
  });
});

test('the time begins anew when the client has sent what it had to send', () => {
  let sent = (): void => undefined;
  within(
    500,
    () => {
      now += 700;
      expect(timeLeft()).toBe(-200);
      sent();
      expect(timeLeft()).toBe(500);
    },
    (anew) => (sent = anew),
  );
  expect(clock).toHaveBeenCalled();
});
