import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { fhirVersions, type FhirVersion } from '../../../fhir/version.js';
import { ended, kickOff, linesOf, type Manifest, manifestOf } from '../../support/jobs.js';
import { isOnDynamoDb, isOnS3, startTestServer, type TestServer } from '../../support/server.js';

const folder = mkdtempSync(join(tmpdir(), 'import-'));
const allowed = join(folder, 'in');
let server: TestServer;
let web: Server;
let webUrl: string;
/** What the web server gives, and how often it breaks off or fails first. */
const pages = new Map<string, { readonly text: string; failures: number; readonly ranges: boolean }>();
const asked: string[] = [];

beforeAll(async () => {
  web = createServer((request, response) => {
    const page = pages.get(request.url ?? '');
    const { range } = request.headers;
    asked.push(`${request.url ?? ''} ${range ?? ''}`.trim());
    if (request.url === '/in/slow') void slowly(response);
    else if (request.url === '/in/elsewhere') response.writeHead(302, { location: '/in/a.ndjson' }).end();
    else if (page === undefined) response.writeHead(404).end();
    else if (page.failures > 0) {
      page.failures -= 1;
      // Half of it comes, then the connection is lost.
      response.writeHead(200, { 'content-length': Buffer.byteLength(page.text) });
      response.write(page.text.slice(0, page.text.length / 2), () => response.destroy());
    } else {
      const from = page.ranges && range !== undefined ? Number(/\d+/.exec(range)?.[0]) : 0;
      response.writeHead(from > 0 ? 206 : 200).end(Buffer.from(page.text).subarray(from));
    }
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  webUrl = `http://127.0.0.1:${String((web.address() as AddressInfo).port)}/in/`;
  mkdirSync(allowed);
  const importer = { subject: 'importer', username: 'importer', groups: [], clientId: 'importer', isApplication: true };
  server = await startTestServer({
    authorization: 'roles+smart',
    principals: {
      importer: { ...importer, scopes: ['system/*.cruds'] },
      'importer-reads': { ...importer, scopes: ['system/*.rs'] },
    },
    jobs: {
      importSources: [`${pathToFileURL(allowed).href}/`, webUrl, 'https://in.example.org/in/'],
      importSizes: { lines: 3, step: 6, longest: 5_000 },
      limits: { mostOfCaller: 50, mostOfAll: 50 },
      space: { pause: 1 },
    },
  });
});
afterAll(async () => {
  await server.close();
  web.closeAllConnections();
  web.close();
  rmSync(folder, { recursive: true });
  expect(server.logged).toEqual([]);
});

/** What comes of a slow file, what comes when it is let go on, and when who reads it goes; it does not end by itself. */
const slow = { first: '', rest: '', goOn: Promise.resolve(), left: (): void => undefined };
async function slowly(response: ServerResponse): Promise<void> {
  response.on('close', () => {
    slow.left();
  });
  response.writeHead(200).write(slow.first);
  await slow.goOn;
  response.write(slow.rest);
}

const patient = (id: string, more: object = {}): object => ({ resourceType: 'Patient', id, active: true, ...more });
const ndjson = (...lines: readonly (object | string)[]): string =>
  lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('');
let files = 0;
function file(...lines: readonly (object | string)[]): string {
  const path = join(allowed, `file-${String((files += 1))}.ndjson`);
  writeFileSync(path, ndjson(...lines));
  return pathToFileURL(path).href;
}
const bodyOf = (urls: readonly (readonly [type: string, url: string])[], more: readonly object[] = []): object => ({
  resourceType: 'Parameters',
  parameter: [
    { name: 'inputFormat', valueCode: 'application/fhir+ndjson' },
    { name: 'inputSource', valueUri: 'https://other.example.org' },
    { name: 'storageDetail', part: [{ name: 'type', valueCode: 'file' }] },
    ...urls.map(([type, url]) => ({
      name: 'input',
      part: [
        { name: 'type', valueCode: type },
        { name: 'url', valueUri: url },
      ],
    })),
    ...more,
  ],
});

interface Imported {
  readonly manifest: Manifest;
  readonly counts: readonly number[];
  readonly errors: readonly (string | undefined)[];
}

async function imported(version: FhirVersion, body: object, as = 'practitioner'): Promise<Imported> {
  const job = await kickOff(server, version, '$import', { body, as });
  const manifest = await manifestOf(job);
  const outcomes = (await linesOf(job, manifest.error)) as unknown as { issue: { diagnostics?: string }[] }[];
  return {
    manifest,
    counts: manifest.output.map(({ count }) => count),
    errors: outcomes.map(({ issue }) => issue[0]?.diagnostics),
  };
}

describe.each(fhirVersions)('$import, %s', (version) => {
  const read = (path: string) => server.send('GET', `/${version}/${path}`);
  /** What a job writes is searched for when the stream brought it, where there is one. */
  const searchesFind = async (path: string, total: number): Promise<void> => {
    let found;
    do found = (await read(path)).json.total;
    while (isOnDynamoDb && found !== total);
    expect(found).toBe(total);
  };

  test('stores the resources of files under their ids, and says how many', async () => {
    const patients = file(...Array.from({ length: 20 }, (_, at) => patient(`i-${String(at)}`)));
    const organizations = file({ resourceType: 'Organization', id: 'i-org', name: 'ä€😀' });
    const { manifest, counts, errors } = await imported(
      version,
      bodyOf([
        ['Patient', patients],
        ['Organization', organizations],
      ]),
    );
    expect([counts, errors]).toEqual([[20, 1], []]);
    expect(manifest.request).toBe(`${server.base(version)}/$import`);
    expect(manifest.output).toEqual([
      { type: 'OperationOutcome', inputUrl: patients, count: 20 },
      { type: 'OperationOutcome', inputUrl: organizations, count: 1 },
    ]);
    expect((await read('Patient/i-19')).json.meta.versionId).toBe('1');
    expect((await read('Organization/i-org')).text).toContain('"name":"ä€😀"');
  });

  test('takes what a link inside the sources leads to, and nothing outside of them', async () => {
    const outside = join(folder, `secret-${version}.ndjson`);
    writeFileSync(outside, ndjson(patient('linked-out')));
    const inside = file(patient('linked-in'));
    for (const [name, to] of [
      ['out', outside],
      ['in', fileURLToPath(inside)],
      ['folder', folder],
    ] as const) {
      symlinkSync(to, join(allowed, `${name}-${version}`));
    }
    const urlOf = (path: string): string => pathToFileURL(join(allowed, path)).href;
    expect((await imported(version, bodyOf([['Patient', urlOf(`in-${version}`)]]))).counts).toEqual([1]);
    for (const path of [`out-${version}`, `folder-${version}/secret-${version}.ndjson`]) {
      const job = await kickOff(server, version, '$import', { body: bodyOf([['Patient', urlOf(path)]]) });
      const { status, json } = await ended(job);
      expect([status, json.issue[0].diagnostics]).toEqual([500, `There is no file ${urlOf(path)}`]);
    }
    expect((await read('Patient/linked-out')).status).toBe(404);
  });

  test('done again changes nothing; what is different is a new version', async () => {
    const url = file(patient('again', { multipleBirthInteger: 1 }), patient('other'));
    for (const counts of [[2], [2]])
      expect((await imported(version, bodyOf([['Patient', url]]))).counts).toEqual(counts);
    expect((await read('Patient/again')).json.meta.versionId).toBe('1');
    await imported(version, bodyOf([['Patient', file(patient('again', { multipleBirthInteger: 2 }))]]));
    expect((await read('Patient/again')).json.meta.versionId).toBe('2');
    const stored = JSON.parse((await read('Patient/again')).text) as object;
    await imported(version, bodyOf([['Patient', file(stored)]]));
    expect((await read('Patient/again')).json.meta.versionId).toBe('2');
  });

  test('passes over lines that are wrong and says of each what is, by its number', async () => {
    const url = file(
      patient('w-1'),
      '{"resourceType":"Patient",',
      patient('w-2', { gender: 'unknowable' }),
      '',
      { resourceType: 'Organization', id: 'w-3', name: 'x' },
      { resourceType: 'Patient' },
      patient('not an id'),
      `{"resourceType":"Patient","id":"w-4","language":"${'x'.repeat(6_000)}"}`,
      '[]',
      patient('w-5'),
      patient('w-6'),
    );
    const { counts, errors, manifest } = await imported(version, bodyOf([['Patient', url]]));
    expect(counts).toEqual([3]);
    expect(errors.map((error) => /^Line \d+/.exec(error ?? '')?.[0])).toEqual(
      [2, 3, 5, 6, 7, 8, 9].map((number) => `Line ${String(number)}`),
    );
    expect(manifest.error.map(({ type }) => type).every((type) => type === 'OperationOutcome')).toBe(true);
    expect(manifest.error[0]).toMatchObject({ inputUrl: url });
    expect((await read('Patient/w-6')).status).toBe(200);
    expect((await read('Patient/w-2')).status).toBe(404);
  });

  test('takes UTF-8 only, with a byte order mark or without: nothing is stored with other letters than were sent', async () => {
    const url = file('');
    const line = (id: string, name: string, encoding: BufferEncoding): Buffer =>
      Buffer.from(ndjson(patient(id, { name: [{ family: name }] })), encoding);
    const lines = [line('e-1', 'Müller', 'latin1'), line('e-2', 'Müller', 'utf8'), line('e-3', 'Müller', 'utf16le')];
    writeFileSync(new URL(url), Buffer.concat([Buffer.from('\ufeff'), line('e-0', 'Özil', 'utf8'), ...lines]));
    const { counts, errors } = await imported(version, bodyOf([['Patient', url]]));
    expect([counts, errors.slice(0, 1)]).toEqual([[2], ['Line 2: The line is not valid UTF-8']]);
    expect((await read('Patient/e-1')).status).toBe(404);
    expect((await read('Patient/e-0')).text).toContain('"Özil"');
    expect((await read('Patient/e-2')).text).toContain('"Müller"');
  });

  test('makes references by criteria the one match, as any write; without one the line is passed over', async () => {
    const clinic = {
      resourceType: 'Organization',
      id: 'c-1',
      name: 'C',
      identifier: [{ system: 'urn:c', value: '1' }],
    };
    const managed = patient('c-p', { managingOrganization: { reference: 'Organization?identifier=urn:c|1' } });
    const patients = bodyOf([['Patient', file(managed, patient('c-q'))]]);
    const first = await imported(version, patients);
    expect([first.counts, first.errors]).toEqual([
      [1],
      ['Line 1: No Organization matches the reference "Organization?identifier=urn:c|1"'],
    ]);
    expect((await read('Patient/c-p')).status).toBe(404);
    await imported(version, bodyOf([['Organization', file(clinic)]]));
    await searchesFind('Organization?identifier=urn:c%7C1', 1);
    for (let again = 0; again < 2; again += 1) expect((await imported(version, patients)).counts).toEqual([2]);
    expect((await read('Patient/c-p')).json).toMatchObject({
      managingOrganization: { reference: 'Organization/c-1' },
      meta: { versionId: '1' },
    });
  });

  test('of one resource twice in a file, the later line counts', async () => {
    const lines = Array.from({ length: 8 }, (_, at) => patient('twice', { multipleBirthInteger: at + 1 }));
    await imported(version, bodyOf([['Patient', file(...lines)]]));
    expect((await read('Patient/twice')).json).toMatchObject({ multipleBirthInteger: 8, meta: { versionId: '8' } });
  });

  test('with conditionalCreate takes resources without an id, each identifier once', async () => {
    const identified = (value: string): object => ({
      resourceType: 'Patient',
      identifier: [{ system: 'urn:mrn', value: `a,b|${value}` }],
    });
    const url = file(identified('1'), identified('2'), { resourceType: 'Patient', active: false });
    const more = [{ name: 'conditionalCreate', valueBoolean: true }];
    for (let again = 0; again < 2; again += 1) {
      const { counts, errors } = await imported(version, bodyOf([['Patient', url]], more));
      expect([counts, errors]).toEqual([
        [2],
        [expect.stringContaining('Line 3: A Patient that is imported needs an id')],
      ]);
    }
    await searchesFind('Patient?identifier=urn:mrn%7C', 2);
  });

  test('reads from the web, goes on where a connection was lost, and follows no redirect', async () => {
    for (const ranges of [true, false]) {
      const lines = Array.from({ length: 30 }, (_, at) =>
        patient(`web-${String(at)}`, { multipleBirthBoolean: ranges }),
      );
      pages.set('/in/a.ndjson', { text: ndjson(...lines), failures: 2, ranges });
      asked.length = 0;
      const { counts, errors } = await imported(version, bodyOf([['Patient', `${webUrl}a.ndjson`]]));
      expect([counts, errors]).toEqual([[30], []]);
      expect(asked.slice(0, 2)).toEqual(['/in/a.ndjson bytes=0-0', '/in/a.ndjson']); // its size, and all of it
      expect(asked.at(-1)).toMatch(/^\/in\/a\.ndjson bytes=\d+-$/);
      expect((await read('Patient/web-29')).json.meta.versionId).toBe(ranges ? '1' : '2');
    }
    for (const name of ['elsewhere', 'nothing']) {
      const job = await kickOff(server, version, '$import', { body: bodyOf([['Patient', `${webUrl}${name}`]]) });
      const failed = await ended(job);
      expect([failed.status, failed.json.issue[0].diagnostics]).toEqual([
        500,
        expect.stringContaining('cannot be read'),
      ]);
    }
  });

  test('that is cancelled stops after the lines under way', async () => {
    const lines = Array.from({ length: 60 }, (_, at) => patient(`stop-${String(at)}`));
    let goOn = (): void => undefined;
    const left = new Promise<void>((resolve) => {
      Object.assign(slow, { first: ndjson(...lines.slice(0, 4)), rest: ndjson(...lines.slice(4)), left: resolve });
    });
    slow.goOn = new Promise((resolve) => (goOn = resolve));
    const job = await kickOff(server, version, '$import', { body: bodyOf([['Patient', `${webUrl}slow`]]) });
    while ((await read('Patient/stop-2')).status !== 200) await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await server.send('DELETE', job.url)).status).toBe(202);
    goOn();
    await left;
    expect((await read('Patient/stop-12')).status).toBe(404);
    expect((await read('Patient/stop-59')).status).toBe(404);
  });

  test('tells of wrong lines to tokens that may write as the one that began it, to no narrower one', async () => {
    const wrong = { resourceType: 'Patient', id: 'told', gender: 'secret' };
    const job = await kickOff(server, version, '$import', { body: bodyOf([['Patient', file(wrong)]]), as: 'importer' });
    const [error] = (await manifestOf(job)).error;
    for (const [as, status] of [
      ['importer', 200],
      ['importer-reads', 403],
      ['practitioner', 404],
    ] as const) {
      for (const url of [job.url, ...(isOnS3 ? [] : [error?.url ?? ''])])
        expect((await server.send('GET', url, { as })).status).toBe(status);
    }
  });

  test('writes with the rights of who began it, looked at for each resource', async () => {
    const url = file(patient('p2', { gender: 'male' }));
    for (const as of ['patient-1', 'auditor', 'operator', 'nobody']) {
      expect((await kickOff(server, version, '$import', { body: bodyOf([['Patient', url]]), as })).answer.status).toBe(
        403,
      );
    }
    expect((await read('Patient/p2')).status).toBe(404);
  });

  test('takes the JSON of the proposal as well', async () => {
    const url = file(patient('json'));
    const body = {
      inputFormat: 'application/fhir+ndjson',
      inputSource: 'https://other.example.org',
      storageDetail: { type: 'file' },
      input: [{ type: 'Patient', url }],
    };
    expect((await imported(version, body)).counts).toEqual([1]);
  });

  const somewhere = pathToFileURL(join(folder, 'secret.ndjson')).href;
  test.each<[string, object, string]>([
    ['a file beside the sources', bodyOf([['Patient', somewhere]]), 'Parameters.parameter[3]'],
    [
      'a way out of them',
      bodyOf([['Patient', `${pathToFileURL(allowed).href}/../secret.ndjson`]]),
      'Parameters.parameter[3]',
    ],
    [
      'an encoded one',
      bodyOf([['Patient', `${pathToFileURL(allowed).href}/%2e%2e/secret.ndjson`]]),
      'Parameters.parameter[3]',
    ],
    [
      'a way out that another server may see',
      bodyOf([['Patient', 'https://in.example.org/in/..%2fsecret.ndjson']]),
      'Parameters.parameter[3]',
    ],
    ['another server', bodyOf([['Patient', 'http://169.254.169.254/in/x']]), 'Parameters.parameter[3]'],
    ['no url', bodyOf([['Patient', 'x']]), 'Parameters.parameter[3]'],
    ['no file', bodyOf([]), 'input'],
    [
      'another storage',
      {
        ...bodyOf([]),
        parameter: [
          { name: 'inputFormat', valueString: 'ndjson' },
          { name: 'storageDetail', part: [{ name: 'type', valueCode: 'azure-blob' }] },
        ],
      },
      'Parameters.parameter[1]',
    ],
    [
      'another format',
      { resourceType: 'Parameters', parameter: [{ name: 'inputFormat', valueString: 'text/csv' }] },
      'inputFormat',
    ],
    ['no format', { resourceType: 'Parameters' }, 'inputFormat'],
    ['what it does not know', bodyOf([], [{ name: 'mode', valueString: 'x' }]), 'Parameters.parameter[3]'],
  ])('is refused: %s', async (_, body, place) => {
    const { answer } = await kickOff(server, version, '$import', { body });
    expect([answer.status, answer.json.issue[0].expression]).toEqual([400, [place]]);
  });

  test('must be asked for with Prefer: respond-async, by POST', async () => {
    const body = bodyOf([['Patient', file(patient('x'))]]);
    expect((await server.send('POST', `/${version}/$import`, { body })).status).toBe(400);
    expect((await kickOff(server, version, '$import')).answer.status).toBe(405);
  });
});
