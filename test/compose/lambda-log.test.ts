import { expect, test } from '@jest/globals';
import { wordless } from '../../compose/lambda-log.js';
import { SettingsError } from '../../compose/settings-error.js';

const secret = 'Mrs Secretly';

test('what a handler throws that nobody foresaw is told to the runtime, which logs it, by name, code and place alone', async () => {
  const failing = wordless((name: string): Promise<never> => {
    const cause = new Error(secret);
    return Promise.reject(
      Object.assign(new TypeError(`failed to parse: ${name}`, { cause }), { code: 'EPARSE', body: { value: name } }),
    );
  });
  const thrown: unknown = await failing(secret).catch((error: unknown) => error);
  if (!(thrown instanceof Error)) throw new Error('nothing was thrown');
  expect([thrown.name, thrown.message]).toEqual(['TypeError', 'TypeError (EPARSE), whose message is not told']);
  expect(thrown.stack).toMatch(/\n\s+at .*lambda-log\.test/);
  const all = JSON.stringify([thrown, thrown.stack, thrown.message, thrown.cause, Object.entries(thrown)]);
  expect(all).not.toContain(secret);
});

test('a setting that is wrong is told in words, and what is given is given', async () => {
  const wrong = wordless(() => Promise.reject(new SettingsError('TABLE_NAME is not set')));
  await expect(wrong()).rejects.toThrow('TABLE_NAME is not set');
  expect(await wordless((one: number, two: number) => Promise.resolve(one + two))(1, 2)).toBe(3);
});
