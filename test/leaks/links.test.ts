import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type FhirVersion, fhirVersions } from '../../fhir/version.js';
import { standardTenancy } from '../../interactions/tenancy.js';
import { isOnDynamoDb, startTestServer, type TestResponse, type TestServer } from '../support/server.js';

// Links to the contents of Binaries: who gets one, by which way, and what one does in the hands of whoever has it.

let server: TestServer;
/** By how much the server's clock is ahead, in milliseconds. */
let ahead = 0;
beforeAll(async () => {
  const application = (scope: string) => ({
    subject: scope,
    username: scope,
    clientId: 'app',
    groups: ['practitioner'],
    scopes: scope.split(' '),
  });
  server = await startTestServer({
    tenancy: standardTenancy,
    authorization: 'roles+smart',
    principals: {
      'binaries-only': application('user/Binary.cruds'),
      'no-binaries': application('user/Patient.cruds user/DocumentReference.cruds'),
    },
    wrap: (own) => ({ ...own, now: () => own.now() + ahead }),
    wrapTenant: (own) => ({ ...own, now: () => own.now() + ahead }),
  });
  for (const version of fhirVersions) await fill(version);
});
afterAll(async () => {
  await server.close();
  expect(server.logged).toEqual([]);
});

const fhir = { accept: 'application/fhir+json' };
const typed = { 'content-type': 'text/plain' };
const binaryOf = (patient: string): object => ({
  resourceType: 'Binary',
  id: `scan-${patient}`,
  contentType: 'text/plain',
  securityContext: { reference: `Patient/${patient}` },
});
const memberOf = (answer: TestResponse, name: string): string => String(Reflect.get(answer.json, name));

async function fill(version: FhirVersion): Promise<void> {
  for (const patient of ['p1', 'p2']) {
    await server.send('PUT', `/${version}/Patient/${patient}`, {
      as: 'practitioner@a',
      body: { resourceType: 'Patient', id: patient },
    });
    const written = await server.send('PUT', `/${version}/Binary/scan-${patient}`, {
      as: 'practitioner@a',
      body: binaryOf(patient),
    });
    const url = memberOf(written, 'presignedPutUrl');
    const put = await server.send('PUT', url, {
      as: null,
      headers: typed,
      body: `content of ${patient} in ${version}`,
    });
    expect(put.status).toBe(200);
  }
}

type Way = readonly [method: string, path: string, body?: object | undefined, headers?: Record<string, string>];

/** Every way that a Binary is answered by. */
const ways = (id: string): readonly Way[] => {
  const entry = [`Binary/${id}`, `Binary/${id}/_history/1`, `Binary?_id=${id}`].map((url) => ({
    request: { method: 'GET', url },
  }));
  return [
    ['GET', `Binary/${id}`, undefined, fhir],
    ['GET', `Binary/${id}`],
    ['HEAD', `Binary/${id}`],
    ['GET', `Binary/${id}/_history/1`, undefined, fhir],
    ['GET', `Binary/${id}/_history/1`],
    ['GET', `Binary/${id}/_history`, undefined, fhir],
    ['GET', 'Binary/_history', undefined, fhir],
    ['GET', '_history', undefined, fhir],
    ['GET', `Binary?_id=${id}`, undefined, fhir],
    ['GET', 'Patient/p2/$everything', undefined, fhir],
    ['GET', `Binary/${id}/$meta`, undefined, fhir],
    ['POST', '', { resourceType: 'Bundle', type: 'batch', entry }],
    [
      'POST',
      '$graphql',
      { query: `{ Binary(id: "${id}") { id contentType } }` },
      { 'content-type': 'application/json' },
    ],
  ];
};

/** What would give a link to put a content to. */
const writes = (id: string, version: FhirVersion): readonly Way[] => {
  const resource = binaryOf('p2');
  const tag = { resourceType: 'Parameters', parameter: [{ name: 'meta', valueMeta: { tag: [{ code: 'x' }] } }] };
  const entry = [{ resource, request: { method: 'PUT', url: `Binary/${id}` } }];
  return [
    ['PUT', `Binary/${id}`, resource],
    ['PUT', `Binary?_id=${id}`, resource],
    [
      'PATCH',
      `Binary/${id}`,
      [{ op: 'replace', path: '/contentType', value: 'text/html' }],
      { 'content-type': 'application/json-patch+json' },
    ],
    ['POST', `Binary/${id}/$meta-add`, tag],
    ['POST', '', { resourceType: 'Bundle', type: 'transaction', entry }, { prefer: 'return=representation' }],
    ...(version === 'r4'
      ? [['POST', '', { resourceType: 'Bundle', type: 'batch', entry }, { prefer: 'return=representation' }] as const]
      : []),
  ];
};

const hasLink = ({ text, headers }: TestResponse): boolean =>
  /(?:\$|%24)content|signature=/.test(`${text} ${headers.location ?? ''}`);
const others = [
  'patient-1@a',
  'auditor@a',
  'non-practitioner@a',
  'operator@a',
  'nobody@a',
  'binaries-only@a',
  'no-binaries@a',
  'practitioner@b',
];

