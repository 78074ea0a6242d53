import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createBuckets } from '../../local/buckets.js';
import { rateLimited } from '../../local/rate-limit.js';
import { type RunningServer, startServer } from '../../local/server.js';
import { readSettings } from '../../local/settings.js';
import { signToken } from '../../local/sign-in/access-token.js';
import { readSignInKeys } from '../../local/sign-in/keys.js';
import { signInIssuer } from '../../local/sign-in/sign-in.js';
import { userByName } from '../../local/sign-in/users.js';
import { principals } from '../support/server.js';

describe('A caller', () => {
  let now = 0;
  const limited = rateLimited(
    (name = '') => {
      const principal = principals[name];
      return principal === undefined ? Promise.reject(new Error('401')) : Promise.resolve({ principal, claims: {} });
    },
    2,
    () => now,
  );
  const ask = (name = 'practitioner'): Promise<string> =>
    limited(name).then(
      () => 'served',
      (error: unknown) => String((error as { status?: number }).status ?? 'unknown'),
    );

  const askFive = (): Promise<string[]> => Promise.all(Array.from({ length: 5 }, () => ask()));
  const fourOfFive = ['served', 'served', 'served', 'served', '429'];

  test('may ask so often a second, twice as often at once, whatever others do', async () => {
    expect(await askFive()).toEqual(fourOfFive);
    expect(await ask('auditor')).toBe('served');
    expect(await ask('nobody knows')).toBe('unknown');
    now += 499;
    expect(await ask()).toBe('429');
    now += 1;
    expect(await ask()).toBe('served');
    expect(await ask()).toBe('429');
    now += 60_000;
    expect(await askFive()).toEqual(fourOfFive);
  });

  test('is not limited without a setting', () => {
    const authenticate = (): Promise<never> => Promise.reject(new Error('x'));
    expect(rateLimited(authenticate, undefined)).toBe(authenticate);
  });
});

test('Buckets of many keys take no more memory than those of ten thousand', () => {
  const buckets = createBuckets(1, 0, () => 0);
  for (let at = 0; at < 10_001; at += 1) buckets.take(String(at));
  expect(['0', '1', '10000'].map((key) => buckets.isEmpty(key))).toEqual([false, true, true]);
});

test.each(['0', '-1', '1.5', 'x', '10000000'])('RATE_LIMIT=%s is refused', (text) => {
  expect(() => readSettings({ RATE_LIMIT: text })).toThrow('RATE_LIMIT');
});

describe('The server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fhir-rate-'));
  let server: RunningServer;
  let bearer: string;
  beforeAll(async () => {
    server = await startServer(
      readSettings({ PORT: '0', DATA_DIR: folder, RATE_LIMIT: '1' }),
      pino({ level: 'silent' }),
    );
    const user = userByName('practitioner');
    if (user === undefined) throw new Error('no practitioner');
    bearer = `Bearer ${signToken(readSignInKeys(folder), user, { issuer: signInIssuer(server.url) })}`;
  });
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Asks until it is refused: however slow the machine is, of many requests at once some are too many. */
  async function refusal(path: string, init: RequestInit = {}): Promise<Response> {
    for (;;) {
      const headers = { authorization: bearer };
      const asked = Array.from({ length: 20 }, () => fetch(`${server.url}${path}`, { ...init, headers }));
      const refused = (await Promise.all(asked)).find(({ status }) => status === 429);
      if (refused !== undefined) return refused;
    }
  }

  test('tells on REST that too much was asked, and when to come again', async () => {
    const answer = await refusal('/r4/Patient');
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(await answer.json()).toMatchObject({ resourceType: 'OperationOutcome', issue: [{ code: 'throttled' }] });
  });

  test('tells so on GraphQL', async () => {
    const body = JSON.stringify({ query: '{ __typename }' });
    const answer = await refusal('/r4/graphql', { method: 'POST', body });
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(await answer.json()).toMatchObject({ errors: [{ errorType: 'TooManyRequestsException' }] });
  });
});
