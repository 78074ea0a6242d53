import { afterEach, describe, expect, test } from '@jest/globals';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectRealtime } from '../support/realtime-client.js';

const folders: string[] = [];
const children: ChildProcess[] = [];
const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'fhir-start-'));
  folders.push(made);
  return made;
};
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
});

interface Started {
  readonly child: ChildProcess;
  /** Everything it printed so far. */
  output(): string;
  readonly ended: Promise<number | null>;
}

/** Root may write everywhere: the server then runs as nobody, with folders that are nobody's. */
const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
const nobodyCanRun = spawnSync(process.execPath, ['--check', 'dist/main.js'], nobody).status === 0;

function start(environment: Record<string, string>, as: { uid?: number; gid?: number } = {}): Started {
  const child = spawn(process.execPath, ['dist/main.js'], {
    ...as,
    env: { ...process.env, NODE_OPTIONS: '', HOST: '127.0.0.1', PORT: '0', AUTH: 'off', ...environment },
  });
  children.push(child);
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  return { child, output: () => printed, ended: once(child, 'close').then(([code]) => code as number | null) };
}

/** The whole answer to bytes sent as they are. */
async function answerTo(url: string, request: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.write(request);
  await once(socket, 'end');
  return text;
}

/** The URL it says it listens on. */
async function listening(started: Started): Promise<string> {
  for (let i = 0; i < 500; i += 1) {
    const [, port] = /listens on (?:http:\/\/)?127\.0\.0\.1(?::| port )(\d+)/.exec(started.output()) ?? [];
    if (port !== undefined) return `http://127.0.0.1:${port}`;
    if (started.child.exitCode !== null) break;
    await new Promise((done) => setTimeout(done, 20));
  }
  throw new Error(`It does not listen:\n${started.output()}`);
}

/** The status of a GET with these headers, `host` among them. */
const statusOf = (url: string, headers: Record<string, string>): Promise<number> =>
  new Promise((resolve, reject) => {
    get(url, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    }).on('error', reject);
  });

const patient = { resourceType: 'Patient', name: [{ family: 'Windsor' }] };
const post = (url: string): Promise<Response> =>
  fetch(`${url}/r4/Patient`, {
    method: 'POST',
    headers: { 'content-type': 'application/fhir+json' },
    body: JSON.stringify(patient),
  });

describe('PUBLIC_URL', () => {
  test('begins every link of REST, GraphQL and sign-in, whatever host a request names', async () => {
    const base = 'https://fhir.example.org/base';
    const url = await listening(start({ DATA_DIR: folder(), PUBLIC_URL: base }));
    expect((await post(url)).headers.get('location')).toMatch(`${base}/r4/Patient/`);
    const mutation = 'mutation { PatientCreate(res: {}) { location } }';
    const reply = await fetch(`${url}/r4/graphql`, { method: 'POST', body: JSON.stringify({ query: mutation }) });
    expect(await reply.text()).toContain(`${base}/r4/Patient/`);
  });
});

describe('AUTH=off', () => {
  test.each([
    ['a page of another site', { origin: 'https://evil.example' }],
    ['a page without an origin', { origin: 'null' }],
    ['a name made to point here', { host: 'evil.example' }],
  ])('refuses %s', async (_, headers) => {
    const url = await listening(start({ DATA_DIR: folder() }));
    for (const path of ['/r4/Patient', '/r4/metadata', '/r4/graphql', '/']) {
      expect(await statusOf(`${url}${path}`, headers)).toBe(403);
    }
    expect(await statusOf(`${url}/r4/Patient`, { origin: 'http://localhost:5173' })).toBe(200);
  });

  test('refuses the WebSocket of another site’s page, and takes one of this machine without a token', async () => {
    const url = await listening(start({ DATA_DIR: folder() }));
    const endpoint = `${url.replace('http', 'ws')}/r4/graphql/realtime`;
    await expect(connectRealtime(endpoint, { origin: 'https://evil.example' })).rejects.toThrow('403');
    const client = await connectRealtime(endpoint, { origin: 'http://localhost:5173' });
    expect(await client.start('1', 'subscription { onResourceChanged { id } }')).toMatchObject({ type: 'start_ack' });
    await post(url);
    expect(await client.next()).toMatchObject({ type: 'data', id: '1' });
    await client.close();
  });
});

