import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { findInputFiles } from '../../local/load/input-file.js';
import { loadFiles } from '../../local/load/load-files.js';
import type { Target } from '../../local/load/post.js';
import { LoadReport } from '../../local/load/report.js';

interface Entry {
  readonly resource?: { readonly resourceType: string; readonly id?: string };
  readonly request: { readonly method: string; readonly url: string };
}
interface Received {
  readonly text: string;
  readonly bundle: { readonly type: string; readonly entry: readonly Entry[] };
  readonly authorization: string | undefined;
}
type Answer = (
  received: Received,
  count: number,
) => { status: number; body?: unknown; headers?: Record<string, string> } | 'hang up';

let folder: string;
let server: Server;
let base: string;
let received: Received[];
let answer: Answer;

/** A server that answers each entry well: 201 for POST, 200 for PUT. */
const wellDone: Answer = ({ bundle }) => ({
  status: 200,
  body: {
    resourceType: 'Bundle',
    type: `${bundle.type}-response`,
    entry: bundle.entry.map(({ request }) => ({
      response: { status: request.method === 'POST' ? '201 Created' : '200' },
    })),
  },
});

async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array));
  const text = Buffer.concat(chunks).toString('utf8');
  const bundle = JSON.parse(text) as Received['bundle'];
  const one = { text, bundle, authorization: request.headers.authorization };
  received.push(one);
  const what = answer(one, received.length);
  if (what === 'hang up') request.socket.destroy();
  else response.writeHead(what.status, what.headers).end(JSON.stringify(what.body ?? {}));
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'load-'));
  received = [];
  answer = wellDone;
  server = createServer((request, response) => void respond(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

const write = (name: string, content: unknown): string => {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content));
  return path;
};
const bundle = (type: string, ...entry: unknown[]): unknown => ({ resourceType: 'Bundle', type, entry });
const post = (type: string, ifNoneExist?: string): unknown => ({
  resource: { resourceType: type },
  request: { method: 'POST', url: type, ...(ifNoneExist === undefined ? {} : { ifNoneExist }) },
});
const put = (type: string, id: string): unknown => ({
  resource: { resourceType: type, id },
  request: { method: 'PUT', url: `${type}/${id}` },
});

async function load(options: { concurrency?: number; target?: Partial<Target> } = {}): Promise<LoadReport> {
  const report = new LoadReport();
  const target = { base: `${base}/r4`, token: 'a-token', firstWait: 1, ...options.target };
  await loadFiles(
    (await findInputFiles([folder])).map((file) => ({ file, version: 'r4' })),
    {
      targets: { r4: target, stu3: target },
      concurrency: options.concurrency ?? 4,
      report,
      progress: { done: () => undefined, step: () => undefined },
    },
  );
  return report;
}

describe('a transaction or batch', () => {
  test('is posted as its text stands, with the token', async () => {
    const text =
      '{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Observation",\n"valueQuantity":{"value":1.00}},"request":{"method":"POST","url":"Observation"}}]}';
    write('one.json', text);
    const report = await load();
    expect(received.map((one) => one.text)).toEqual([text]);
    expect(received[0]?.authorization).toBe('Bearer a-token');
    expect(report.counts.get('Observation')).toEqual({ created: 1, other: 0, failed: 0 });
    expect(report.failureCount).toBe(0);
  });

  test('may be zipped, and may begin with a byte order mark', async () => {
    write('one.json.gz', gzipSync(`\uFEFF${JSON.stringify(bundle('batch', post('Patient')))}`));
    expect((await load()).counts.get('Patient')?.created).toBe(1);
  });

  test('counts each entry of its answer by itself, with the reasons of those that failed', async () => {
    write('one.json', bundle('batch', post('Patient'), put('Patient', 'a'), post('Observation')));
    answer = () => ({
      status: 200,
      body: bundle(
        'batch-response',
        { response: { status: '201 Created' } },
        { response: { status: '200 OK' } },
        {
          response: {
            status: '422 Unprocessable Entity',
            outcome: {
              resourceType: 'OperationOutcome',
              issue: [{ code: 'invalid', diagnostics: 'no status', expression: ['Observation.status'] }],
            },
          },
        },
      ),
    });
    const report = await load();
    expect(report.counts.get('Patient')).toEqual({ created: 1, other: 1, failed: 0 });
    expect(report.failures).toEqual([
      {
        file: 'one.json',
        place: 'entry 2',
        type: 'Observation',
        status: '422 Unprocessable Entity',
        reasons: ['no status (Observation.status)'],
      },
    ]);
    expect(report.render(1000)).toContain('one.json, entry 2 (Observation): 422 Unprocessable Entity\n    no status');
  });

  test('entries the answer does not speak of count as failed', async () => {
    write('one.json', bundle('batch', post('Patient'), post('Patient')));
    answer = () => ({ status: 200, body: bundle('batch-response', { response: { status: '201' } }) });
    const report = await load();
    expect(report.counts.get('Patient')).toEqual({ created: 1, other: 0, failed: 1 });
    expect(report.failures[0]?.reasons).toEqual(['the server said nothing about it']);
  });

  test('refused as a whole is one failure with the outcome’s reasons, never sent again', async () => {
    write('one.json', bundle('transaction', post('Patient'), post('Observation')));
    answer = () => ({
      status: 400,
      body: {
        resourceType: 'OperationOutcome',
        issue: [{ code: 'invalid', diagnostics: 'bad', expression: ['Bundle.entry[1]'] }],
      },
    });
    const report = await load();
    expect(received).toHaveLength(1);
    expect(report.failures).toEqual([
      { file: 'one.json', place: 'the file', status: '400', reasons: ['bad (Bundle.entry[1])'] },
    ]);
    expect(report.counts.get('Patient')?.failed).toBe(1);
  });
});

