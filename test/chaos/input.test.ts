import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import { rawRequest, restRequest } from './support/rest-requests.js';
import { chanceOf, runs, seed } from './support/seed.js';
import { type RawAnswer, type ServerProcess, startServerProcess } from './support/server-process.js';
import { storm } from './support/storm.js';

// Whatever is sent to the built server, it answers, and nothing fails but the request.

let server: ServerProcess;
let token: string;
beforeAll(async () => {
  server = await startServerProcess();
  token = server.token('practitioner');
});
afterAll(() => server.close());

const wrongWith = ({ status, body }: RawAnswer): string | undefined =>
  status === 0 || (status >= 500 && status !== 501) ? `${String(status)} ${body.toString().slice(0, 300)}` : undefined;

test(`requests of REST made of anything (CHAOS_SEED=${String(seed)})`, async () => {
  const definitions = { r4: await loadDefinitions('r4'), stu3: await loadDefinitions('stu3') };
  function* requests(): Generator<Buffer> {
    for (let at = 0; at < 300 * runs; at += 1) yield restRequest(chanceOf('rest', at), definitions, token);
  }
  const found = await storm(server, requests(), wrongWith);
  const slowest = found.slowest.slice(0, 3).map(({ cpu, request }) => `${cpu.toFixed(0)} ms ${request.slice(0, 160)}`);
  const megabytes = (found.rss / 2 ** 20).toFixed(0);
  process.stdout.write(
    `CHAOS_SEED=${String(seed)} ${JSON.stringify(found.statuses)} ${megabytes} MB\n${slowest.join('\n')}\n`,
  );
  expect(found.failures).toEqual([]);
  expect(server.printed()).not.toContain('"level":50');
});

describe('searches that would hold everybody up', () => {
  const numbers = (count: number): string => Array.from({ length: count }, (_, at) => String(at)).join(',');
  test.each([
    ['values looked up in all types', '', `_id=${numbers(50_000)}`, 413],
    ['values looked up in all types that a link leads to', '/Observation', `focus._id=${numbers(20_000)}`, 413],
    ['roots of a hierarchy', '/Location', `partof:below=${numbers(20_000)}`, 200],
    ['a URL above which there may be very much', '/ValueSet', `url:above=${'a/'.repeat(500_000)}`, 413],
    ['a long URL above which there may be much', '/ValueSet', `url:above=${'a/'.repeat(45_000)}`, 200],
  ])('%s', async (_, path, form, status) => {
    const answer = await server.send(
      rawRequest({
        method: 'POST',
        target: `/r4${path}/_search`,
        headers: [
          ['Authorization', `Bearer ${token}`],
          ['Content-Type', 'application/x-www-form-urlencoded'],
        ],
        body: Buffer.from(form),
      }),
    );
    expect(answer.status).toBe(status);
  });
});