(isOnDynamoDb ? describe.skip : describe).each(fhirVersions)('%s: a link to a content', (version) => {
  const ask = (as: string | null, [method, path, body, headers = {}]: Way) =>
    server.send(method, `/${version}/${path}`, {
      as,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/fhir+json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const linkOf = async (patient = 'p2'): Promise<string> =>
    (await server.send('GET', `/${version}/Binary/scan-${patient}`, { as: 'practitioner@a' })).headers.location ?? '';
  const get = (url: string, more: { method?: string; headers?: Record<string, string> } = {}): Promise<TestResponse> =>
    server.send(more.method ?? 'GET', url, { as: null, headers: more.headers ?? {} });

  test.each(others)('is given to nobody who may not read it: %s', async (as) => {
    for (const way of ways('scan-p2')) {
      const answer = await ask(as, way);
      expect([way, hasLink(answer), answer.text.includes('content of')]).toEqual([way, false, false]);
    }
  });

  test.each(others.filter((as) => as !== 'practitioner@b'))(
    'to put one to is given to nobody who may not write it: %s',
    async (as) => {
      for (const way of writes('scan-p2', version)) expect([way, hasLink(await ask(as, way))]).toEqual([way, false]);
      expect((await get(await linkOf())).text).toBe(`content of p2 in ${version}`);
    },
  );

  test('is given to who may read it, by each way that answers one Binary', async () => {
    for (const as of ['practitioner@a', 'patient-2@a']) {
      const answers = await Promise.all(ways('scan-p2').map((way) => ask(as, way)));
      expect(answers.map(hasLink).slice(0, 5)).toEqual([true, true, true, true, true]);
    }
    const [, , , , , ...lists] = ways('scan-p2');
    for (const way of lists) {
      if (way[0] === 'GET') expect([way, hasLink(await ask('practitioner@a', way))]).toEqual([way, false]);
    }
  });

  test('leads to its content alone: of no other Binary, patient, tenant or version of FHIR', async () => {
    const link = await linkOf();
    const other = version === 'r4' ? 'stu3' : 'r4';
    await server.send('PUT', `/${version}/Binary/scan-p2`, {
      as: 'practitioner@b',
      body: { resourceType: 'Binary', id: 'scan-p2', contentType: 'text/plain' },
    });
    for (const changed of [
      link.replace('scan-p2', 'scan-p1'),
      link.replace('~1', '~2'),
      link.replace('/_a/', '/_b/'),
      link.replace('/_a/', '/_-/'),
      link.replace(`/${version}/`, `/${other}/`),
      link.replace('type=text%2Fplain', 'type=text%2Fhtml'),
      link.replace(/expires=\d+/, 'expires=99999999999'),
      link.replace('method=GET', 'method=PUT'),
    ]) {
      expect(changed).not.toBe(link);
      const answer = await get(changed);
      expect([changed, answer.status, answer.text.includes('content of')]).toEqual([changed, 403, false]);
    }
    expect((await get(link)).text).toBe(`content of p2 in ${version}`);
  });

  test('lets nobody write who may read, nor read who may write, nor do anything else', async () => {
    const link = await linkOf();
    for (const method of ['PUT', 'POST', 'PATCH', 'DELETE', 'TRACE']) {
      expect([method, (await get(link, { method, headers: typed })).status]).toEqual([
        method,
        method === 'PUT' ? 403 : 405,
      ]);
    }
    const created = await server.send('POST', `/${version}/Binary`, {
      as: 'practitioner@a',
      body: { resourceType: 'Binary', contentType: 'text/plain' },
    });
    const put = memberOf(created, 'presignedPutUrl');
    for (const method of ['GET', 'HEAD']) expect((await get(put, { method })).status).toBe(403);
    const { status } = await server.send('PUT', put, { as: null, headers: typed, body: 'one' });
    expect(status).toBe(200);
    expect((await server.send('PUT', put, { as: null, headers: typed, body: 'two' })).status).toBe(409);
    for (const method of ['GET', 'HEAD']) expect((await get(put, { method })).status).toBe(403);
  });

  test('gives parts, and by HEAD none of it, as long as it counts; then nothing, in any form', async () => {
    const link = await linkOf();
    const forms = [
      {},
      { method: 'HEAD' },
      { headers: { range: 'bytes=0-3' } },
      { headers: { range: 'bytes=-1' } },
      { headers: { range: 'bytes=999-' } },
    ];
    const statuses = async () => Promise.all(forms.map(async (form) => (await get(link, form)).status));
    expect(await statuses()).toEqual([200, 200, 206, 206, 416]);
    ahead = 301_000;
    try {
      expect(await statuses()).toEqual([403, 403, 403, 403, 403]);
      const expired = await get(link, { headers: { range: 'bytes=999-' } });
      expect([expired.headers['content-range'], expired.text.includes('content of')]).toEqual([undefined, false]);
    } finally {
      ahead = 0;
    }
  });

  test.each([
    '%2e%2e/%2e%2e/content.key',
    '../../content.key',
    '..%2f..%2fcontent.key',
    '..\\..\\content.key',
    '%5c..%5ccontent.key',
    '_a/Binary/..%00',
    '_a/Binary/scan-p2~1%00.txt',
    '%c0%ae%c0%ae/content.key',
    '%e0%80%ae%e0%80%ae/content.key',
    '%252e%252e/content.key',
    '_a//Binary/scan-p2~1',
    './_a/Binary/scan-p2~1',
    '_a/Binary/scan-p2~1/',
    '_a/Binary/scan%2Dp2~1',
    '/etc/passwd',
  ])('opens nothing by another path: %s', async (path) => {
    const { search } = new URL(await linkOf());
    const answer = await get(`/${version}/$content/${path}${search}`);
    expect([403, 404]).toContain(answer.status);
    expect(answer.text).not.toContain('content of');
  });
});