describe('sending again', () => {
  test.each([429, 503, 409])('happens after %i, which says that nothing was done', async (status) => {
    write('one.json', bundle('transaction', post('Patient')));
    answer = (one, count) => (count < 3 ? { status, headers: { 'Retry-After': '0' } } : wellDone(one, count));
    const report = await load();
    expect(received).toHaveLength(3);
    expect(report.failureCount).toBe(0);
  });

  test('waits as long as Retry-After asks', async () => {
    write('one.json', bundle('transaction', post('Patient')));
    answer = (one, count) => (count < 2 ? { status: 429, headers: { 'Retry-After': '0.3' } } : wellDone(one, count));
    const started = performance.now();
    await load();
    expect(performance.now() - started).toBeGreaterThan(280);
  });

  test('ends after the retries', async () => {
    write('one.json', bundle('transaction', post('Patient')));
    answer = () => ({ status: 503 });
    const report = await load({ target: { retries: 2 } });
    expect(received).toHaveLength(3);
    expect(report.failures[0]?.status).toBe('503');
  });

  test.each([500, 502, 504, 'hang up' as const])(
    'never happens after %s for a bundle that would create twice: the report says to look',
    async (what) => {
      write('one.json', bundle('transaction', put('Patient', 'a'), post('Observation')));
      answer = () => (what === 'hang up' ? what : { status: what });
      const report = await load();
      expect(received).toHaveLength(1);
      expect(report.failures[0]?.reasons.join()).toContain('it may have been done');
    },
  );

  test.each([500, 502, 504, 'hang up' as const])(
    'happens after %s for a bundle of PUTs and conditional creates',
    async (what) => {
      write('one.json', bundle('transaction', put('Patient', 'a'), post('Organization', 'identifier=a|b')));
      answer = (one, count) => (count > 1 ? wellDone(one, count) : what === 'hang up' ? what : { status: what });
      const report = await load();
      expect(received).toHaveLength(2);
      expect(report.failureCount).toBe(0);
    },
  );

  test('is given up for all files at once when nobody is there, or the token does not count', async () => {
    for (let index = 0; index < 9; index += 1) write(`${String(index)}.json`, bundle('transaction', post('Patient')));
    answer = () => ({
      status: 401,
      body: { resourceType: 'OperationOutcome', issue: [{ diagnostics: 'The token expired' }] },
    });
    const refused = await load({ concurrency: 2 });
    expect(received).toHaveLength(2);
    expect(refused.failures.map(({ file, place }) => `${file}: ${place}`)).toContain('7 more files: not tried');
    const free = createServer();
    await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
    const { port } = free.address() as AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    const nobody = await load({ concurrency: 1, target: { base: `http://127.0.0.1:${String(port)}/r4`, retries: 1 } });
    expect(nobody.failures[0]?.reasons.join()).toContain('ECONNREFUSED');
    expect(nobody.failures[1]?.file).toBe('8 more files');
  });
});