test('a path where nothing is is answered with an OperationOutcome', async () => {
  const reply = await fetch(`${await listening(start({ DATA_DIR: folder() }))}/r5/Patient`);
  expect([reply.status, await reply.json()]).toMatchObject([404, { resourceType: 'OperationOutcome' }]);
});

describe('npm start', () => {
  test('serves REST and GraphQL of R4 and STU3, and a page that says what is where', async () => {
    const url = await listening(start({ DATA_DIR: folder() }));
    for (const version of ['r4', 'stu3']) {
      expect(await (await fetch(`${url}/${version}/metadata`)).json()).toMatchObject({
        resourceType: 'CapabilityStatement',
        fhirVersion: version === 'r4' ? '4.0.1' : '3.0.2',
      });
      const reply = await fetch(`${url}/${version}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: '{ PatientList { id } }' }),
      });
      expect(await reply.json()).toEqual({ data: { PatientList: [] } });
    }
    const console = await (await fetch(`${url}/`)).text();
    expect(console).toContain('href="./start"'); // for who has no JavaScript
    const page = await fetch(`${url}/start`);
    expect(page.headers.get('content-type')).toContain('text/html');
    const html = await page.text();
    for (const place of ['/r4', '/stu3', '/r4/graphql', '/stu3/graphql']) expect(html).toContain(`${url}${place}`);
  });

  test('says that AUTH=off lets everyone do everything', async () => {
    const started = start({ DATA_DIR: folder() });
    await listening(started);
    expect(started.output()).toContain('AUTH=off');
  });

  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s ends it with exit code 0 and what was written is there again',
    async (signal) => {
      const environment = { DATA_DIR: folder() };
      const first = start(environment);
      const created = await post(await listening(first));
      expect(created.status).toBe(201);
      const { id } = (await created.json()) as { id: string };
      first.child.kill(signal);
      expect(await first.ended).toBe(0);
      const url = await listening(start(environment));
      expect(await (await fetch(`${url}/r4/Patient/${id}`)).json()).toMatchObject(patient);
      expect(await (await fetch(`${url}/r4/Patient?family=windsor`)).json()).toMatchObject({ total: 1 });
    },
  );

  test('a write that was answered survives SIGKILL', async () => {
    const environment = { DATA_DIR: folder() };
    const first = start(environment);
    const { id } = (await (await post(await listening(first))).json()) as { id: string };
    first.child.kill('SIGKILL');
    await first.ended;
    const url = await listening(start(environment));
    expect((await fetch(`${url}/r4/Patient/${id}`)).status).toBe(200);
    expect(await (await fetch(`${url}/r4/Patient?family=windsor`)).json()).toMatchObject({ total: 1 });
  });
});

test('the embedded server loads no client of AWS or OpenSearch', async () => {
  const tell = `process.on('exit',()=>console.log('loaded',Object.keys(createRequire('file:///').cache).join()))`;
  const probe = `data:text/javascript,${encodeURIComponent(`import{createRequire}from'node:module';${tell}`)}`;
  const started = start({ DATA_DIR: folder(), NODE_OPTIONS: `--import ${probe}` });
  await listening(started);
  started.child.kill('SIGTERM');
  expect(await started.ended).toBe(0);
  expect(started.output()).toMatch(/loaded.*[/]pino[/]/);
  expect(started.output()).not.toMatch(/@aws-sdk|@smithy|@opensearch-project/);
});

describe('npm start ends with exit code 1 and one clear sentence', () => {
  const refused = async (environment: Record<string, string>, sentence: RegExp, as = {}): Promise<void> => {
    const started = start(environment, as);
    expect(await started.ended).toBe(1);
    expect(started.output()).toMatch(sentence);
    expect(started.output()).not.toMatch(/\n\s+at /);
  };

  test('when the port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const port = String((other.address() as AddressInfo).port);
    await refused({ DATA_DIR: folder(), PORT: port }, new RegExp(`${port}.*in use`));
    other.close();
  });

  test('when the data folder cannot be made', async () => {
    const file = join(folder(), 'file');
    writeFileSync(file, 'not a folder');
    await refused({ DATA_DIR: join(file, 'data') }, /DATA_DIR|folder/);
  });

  (nobodyCanRun ? test : test.skip)('when the data folder is not writable', async () => {
    const locked = folder();
    chmodSync(locked, 0o555);
    await refused({ DATA_DIR: locked }, /folder/, nobody);
  });

  test('when a file stands where the store should be', async () => {
    const data = folder();
    writeFileSync(join(data, 'store'), 'not a folder');
    await refused({ DATA_DIR: data }, /store/);
  });

  test.each([
    [
      'cut short',
      (file: string) => {
        truncateSync(file, 5000);
      },
    ],
    [
      'empty',
      (file: string) => {
        truncateSync(file, 0);
      },
    ],
    [
      'gone',
      (file: string) => {
        rmSync(file);
      },
    ],
    [
      'overwritten',
      (file: string) => {
        writeFileSync(file, 'this is no store'.repeat(4096));
      },
    ],
  ])('when the store is damaged: %s', async (_, damage) => {
    const environment = { DATA_DIR: folder() };
    const first = start(environment);
    await post(await listening(first));
    first.child.kill('SIGTERM');
    await first.ended;
    const store = join(environment.DATA_DIR, 'store');
    const main = readdirSync(store, { recursive: true, encoding: 'utf8' }).find((name) =>
      /data\.mdb$|\.mdb$/.test(name),
    );
    if (main === undefined) throw new Error(`no store file in ${readdirSync(store).join(', ')}`);
    damage(join(store, main));
    await refused(environment, /damaged|not a store|cannot be read/i);
  });

  test.each(['page.key', 'sign-in-cookies'])('when the secret %s is empty', async (name) => {
    const environment = { DATA_DIR: folder(), AUTH: 'on' };
    const first = start(environment);
    await listening(first);
    first.child.kill('SIGTERM');
    await first.ended;
    truncateSync(join(environment.DATA_DIR, name), 0);
    await refused(environment, new RegExp(`${name} is damaged`));
  });

  test('when PUBLIC_URL is no URL', async () => {
    await refused({ DATA_DIR: folder(), PUBLIC_URL: 'foo' }, /PUBLIC_URL/);
  });

  test('when another server holds the store', async () => {
    const environment = { DATA_DIR: folder() };
    await listening(start(environment));
    await refused(environment, /another|in use|already/i);
  });

  test('when DynamoDB or OpenSearch does not answer', async () => {
    const nowhere = { DYNAMODB_ENDPOINT: 'http://127.0.0.1:1', OPENSEARCH_ENDPOINT: 'http://127.0.0.1:1' };
    await refused(
      { DATA_DIR: folder(), ENGINES: 'aws', ...nowhere },
      /(DynamoDB|OpenSearch) cannot be used.*_ENDPOINT/,
    );
  });

  test('when a setting is wrong', async () => {
    mkdirSync(join(folder(), 'x'));
    await refused({ DATA_DIR: folder(), PORT: 'http' }, /PORT is "http"/);
    await refused({ DATA_DIR: folder(), HOST: '0.0.0.0' }, /AUTH=off.*loopback/);
  });
});

test.each([
  [
    'headers longer than it reads',
    `GET /r4/metadata HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(200_000)}\r\n\r\n`,
    431,
    'too-long',
  ],
  ['what is no HTTP', 'HELLO\r\n\r\n', 400, 'invalid'],
])('%s are answered with an OperationOutcome', async (_, request, status, code) => {
  const url = await listening(start({ DATA_DIR: folder() }));
  const answer = await answerTo(url, request);
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${String(status)} `));
  const body = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))) as {
    resourceType: string;
    issue: { code: string }[];
  };
  expect([body.resourceType, body.issue[0]?.code]).toEqual(['OperationOutcome', code]);
});

test('an error that nobody took ends it, and is told by name and place alone', async () => {
  const late = `data:text/javascript,process.on('SIGUSR2',()=>Promise.reject(new%20TypeError(process.env.SAID)))`;
  const started = start({ DATA_DIR: folder(), NODE_OPTIONS: `--import=${late}`, SAID: 'Mrs Secretly' });
  await listening(started);
  started.child.kill('SIGUSR2');
  expect(await started.ended).toBe(1);
  expect(started.output()).toContain('an error that nobody took ends the process');
  expect(started.output()).toContain('TypeError');
  expect(started.output()).not.toContain('Secretly');
});