describe('the order', () => {
  test('is hospitals, practitioners, other batches, then the rest, each stage done before the next begins', async () => {
    mkdirSync(join(folder, 'deeper'));
    write('deeper/Aaron.json', bundle('transaction', post('Patient')));
    write('Zoe.json', bundle('transaction', post('Patient')));
    write('directory.json', bundle('batch', post('Location')));
    write('practitionerInformation1.json', bundle('batch', post('Practitioner')));
    write('hospitalInformation1.json', bundle('batch', post('Organization')));
    let underway = 0;
    let together = 0;
    answer = (one, count) => {
      underway += 1;
      together = Math.max(together, underway);
      underway -= 1;
      return wellDone(one, count);
    };
    await load();
    const types = received.map((one) => one.bundle.entry[0]?.request.url);
    expect(types).toEqual(['Organization', 'Practitioner', 'Location', 'Patient', 'Patient']);
    expect(together).toBe(1);
  });

  test('posts no more at once than it may', async () => {
    for (let index = 0; index < 12; index += 1) write(`${String(index)}.json`, bundle('transaction', post('Patient')));
    let underway = 0;
    let most = 0;
    server.removeAllListeners('request');
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      underway += 1;
      most = Math.max(most, underway);
      setTimeout(() => {
        underway -= 1;
        void respond(request, response);
      }, 20);
    });
    await load({ concurrency: 3 });
    expect(received).toHaveLength(12);
    expect(most).toBe(3);
  });
});

describe('resources', () => {
  test('of NDJSON go in batches, each under its id or as a new one, decimals with their digits', async () => {
    const lines = Array.from(
      { length: 450 },
      (_, index) =>
        `{"resourceType":"Observation","id":"o-${String(index)}","valueQuantity":{"value":1.${'0'.repeat(index % 3)}5}}`,
    );
    write('Observation.ndjson', `${lines.join('\n')}\n\n{"resourceType":"Patient"}\n`);
    const report = await load();
    expect(report.counts.get('Observation')).toEqual({ created: 0, other: 450, failed: 0 });
    expect(report.counts.get('Patient')).toEqual({ created: 1, other: 0, failed: 0 });
    const entries = received.flatMap((one) => one.bundle.entry);
    expect(entries.map(({ request }) => `${request.method} ${request.url}`)).toContain('PUT Observation/o-449');
    expect(entries).toHaveLength(451);
    for (const one of received) {
      expect(one.bundle.type).toBe('batch');
      expect(one.bundle.entry.length).toBeLessThanOrEqual(200);
    }
    const sent = received.map((one) => one.text).join();
    for (const line of lines) expect(sent).toContain(line);
  });

  test('a line that is a transaction or a batch is posted as it is', async () => {
    const inside = bundle('transaction', post('Patient'), put('Group', 'g'));
    write('x.ndjson', ['{"resourceType":"Patient","id":"a"}', JSON.stringify(inside)].join('\n'));
    const report = await load();
    expect(report.failureCount).toBe(0);
    expect(received.map((one) => [one.bundle.type, one.bundle.entry.length])).toEqual([
      ['batch', 1],
      ['transaction', 2],
    ]);
  });

  test('of a line that is none are reported with its number; the others are loaded', async () => {
    write('x.ndjson', '{"resourceType":"Patient","id":"a"}\nrubbish\n{"id":"b"}\n{"resourceType":"Patient","id":"c"}');
    const report = await load();
    expect(report.counts.get('Patient')?.other).toBe(2);
    expect(report.failures.map(({ place }) => place)).toEqual(['line 2', 'line 3']);
  });

  test('that come twice are written in their order, never in one batch', async () => {
    write(
      'x.ndjson',
      ['a', 'b', 'a', 'c']
        .map((id, index) => `{"resourceType":"Patient","id":"${id}","multipleBirthInteger":${String(index)}}`)
        .join('\n'),
    );
    await load();
    const batches = received.map((one) => one.bundle.entry.map(({ resource }) => resource?.id));
    expect(batches).toEqual([
      ['a', 'b'],
      ['a', 'c'],
    ]);
  });

  test('of a zipped NDJSON that breaks off are not passed over in silence', async () => {
    const zipped = gzipSync(
      Array.from({ length: 3000 }, (_, index) => `{"resourceType":"Patient","id":"p${String(index * 7919)}"}`).join(
        '\n',
      ),
    );
    write('x.ndjson.gz', zipped.subarray(0, zipped.length - 200));
    const report = await load();
    expect(report.failures.at(-1)).toMatchObject({ file: 'x.ndjson.gz', place: 'the file' });
    expect(report.failures.at(-1)?.reasons[0]).toContain('cannot be read');
  });

  test('one in a file, or those of a collection, are loaded alike', async () => {
    write('patient.json', '{"resourceType":"Patient","id":"a"}');
    write(
      'all.json',
      '{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Observation","id":"o","valueQuantity":{"value":2.50}}}]}',
    );
    const report = await load();
    expect(report.counts.get('Patient')?.other).toBe(1);
    expect(report.counts.get('Observation')?.other).toBe(1);
    expect(received.map((one) => one.text).join()).toContain('"value":2.50');
  });

  test.each([
    ['[]', 'no resourceType'],
    ['{"resourceType":"Bundle","type":"history","entry":[]}', 'a Bundle of type "history" says nothing to load'],
    ['{"resourceType":', 'JSON'],
  ])('of %s are none, and the report says why', async (text, why) => {
    write('x.json', text);
    const report = await load();
    expect(report.failureCount).toBe(1);
    expect(report.failures[0]?.reasons[0]).toContain(why);
  });
});

describe('the command', () => {
  const run = (...args: string[]): Promise<{ code: number | null; out: string; err: string }> =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, ['--import', 'tsx', 'local/load.ts', ...args], {
        env: { ...process.env, NODE_OPTIONS: '', DATA_DIR: join(folder, 'no-data'), PORT: '', HOST: '' },
      });
      let [out, err] = ['', ''];
      child.stdout.on('data', (chunk) => (out += String(chunk)));
      child.stderr.on('data', (chunk) => (err += String(chunk)));
      child.on('close', (code) => {
        resolve({ code, out, err });
      });
    });

  test('says what it guessed, a line for each file, and a report; exit 0', async () => {
    write(
      'a.json',
      bundle('transaction', {
        resource: { resourceType: 'Observation', encounter: {} },
        request: { method: 'POST', url: 'Observation' },
      }),
    );
    write('b.json', bundle('transaction', post('Organization')));
    const { code, out, err } = await run(folder, '--base', base, '--token', 't');
    expect(err).toContain('2 of 2 files look like r4');
    expect(err).toMatch(/r4 {2}a\.json: 1 entries in \d+ ms, ok/);
    expect(out).toMatch(/Observation +1 +0 +0/);
    expect(out).toMatch(/2 entries in .* entries\/s/);
    expect(code).toBe(0);
  });

  test('exit 1 when anything failed, or nothing tells the version', async () => {
    write('b.json', bundle('transaction', post('Organization')));
    const untold = await run(folder, '--base', base, '--token', 't');
    expect(untold.code).toBe(1);
    expect(untold.out).toContain('say --to r4 or --to stu3');
    expect(received).toHaveLength(0);
    answer = () => ({ status: 422, body: { resourceType: 'OperationOutcome', issue: [{ diagnostics: 'no name' }] } });
    const refused = await run(join(folder, 'b.json'), '--base', `${base}/stu3`, '--token', 't');
    expect(refused.code).toBe(1);
    expect(refused.out).toContain('no name');
  });

  test.each([
    [[], 'Name a file or a folder'],
    [['/no/such/path'], '/no/such/path cannot be read'],
    [['.', '--to', 'r5'], '--to is "r5": it may be r4 or stu3'],
    [['.', '--concurrency', '0'], '--concurrency is "0"'],
    [['.', '--tenant', 'a', '--token', 't'], '--token says itself of which tenant it is'],
    [['.', '--base', 'nowhere'], '--base is "nowhere"'],
    [['.', '--what'], 'Unknown option'],
  ])('%j is refused with a sentence and the usage', async (args, sentence) => {
    const { code, err } = await run(...args);
    expect(code).toBe(1);
    expect(err).toContain(sentence);
    expect(err).toContain('Usage: npm run load');
  });
});
